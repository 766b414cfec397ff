//! Ctrl-C, SIGTERM and a closed terminal, as one flag.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

static HAPPENED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From now on these signals no longer end the process: whoever waits asks [`happened`].
///
/// # Errors
/// When the system refuses the handler.
pub fn watch() -> Result<()> {
    let happened = HAPPENED.get_or_init(Arc::default);
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(happened)).context("cannot watch for Ctrl-C")?;
    }
    Ok(())
}

/// Whether one of the signals has come since [`watch`].
pub fn happened() -> bool {
    HAPPENED.get().is_some_and(|happened| happened.load(Ordering::Relaxed))
}
