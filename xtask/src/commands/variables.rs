//! The settings that the services will find: their environment, then the file `.env`.

use std::{collections::HashMap, env, fs, path::Path};

use anyhow::{Context, Result};

/// Looks settings up as the services do.
pub(crate) struct Variables(HashMap<String, String>);

impl Variables {
    /// Reads `.env` in the project's folder, if there is one.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        match fs::read_to_string(root.join(".env")) {
            Ok(text) => Ok(Self(parse(&text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self(HashMap::new())),
            Err(error) => Err(error).context("the file .env cannot be read"),
        }
    }

    /// The value of `name`, if it is set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        env::var(name).ok().or_else(|| self.0.get(name).cloned())
    }
}

fn parse(text: &str) -> HashMap<String, String> {
    let settings = text.lines().map(str::trim).filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        Some((name.trim().to_owned(), unquoted(value.trim()).to_owned()))
    });
    settings.collect()
}

fn unquoted(value: &str) -> &str {
    let quoted = |mark: char| value.strip_prefix(mark)?.strip_suffix(mark);
    let plain = || value.split(" #").next().unwrap_or(value).trim_end();
    quoted('"').or_else(|| quoted('\'')).unwrap_or_else(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_dotenv_files_hold() {
        let found = parse("# TASK_LISTEN=x\nAUTH_LISTEN=127.0.0.1:1 # why\nexport A=\"b c\"\n\nB='d=e'\nnonsense\n");
        assert_eq!(found.len(), 3);
        assert_eq!(found["AUTH_LISTEN"], "127.0.0.1:1");
        assert_eq!(found["A"], "b c");
        assert_eq!(found["B"], "d=e");
    }
}
