//! What tokens say, and how long they and their sessions last.

use std::time::Duration;

use clap::Args;
use service_runtime::settings::duration;

use super::at_most;

/// In whose name, for whom and for how long tokens are issued.
#[derive(Args, Clone, Debug)]
pub struct TokenSettings {
    /// The issuer in every token (`iss`): the origin at which people reach this installation. It must be https once
    /// AUTH_LISTEN is not on loopback
    #[arg(long = "auth-issuer", env = "AUTH_ISSUER", default_value = "http://127.0.0.1:8080", global = true)]
    pub issuer: String,
    /// The audience in every token (`aud`)
    #[arg(
        long = "auth-audience",
        env = "AUTH_AUDIENCE",
        default_value = "duet",
        value_parser = clap::builder::NonEmptyStringValueParser::new(),
        global = true
    )]
    pub audience: String,
    /// How long an access token is good, 7 days at most
    #[arg(
        long = "auth-access-token-lifetime",
        env = "AUTH_ACCESS_TOKEN_LIFETIME",
        default_value = "24h",
        value_parser = access_token_lifetime,
        global = true
    )]
    pub access_token_lifetime: Duration,
    /// How long a refresh token that has been replaced is still answered, with the one that replaced it; within that
    /// time none is replaced twice. 10m at most; far longer than the clocks of replicas differ. With 0s each token is
    /// good once, so that a lost answer ends the session
    #[arg(long = "auth-refresh-grace", env = "AUTH_REFRESH_GRACE", default_value = "30s", value_parser = grace, global = true)]
    pub refresh_grace: Duration,
    /// After how long a session ends in which nobody asks for new tokens
    #[arg(
        long = "auth-session-idle-lifetime",
        env = "AUTH_SESSION_IDLE_LIFETIME",
        default_value = "30d",
        value_parser = session_lifetime,
        global = true
    )]
    pub session_idle_lifetime: Duration,
    /// After how long a session ends, whatever happens in it; no token outlives its session
    #[arg(
        long = "auth-session-lifetime",
        env = "AUTH_SESSION_LIFETIME",
        default_value = "90d",
        value_parser = session_lifetime,
        global = true
    )]
    pub session_lifetime: Duration,
}

fn access_token_lifetime(text: &str) -> Result<Duration, String> {
    at_most(duration(text)?, crate::token::LONGEST_LIFETIME)
}

fn grace(text: &str) -> Result<Duration, String> {
    if matches!(text, "0" | "0s") {
        return Ok(Duration::ZERO);
    }
    match duration(text)? {
        given if given > Duration::from_secs(600) => Err("it must be at most 10m".to_owned()),
        given => Ok(given),
    }
}

fn session_lifetime(text: &str) -> Result<Duration, String> {
    at_most(duration(text)?, Duration::from_secs(10 * 365 * 24 * 3600))
}
