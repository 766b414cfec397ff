//! Other issuers: a list in TOML, in a file or in a variable.

mod entry;

use std::{
    collections::HashSet,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use clap::Args;
use serde::Deserialize;

use self::entry::Entry;
use crate::issuers::Profile;

/// So many issuers at most.
const MOST: usize = 16;

/// Whose tokens are accepted beside those that are issued here.
#[derive(Args, Clone, Debug)]
pub struct IssuerSettings {
    /// A file with the other issuers whose tokens are accepted, in TOML; docs/tokens.md describes it
    #[arg(long = "auth-issuers-file", env = "AUTH_ISSUERS_FILE", global = true)]
    pub file: Option<PathBuf>,
    /// The other issuers themselves, in the same form
    #[arg(long = "auth-issuers", env = "AUTH_ISSUERS", conflicts_with = "file", global = true)]
    pub text: Option<String>,
}

impl IssuerSettings {
    /// Reads the list and the secrets that it names. Without one there is no other issuer.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is unknown, missing, there twice or too weak; the message names the
    /// issuer and the mend. It never shows a secret.
    pub fn profiles(&self) -> anyhow::Result<Vec<Profile>> {
        let (text, place) = match (&self.file, &self.text) {
            (Some(file), _) => (read(file)?, format!("AUTH_ISSUERS_FILE ({})", file.display())),
            (None, Some(text)) => (text.clone(), "AUTH_ISSUERS".to_owned()),
            (None, None) => return Ok(Vec::new()),
        };
        parse(&text, |name| env::var(name).ok()).with_context(|| format!("{place} cannot be used"))
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("AUTH_ISSUERS_FILE: cannot read {}", file.display()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    issuer: Vec<Entry>,
}

/// `variable` looks a variable of the environment up.
fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Vec<Profile>> {
    let list: List = toml::from_str(text).map_err(|error| located(&error, text))?;
    ensure!(list.issuer.len() <= MOST, "it has {} issuers; {MOST} are the most", list.issuer.len());
    let mut profiles: Vec<Profile> = Vec::new();
    for (index, entry) in list.issuer.into_iter().enumerate() {
        let shown = entry.shown(index);
        let profile = entry.into_profile(&variable).with_context(|| format!("the issuer {shown}"))?;
        profiles.push(profile);
    }
    check_distinct(&profiles)?;
    Ok(profiles)
}

/// Where it is wrong, and how. The line itself is not shown: a secret may stand there.
fn located(error: &toml::de::Error, text: &str) -> anyhow::Error {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    match line {
        Some(line) => anyhow::anyhow!("line {line}: {}", error.message()),
        None => anyhow::anyhow!("{}", error.message()),
    }
}

fn check_distinct(profiles: &[Profile]) -> anyhow::Result<()> {
    let mut names = HashSet::new();
    let mut issuers = HashSet::new();
    for Profile { name, .. } in profiles {
        ensure!(names.insert(name), "two issuers have the name `{name}`; give each a `name` of its own");
    }
    ensure!(
        profiles.iter().filter(|profile| profile.issuer.is_none()).count() <= 1,
        "two issuers have tokens without `iss`, which nothing tells apart; take one of them out"
    );
    for profile in profiles {
        let issuer = profile.issuer();
        ensure!(issuers.insert(issuer), "two issuers have the issuer `{issuer}`; take one of them out");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
