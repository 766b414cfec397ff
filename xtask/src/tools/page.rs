//! The page, built by Node, and a browser to look at it.

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{Found, announce, buf, given, install, installed, node, npm_command, once, quietly, which};
use crate::workspace;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// What is made of the sources, and is none of them.
const MADE: [&str; 3] = ["node_modules", "dist", "gen"];

/// The folder of the built page: `DUET_PAGE`, or `web/dist`, which npm builds if the sources have changed since it did.
///
/// # Errors
/// When it cannot be built; the message says what to do.
pub fn page() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match env::var_os("DUET_PAGE") {
        Some(folder) => Ok(folder.into()),
        None => build(),
    })
}

/// Chromium: `DUET_CHROMIUM`, the PATH, or Debian's package.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn chromium() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    let find = || BROWSERS.into_iter().find_map(which);
    once(&FOUND, || match given("DUET_CHROMIUM")? {
        Some(program) => Ok(program),
        None => find().map_or_else(|| install("Chromium", "chromium", find), Ok),
    })
}

/// One of the page's own npm scripts.
///
/// # Errors
/// When Node or buf, which makes the page's client, is missing.
pub fn page_script(name: &str) -> Result<Command> {
    let mut command = npm_command(&node()?, &[&buf()?]);
    command.args(["run", name]).current_dir(sources());
    Ok(command)
}

fn build() -> Result<PathBuf> {
    let node = node().context("the page needs Node")?;
    let (sources, root) = (sources(), workspace::root());
    let index = sources.join("dist/index.html");
    let mend = format!("`npm ci` and `npm run build` in {} say why", sources.display());
    let version = format!("from sources {:016x}", hash_of(&[&sources, &root.join("proto/duet")])?);
    installed("page", &version, "page", &index, &mend, || {
        install_packages(&node, &sources)?;
        announce("page", "npm builds it");
        quietly("npm", &mut page_script("build")?)
    })?;
    Ok(sources.join("dist"))
}

fn install_packages(node: &Path, sources: &Path) -> Result<()> {
    let version = format!("from lock file {:016x}", hash_of(&[&sources.join("package-lock.json")])?);
    let program = sources.join("node_modules/vite/package.json");
    let mend = format!("`npm ci` in {} says why; npm has to reach its registry", sources.display());
    installed("page-packages", &version, "page-packages", &program, &mend, || {
        let mut command = npm_command(node, &[]);
        quietly("npm", command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(sources))
    })?;
    Ok(())
}

fn sources() -> PathBuf {
    workspace::root().join("web")
}

/// Of the names and contents of all files below.
fn hash_of(paths: &[&Path]) -> Result<u64> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut entries = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    entries.sort();
    let made = |entry: &PathBuf| MADE.iter().any(|made| entry.ends_with(made));
    entries.iter().filter(|entry| !made(entry)).try_for_each(|entry| collect(entry, files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn sources_are_told_apart_and_what_is_made_of_them_is_not() {
        let scratch = Scratch::create("sources-test").expect("a folder");
        let hash = || hash_of(&[scratch.path()]).expect("a hash");
        let mut seen = vec![hash()];
        for (name, is_source) in [
            ("a.ts", true),
            ("src/b.ts", true),
            ("src/gen/c.ts", false),
            ("dist/d.js", false),
            ("node_modules/e", false),
        ] {
            let file = scratch.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(&file, name).expect("written");
            assert_eq!(seen.contains(&hash()), !is_source, "{name}");
            seen.push(hash());
        }
        fs::write(scratch.path().join("src/b.ts"), "changed").expect("written");
        assert!(!seen.contains(&hash()));
    }
}
