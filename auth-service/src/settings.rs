//! What can be set, by flag or variable.

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context, ensure};
use axum::http::{Uri, uri::Scheme};
use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;
use service_runtime::{
    database::{Database, DatabaseSettings},
    sealed::SecretSource,
    settings::duration,
};

use crate::client::TrustedProxies;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "auth-service", version, about = "Signs people up, logs them in and tells who calls (gRPC).")]
pub struct CommandLine {
    /// What to do; to serve, unless said otherwise.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How.
    #[command(flatten)]
    pub settings: Settings,
}

/// What the binary can do.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Command {
    /// Bring the database up to date, then serve until SIGTERM or Ctrl-C (the default)
    Serve,
    /// Bring the database up to date and stop
    Migrate,
    /// Ask the running service for its health; the exit status tells
    Healthcheck,
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
    /// What tokens say, and how long they last.
    #[command(flatten)]
    pub tokens: TokenSettings,
    /// How often one client may try.
    #[command(flatten)]
    pub limits: LimitSettings,
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

const MASTER_KEY: &str = "AUTH_MASTER_KEY";

/// What the signing keys are sealed with.
#[derive(Args, Clone, Debug)]
pub struct MasterKeySettings {
    /// What the signing keys in the database are sealed with: base64 of 32 random bytes, the same for every replica.
    /// With SQLite it is made on first start, beside the database
    #[arg(long = "auth-master-key", env = MASTER_KEY, hide_env_values = true, global = true)]
    pub master_key: Option<SecretString>,
    /// A file with that key, readable by its owner only
    #[arg(long = "auth-master-key-file", env = "AUTH_MASTER_KEY_FILE", conflicts_with = "master_key", global = true)]
    pub master_key_file: Option<PathBuf>,
}

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

/// How often one client may try, and who is the client.
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
}

/// What a new password must be, and what its hash costs.
#[derive(Args, Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// The least zxcvbn score of a new password, 0 to 4; a random one of eight characters has 2
    #[arg(
        long = "auth-password-min-score",
        env = "AUTH_PASSWORD_MIN_SCORE",
        default_value_t = 0,
        value_parser = clap::value_parser!(u8).range(0..=4),
        global = true
    )]
    pub min_score: u8,
    /// What a hash costs.
    #[command(flatten)]
    pub hashing: HashingSettings,
}

/// The cost of a password hash (argon2id), and how much of it may be done or wait at once.
#[derive(Args, Clone, Copy, Debug)]
pub struct HashingSettings {
    /// Memory of one password hash (argon2id) in KiB; the hashes of people who log in are raised to it
    #[arg(long = "auth-hash-memory-kib", env = "AUTH_HASH_MEMORY_KIB", default_value_t = 19_456, global = true)]
    pub memory_kib: u32,
    /// Passes over that memory; with 19456 KiB at least 2
    #[arg(long = "auth-hash-iterations", env = "AUTH_HASH_ITERATIONS", default_value_t = 2, global = true)]
    pub iterations: u32,
    /// Threads that hash passwords, with the lowest priority; more than there are cores are slower
    #[arg(long = "auth-hash-threads", env = "AUTH_HASH_THREADS", default_value = "2", global = true)]
    pub threads: NonZeroUsize,
    /// How many hashes may wait for a thread; one more is refused at once as OVERLOADED
    #[arg(long = "auth-hash-queue", env = "AUTH_HASH_QUEUE", default_value = "64", global = true)]
    pub queue: NonZeroUsize,
    /// Take weaker parameters than OWASP's least: for tests only
    #[arg(long = "auth-allow-weak-hash", env = "AUTH_ALLOW_WEAK_HASH", global = true)]
    pub allow_weak: bool,
}

/// How long a call waits for a connection to the database before it is UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

impl AuthDatabase {
    /// As the runtime takes it.
    pub fn to_settings(&self) -> DatabaseSettings {
        DatabaseSettings { url: self.url.clone(), max_connections: self.connections, acquire_timeout: ACQUIRE_TIMEOUT }
    }
}

impl MasterKeySettings {
    /// Where the key is found, or made if the database is embedded.
    pub fn source(&self, database: &Database) -> SecretSource {
        SecretSource {
            variable: MASTER_KEY,
            value: self.master_key.clone(),
            file: self.master_key_file.clone(),
            generate_in: database.folder().map(ToOwned::to_owned),
            file_name: "auth-master.key",
        }
    }
}

impl Settings {
    /// Checks what no single setting can tell.
    ///
    /// # Errors
    /// The message names the setting and the mend.
    pub fn check(&self) -> anyhow::Result<()> {
        check_internal(self.listen.internal)?;
        check_issuer(&self.tokens.issuer, self.listen.public)
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

fn access_token_lifetime(text: &str) -> Result<Duration, String> {
    at_most(duration(text)?, crate::token::LONGEST_LIFETIME)
}

fn session_lifetime(text: &str) -> Result<Duration, String> {
    at_most(duration(text)?, Duration::from_secs(10 * 365 * 24 * 3600))
}

fn at_most(given: Duration, most: Duration) -> Result<Duration, String> {
    let days = most.as_secs() / (24 * 3600);
    match given {
        given if given < Duration::from_secs(1) => Err("it must be at least a second".to_owned()),
        given if given > most => Err(format!("it must be at most {days}d")),
        given => Ok(given),
    }
}

#[cfg(test)]
mod tests;
