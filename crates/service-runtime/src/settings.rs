//! Reading settings: flags, then the environment, then a `.env` file; each with its default in `--help`.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use clap::Parser;
use tokio::net::TcpListener;

/// The settings of a binary. A `.env` file in the working directory fills in variables that are not set.
///
/// # Errors
/// When the `.env` file is malformed. A setting that is, ends the process with a message that names it.
pub fn parse<T: Parser>() -> anyhow::Result<T> {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => Err(error).context("the file .env cannot be read"),
        _ => Ok(T::parse()),
    }
}

/// Parses a length of time such as `24h`, `15m` or `1h 30m`; not zero.
///
/// # Errors
/// When it is none; the message shows the form.
pub fn duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        Ok(_) => Err("it must be longer than zero".to_owned()),
        Err(error) => Err(format!("{error}; write it as 30s, 15m or 24h")),
    }
}

/// Binds a port.
///
/// # Errors
/// When it cannot be bound; the message names the variable to change.
pub async fn bind(variable: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; set {variable} to an address and port that are free"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lengths_of_time_and_says_how_to_write_them() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(24 * 3600)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5400)));
        assert!(duration("0s").unwrap_err().contains("longer than zero"));
        assert!(duration("soon").unwrap_err().contains("write it as 30s"));
    }
}
