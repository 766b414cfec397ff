//! What can be set, by flag or variable.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use axum::http::{Uri, uri::Scheme};
use clap::{Args, Parser, Subcommand};
use service_runtime::{database::DatabaseSettings, doctor::DoctorOptions, settings::duration};

use crate::{
    browser::BrowserOrigins,
    commands::{KeysCommand, NotBeforeCommand, UsersCommand},
    issuers::Profile,
    password::PasswordPolicy,
};

mod browser;
mod issuers;
mod keys;
mod limits;
mod passwords;
mod secret;
mod tokens;

pub use browser::BrowserSettings;
pub use issuers::IssuerSettings;
pub use keys::{KeySettings, MasterKeySettings};
pub use limits::{LimitSettings, TrailSettings};
pub use passwords::{HashingSettings, PasswordSettings};
pub use tokens::TokenSettings;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "auth-service", version, about = "Signs people up, logs them in and tells who calls (gRPC).")]
pub struct CommandLine {
    /// What to do; to serve, unless said otherwise.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How.
    #[command(flatten, next_help_heading = "Settings")]
    pub settings: Settings,
}

/// What the binary can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Bring the database up to date, then serve until SIGTERM or Ctrl-C (the default)
    Serve,
    /// Bring the database up to date and stop
    Migrate,
    /// Ask the running service for its health; the exit status tells
    Healthcheck,
    /// Look at everything that the service needs, change nothing, and say what is wrong and how to mend it
    #[command(after_help = "One finding a line. Exit status: 0 nothing is wrong, 1 something is. See docs/doctor.md.")]
    Doctor(DoctorOptions),
    /// List, disable, enable, delete and import users, also while the service runs
    #[command(
        subcommand,
        after_help = "Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 no such user. See docs/users.md."
    )]
    Users(UsersCommand),
    /// List, rotate and revoke signing keys, and seal everything under another master key, also while the service runs
    #[command(
        subcommand,
        after_help = "Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 no such key. See docs/keys.md."
    )]
    Keys(KeysCommand),
    /// Refuse tokens of other issuers that were issued up to a time, also while the service runs
    #[command(
        subcommand,
        after_help = "Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such user or issuer. See docs/tokens.md."
    )]
    NotBefore(NotBeforeCommand),
}

/// Every setting of the service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where it is served.
    #[command(flatten)]
    pub listen: ListenSettings,
    /// Where it keeps what it knows.
    #[command(flatten)]
    pub database: AuthDatabase,
    /// What the signing keys are sealed with.
    #[command(flatten)]
    pub master_key: MasterKeySettings,
    /// How long signing keys live.
    #[command(flatten)]
    pub keys: KeySettings,
    /// What tokens say, and how long they last.
    #[command(flatten)]
    pub tokens: TokenSettings,
    /// Which pages may have refresh tokens in a cookie.
    #[command(flatten)]
    pub browser: BrowserSettings,
    /// Whose tokens are accepted beside those.
    #[command(flatten)]
    pub issuers: IssuerSettings,
    /// How often one client may try.
    #[command(flatten)]
    pub limits: LimitSettings,
    /// How long the audit trail reaches back.
    #[command(flatten)]
    pub trail: TrailSettings,
    /// What a password must be, and what a hash costs.
    #[command(flatten)]
    pub passwords: PasswordSettings,
}

/// Where the service listens.
#[derive(Args, Clone, Debug)]
pub struct ListenSettings {
    /// Where AuthService and /.well-known/jwks.json are served
    #[arg(long = "auth-listen", env = "AUTH_LISTEN", default_value = "127.0.0.1:50051", global = true)]
    pub public: SocketAddr,
    /// Where other services ask about tokens (TokenService); on loopback only
    #[arg(
        long = "auth-internal-listen",
        env = "AUTH_INTERNAL_LISTEN",
        default_value = "127.0.0.1:50061",
        global = true
    )]
    pub internal: SocketAddr,
    /// Where health, readiness and Prometheus metrics are served over HTTP
    #[arg(
        long = "auth-operations-listen",
        env = "AUTH_OPERATIONS_LISTEN",
        default_value = "127.0.0.1:9464",
        global = true
    )]
    pub operations: SocketAddr,
}

/// Where the accounts are kept.
#[derive(Args, Clone)]
pub struct AuthDatabase {
    /// sqlite://<file> or postgres://<user>@<host>/<database>; a password in it is not shown
    #[arg(
        long = "auth-database-url",
        env = "AUTH_DATABASE_URL",
        default_value = "sqlite://data/auth.db",
        hide_env_values = true,
        global = true
    )]
    pub url: String,
    /// How many connections to the database at most (SQLite: readers beside the one writer)
    #[arg(
        long = "auth-database-connections",
        env = "AUTH_DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1000),
        global = true
    )]
    pub connections: u32,
}

impl std::fmt::Debug for AuthDatabase {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AuthDatabase").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// How long a call waits for a connection to the database before it is UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

impl AuthDatabase {
    /// As the runtime takes it.
    pub fn to_settings(&self) -> DatabaseSettings {
        DatabaseSettings { url: self.url.clone(), max_connections: self.connections, acquire_timeout: ACQUIRE_TIMEOUT }
    }
}

impl Settings {
    /// Checks what no single setting can tell.
    ///
    /// # Errors
    /// The message names the setting and the mend.
    pub fn check(&self) -> anyhow::Result<()> {
        check_internal(self.listen.internal)?;
        check_issuer(&self.tokens.issuer, self.listen.public)?;
        self.profiles()?;
        self.keys.check()?;
        self.limits.check()
    }

    /// The other issuers whose tokens are accepted.
    ///
    /// # Errors
    /// The message names the setting and the mend.
    pub fn profiles(&self) -> anyhow::Result<Vec<Profile>> {
        let profiles = self.issuers.profiles()?;
        let own = &self.tokens.issuer;
        ensure!(
            profiles.iter().all(|profile| profile.issuer() != own),
            "AUTH_ISSUERS names the issuer `{own}`, which is AUTH_ISSUER: these tokens are issued here; take it out, or \
             set AUTH_ISSUER to the origin of this installation"
        );
        Ok(profiles)
    }

    /// The pages that may have refresh tokens in a cookie.
    pub fn browser_origins(&self) -> BrowserOrigins {
        self.browser.browser_origins.clone().unwrap_or_else(|| BrowserOrigins::of_issuer(&self.tokens.issuer))
    }

    /// What a new password has to be.
    pub fn password_policy(&self) -> PasswordPolicy {
        let issuer: Option<Uri> = self.tokens.issuer.parse().ok();
        let host = issuer.as_ref().and_then(Uri::host).unwrap_or_default();
        PasswordPolicy::new(self.passwords.policy, self.passwords.min_score, host)
    }
}

/// TokenService is open to whoever reaches its port.
pub(crate) fn check_internal(internal: SocketAddr) -> anyhow::Result<()> {
    ensure!(
        internal.ip().to_canonical().is_loopback(),
        "AUTH_INTERNAL_LISTEN is {internal}, which others than this machine can reach, and the port asks nobody who they \
         are; set it to an address such as 127.0.0.1:{}",
        internal.port()
    );
    Ok(())
}

fn check_issuer(issuer: &str, public: SocketAddr) -> anyhow::Result<()> {
    let mend = "set it to the origin at which people reach this installation, such as https://duet.example.org";
    let uri: Uri =
        issuer.parse().ok().with_context(|| format!("AUTH_ISSUER is `{issuer}`, which is no URL; {mend}"))?;
    let secure = uri.scheme() == Some(&Scheme::HTTPS);
    ensure!(
        (secure || uri.scheme() == Some(&Scheme::HTTP)) && uri.query().is_none(),
        "AUTH_ISSUER is `{issuer}`, which is no http or https URL without a query; {mend}"
    );
    ensure!(
        secure || public.ip().to_canonical().is_loopback(),
        "AUTH_ISSUER is `{issuer}`, but must be https because AUTH_LISTEN ({public}) is not on loopback; {mend}"
    );
    Ok(())
}

fn at_most(given: Duration, most: Duration) -> Result<Duration, String> {
    let days = most.as_secs() / (24 * 3600);
    match given {
        given if given < Duration::from_secs(1) => Err("it must be at least a second".to_owned()),
        given if given > most => Err(format!("it must be at most {days}d")),
        given => Ok(given),
    }
}

fn ten_years_at_most(text: &str) -> Result<Duration, String> {
    at_most(duration(text)?, Duration::from_secs(10 * 365 * 24 * 3600))
}

#[cfg(test)]
mod tests;
