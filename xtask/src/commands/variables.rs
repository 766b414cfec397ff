//! The settings that the services will find: their environment, then the file `.env`.

use std::{collections::HashMap, env, ffi::OsStr, fs, path::Path, process::Command};

use anyhow::{Context, Result};

/// What the names of settings begin with that the services, or the libraries they use, would take from whoever runs them.
const SETTINGS: [&str; 6] = ["AUTH_", "TASK_", "OTEL_", "PG", "LOG_FORMAT", "RUST_LOG"];

/// Looks settings up as the services do.
pub(crate) enum Variables {
    /// The environment, then what the file `.env` holds.
    OfWhoeverRuns(HashMap<String, String>),
    /// These and no others.
    Only(HashMap<&'static str, String>),
}

impl Variables {
    /// The environment, and `.env` in the project's folder, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        match fs::read_to_string(root.join(".env")) {
            Ok(text) => Ok(Self::OfWhoeverRuns(parse(&text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::OfWhoeverRuns(HashMap::new())),
            Err(error) => Err(error).context("the file .env cannot be read"),
        }
    }

    /// The value of `name`, if it is set.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::OfWhoeverRuns(file) => env::var(name).ok().or_else(|| file.get(name).cloned()),
            Self::Only(settings) => settings.get(name).cloned(),
        }
    }

    /// Has a service that is started in the folder of `.env` find them.
    pub(crate) fn give_to(&self, service: &mut Command) {
        if let Self::Only(settings) = self {
            forget_settings(service);
            service.envs(settings);
        }
    }
}

/// Keeps from a program what is set for whoever runs this one.
pub(crate) fn forget_settings(program: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| is_setting(name)) {
        program.env_remove(name);
    }
}

fn is_setting(name: &OsStr) -> bool {
    SETTINGS.iter().any(|prefix| name.to_string_lossy().starts_with(prefix))
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

    #[test]
    fn settings_of_its_own_are_all_that_a_service_finds() {
        let settings = HashMap::from([("AUTH_LISTEN", "127.0.0.1:1".to_owned())]);
        let variables = Variables::Only(settings);
        assert_eq!(variables.get("PATH"), None, "and what is in the environment is not among them");
        let mut service = Command::new("true");
        variables.give_to(&mut service);
        let given: HashMap<_, _> = service.get_envs().collect();
        assert_eq!(given[OsStr::new("AUTH_LISTEN")], Some(OsStr::new("127.0.0.1:1")));
        for (name, is_kept_from_it) in
            [("AUTH_ISSUER", true), ("TASK_LISTEN", true), ("PGHOST", true), ("RUST_LOG", true), ("PATH", false)]
        {
            assert_eq!(is_setting(OsStr::new(name)), is_kept_from_it, "{name}");
        }
    }
}
