//! Where the project and what is built of it are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The project's own folder.
pub fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// Cargo's target folder: `CARGO_TARGET_DIR` if it is absolute, else the one that this program was built in.
pub fn target_folder() -> PathBuf {
    let chosen = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).filter(|folder| folder.is_absolute());
    chosen
        .or_else(|| env::current_exe().ok().and_then(|program| holder_of(&program)))
        .unwrap_or_else(|| root().join("target"))
}

/// The bytes that whoever builds may still write into the target folder; `None` where the system does not tell.
pub fn free_bytes() -> Option<u64> {
    let folder = target_folder();
    let existing = folder.ancestors().find(|folder| folder.is_dir())?;
    let system = rustix::fs::statvfs(existing).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Cargo marks its target folder with this file.
fn holder_of(program: &Path) -> Option<PathBuf> {
    program.ancestors().skip(1).find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_owned)
}

/// A binary of the workspace, built with the same profile as this program.
pub fn binary(name: &str) -> PathBuf {
    let folder = env::current_exe().ok().and_then(|program| {
        let folder = program.parent()?;
        Some(if folder.ends_with("deps") { folder.parent()? } else { folder }.to_owned())
    });
    folder.unwrap_or_else(|| target_folder().join("debug")).join(name)
}

/// A binary of the workspace, built with `--release`.
pub fn release_binary(name: &str) -> PathBuf {
    target_folder().join("release").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_project_and_the_folder_it_was_built_in() {
        assert!(root().join("xtask/Cargo.toml").is_file());
        let program = env::current_exe().expect("a program");
        assert!(program.starts_with(target_folder()));
        assert!(free_bytes().is_some_and(|free| free > 0));
        assert_eq!(binary("xtask").parent(), program.parent().and_then(Path::parent));
    }
}
