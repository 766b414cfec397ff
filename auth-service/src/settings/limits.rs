//! How often somebody may try, and how long what was tried is remembered.

use std::{num::NonZeroU32, time::Duration};

use anyhow::ensure;
use clap::Args;
use service_runtime::settings::duration;

use super::{at_most, ten_years_at_most};
use crate::client::TrustedProxies;

/// How often one client may try, who is the client, and how often anybody may fail at one account.
#[derive(Args, Clone, Debug)]
pub struct LimitSettings {
    /// How often one client may try to sign up in any 60 s
    #[arg(long = "auth-sign-up-limit", env = "AUTH_SIGN_UP_LIMIT", default_value = "5", global = true)]
    pub sign_up: NonZeroU32,
    /// How often one client may show a password in any 60 s, successes included
    #[arg(long = "auth-login-limit", env = "AUTH_LOGIN_LIMIT", default_value = "5", global = true)]
    pub login: NonZeroU32,
    /// Proxies whose `x-forwarded-for` is believed: addresses and networks such as 10.0.0.0/8, separated by commas.
    /// Without one the client is whoever connects
    #[arg(long = "auth-trusted-proxies", env = "AUTH_TRUSTED_PROXIES", default_value = "", global = true)]
    pub trusted_proxies: TrustedProxies,
    /// How many wrong passwords one account takes within AUTH_ACCOUNT_FAILURE_WINDOW, from all addresses together,
    /// before it lets in only one attempt in each AUTH_ACCOUNT_RETRY_INTERVAL. An address that the account was logged
    /// in from lately has as many for itself
    #[arg(long = "auth-account-failures", env = "AUTH_ACCOUNT_FAILURES", default_value = "10", global = true)]
    pub account_failures: NonZeroU32,
    /// For how long a wrong password counts against its account, 24h at most
    #[arg(
        long = "auth-account-failure-window",
        env = "AUTH_ACCOUNT_FAILURE_WINDOW",
        default_value = "1h",
        value_parser = failure_window,
        global = true
    )]
    pub account_failure_window: Duration,
    /// How far apart the attempts are that are still let in after too many wrong passwords; at least a thousandth of
    /// AUTH_ACCOUNT_FAILURE_WINDOW
    #[arg(
        long = "auth-account-retry-interval",
        env = "AUTH_ACCOUNT_RETRY_INTERVAL",
        default_value = "30s",
        value_parser = failure_window,
        global = true
    )]
    pub account_retry_interval: Duration,
    /// For how long after a login its address is known to its account
    #[arg(
        long = "auth-known-address-lifetime",
        env = "AUTH_KNOWN_ADDRESS_LIFETIME",
        default_value = "30d",
        value_parser = ten_years_at_most,
        global = true
    )]
    pub known_address_lifetime: Duration,
}

/// How long the audit trail reaches back.
#[derive(Args, Clone, Copy, Debug)]
pub struct TrailSettings {
    /// After how long an event is forgotten
    #[arg(
        long = "auth-event-retention",
        env = "AUTH_EVENT_RETENTION",
        default_value = "365d",
        value_parser = ten_years_at_most,
        global = true
    )]
    pub event_retention: Duration,
}

impl LimitSettings {
    /// Beyond the failures that are free, an account's window holds an attempt for each interval: all of them are kept.
    const MOST_INTERVALS: u32 = 1000;

    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.account_failure_window <= self.account_retry_interval * Self::MOST_INTERVALS,
            "AUTH_ACCOUNT_FAILURE_WINDOW is more than {} times AUTH_ACCOUNT_RETRY_INTERVAL; make the interval longer",
            Self::MOST_INTERVALS
        );
        Ok(())
    }
}

fn failure_window(text: &str) -> Result<Duration, String> {
    at_most(duration(text)?, Duration::from_secs(24 * 3600))
}
