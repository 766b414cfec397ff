//! A folder that vanishes with its owner.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result};

/// A new folder in the system's folder for temporary files, removed on drop with all that is in it.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes a folder that every user may enter (0755), because some tools must run as another one.
    ///
    /// # Errors
    /// When it cannot be made; the message names it.
    pub fn create(purpose: &str) -> Result<Self> {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("duet-{purpose}-{}-{call}", process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: {} is left behind: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_with_all_that_is_in_it() {
        let scratch = Scratch::create("scratch-test").expect("a folder");
        let path = scratch.path().to_owned();
        fs::write(path.join("file"), "content").expect("written");
        drop(scratch);
        assert!(!path.exists());
    }
}
