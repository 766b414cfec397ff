//! What can be set, by flag or variable.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use authn::{MaxStaleness, StalenessOutOfRange};
use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;
use service_runtime::{
    database::{Database, DatabaseSettings, GroupBounds},
    doctor::DoctorOptions,
    sealed::SecretSource,
    settings::duration,
};

use crate::store::Quotas;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "task-service", version, about = "Keeps each user's tasks (gRPC).")]
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
    /// Look at everything that the service needs, change nothing, and say what is wrong and how to mend it
    #[command(after_help = "One finding a line. Exit status: 0 nothing is wrong, 1 something is. See docs/doctor.md.")]
    Doctor(DoctorOptions),
}

/// Every setting of the service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Where TaskService and TaskListService are served
    #[arg(long = "task-listen", env = "TASK_LISTEN", default_value = "127.0.0.1:50052", global = true)]
    pub listen: SocketAddr,
    /// Where health, readiness and Prometheus metrics are served over HTTP
    #[arg(
        long = "task-operations-listen",
        env = "TASK_OPERATIONS_LISTEN",
        default_value = "127.0.0.1:9465",
        global = true
    )]
    pub operations_listen: SocketAddr,
    /// auth-service's internal port, which tells who calls; several replicas with commas between them
    #[arg(long = "task-auth-url", env = "TASK_AUTH_URL", default_value = "http://127.0.0.1:50061", global = true)]
    pub auth_url: String,
    /// After how long at most a revoked token is refused, whatever is cut or paused meanwhile; for as long are known
    /// tokens good without auth-service. Over 1s, 60s at most
    #[arg(
        long = "task-max-staleness",
        env = "TASK_MAX_STALENESS",
        default_value = "3s",
        value_parser = max_staleness,
        global = true
    )]
    pub max_staleness: MaxStaleness,
    /// Where the tasks are kept
    #[command(flatten)]
    pub database: TaskDatabase,
    /// What page tokens are sealed with
    #[command(flatten)]
    pub page_tokens: PageTokenKey,
    /// How long a repeated request_id gets the same answer
    #[arg(
        long = "task-request-id-lifetime",
        env = "TASK_REQUEST_ID_LIFETIME",
        default_value = "24h",
        value_parser = duration,
        global = true
    )]
    pub request_id_lifetime: Duration,
    /// How long a deleted task stays in the trash
    #[arg(
        long = "task-trash-lifetime",
        env = "TASK_TRASH_LIFETIME",
        default_value = "30d",
        value_parser = duration,
        global = true
    )]
    pub trash_lifetime: Duration,
    /// How many requests one user may make in a second, at each replica; so many may come at once. A batch is one
    #[arg(
        long = "task-request-limit",
        env = "TASK_REQUEST_LIMIT",
        default_value_t = 5_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        global = true
    )]
    pub request_limit: u32,
    /// How much one user may keep
    #[command(flatten)]
    pub quotas: UserQuotas,
}

fn max_staleness(text: &str) -> Result<MaxStaleness, String> {
    duration(text)?.try_into().map_err(|error: StalenessOutOfRange| error.to_string())
}

/// How much one user may keep, what is in the trash included.
#[derive(Args, Clone, Copy, Debug)]
pub struct UserQuotas {
    /// How many tasks one user may have, those in the trash included
    #[arg(long = "task-quota-tasks", env = "TASK_QUOTA_TASKS", default_value_t = 100_000, global = true)]
    pub tasks: u32,
    /// How many lists one user may have, the inbox and those in the trash included
    #[arg(long = "task-quota-lists", env = "TASK_QUOTA_LISTS", default_value_t = 1_000, global = true)]
    pub lists: u32,
    /// How many different labels one user may use
    #[arg(long = "task-quota-labels", env = "TASK_QUOTA_LABELS", default_value_t = 1_000, global = true)]
    pub labels: u32,
}

impl UserQuotas {
    /// As the store takes them.
    #[must_use]
    pub fn to_quotas(self) -> Quotas {
        Quotas { tasks: self.tasks, lists: self.lists, labels: self.labels }
    }
}

/// Where the tasks are kept.
#[derive(Args, Clone, Debug)]
pub struct TaskDatabase {
    /// sqlite://<file> or postgres://<user>@<host>/<database>; a password in it is not shown
    #[arg(
        long = "task-database-url",
        env = "TASK_DATABASE_URL",
        default_value = "sqlite://data/task.db",
        hide_env_values = true,
        global = true
    )]
    pub url: String,
    /// How many connections to the database at most (SQLite: readers beside the one writer)
    #[arg(
        long = "task-database-connections",
        env = "TASK_DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1000),
        global = true
    )]
    pub connections: u32,
    /// How many waiting writes are committed together at most (SQLite only); 1: each by itself
    #[arg(
        long = "task-write-group",
        env = "TASK_WRITE_GROUP",
        default_value_t = 64,
        value_parser = clap::value_parser!(u16).range(1..=1000),
        global = true
    )]
    pub write_group: u16,
}

/// What page tokens are sealed with.
#[derive(Args, Clone, Debug)]
pub struct PageTokenKey {
    /// What page tokens are sealed with: base64 of 32 random bytes, the same for every replica. With SQLite it is
    /// made on first start, beside the database
    #[arg(id = "task_page_token_key", long = "task-page-token-key", env = PAGE_TOKEN_KEY, hide_env_values = true, global = true)]
    pub value: Option<SecretString>,
    /// A file with that key, readable by its owner only
    #[arg(
        id = "task_page_token_key_file",
        long = "task-page-token-key-file",
        env = "TASK_PAGE_TOKEN_KEY_FILE",
        conflicts_with = "task_page_token_key",
        global = true
    )]
    pub file: Option<PathBuf>,
}

const PAGE_TOKEN_KEY: &str = "TASK_PAGE_TOKEN_KEY";
const KEY_FILE: &str = "task-page-token.key";

/// How long a call waits for a connection to the database before it is UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// A group of writes takes no more after so long, so that the first of them does not wait for slow ones.
const LONGEST_GROUP: Duration = Duration::from_millis(50);

/// Writes that may wait for the embedded database; one more is OVERLOADED.
const MAX_WAITING_WRITES: usize = 1024;

impl TaskDatabase {
    /// As the runtime takes it.
    #[must_use]
    pub fn to_settings(&self) -> DatabaseSettings {
        DatabaseSettings { url: self.url.clone(), max_connections: self.connections, acquire_timeout: ACQUIRE_TIMEOUT }
    }

    /// How writes are committed together.
    #[must_use]
    pub fn group_bounds(&self) -> GroupBounds {
        GroupBounds { writes: self.write_group.into(), waiting: MAX_WAITING_WRITES, longest: LONGEST_GROUP }
    }
}

impl PageTokenKey {
    /// Where the key is found, or made if the database is embedded.
    #[must_use]
    pub fn source(&self, database: &Database) -> SecretSource {
        SecretSource {
            variable: PAGE_TOKEN_KEY,
            value: self.value.clone(),
            file: self.file.clone(),
            generate_in: database.folder().map(ToOwned::to_owned),
            file_name: KEY_FILE,
        }
    }

    /// Where the key is found that the service has; none is made.
    pub(crate) fn existing_source(&self, database: &Database) -> SecretSource {
        let beside = database.folder().map(|folder| folder.join(KEY_FILE));
        let file = self.file.clone().or(beside);
        SecretSource { file, generate_in: None, ..self.source(database) }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_setting_has_a_flag_named_like_its_variable() {
        let command = CommandLine::command();
        command.clone().debug_assert();
        let mut settings = 0;
        for argument in command.get_arguments() {
            let (Some(flag), Some(variable)) = (argument.get_long(), argument.get_env()) else { continue };
            assert_eq!(flag.replace('-', "_").to_uppercase(), variable.to_str().unwrap());
            settings += 1;
        }
        assert_eq!(settings, 15);
    }

    #[test]
    fn the_help_gives_every_default() {
        let help = CommandLine::command().render_long_help().to_string();
        for default in [
            "127.0.0.1:50052",
            "127.0.0.1:9465",
            "http://127.0.0.1:50061",
            "sqlite://data/task.db",
            "24h",
            "30d",
            "3s",
            "5000",
            "100000",
            "1000",
        ] {
            assert!(help.contains(&format!("[default: {default}]")), "{default} in {help}");
        }
    }

    #[test]
    fn flags_are_taken_before_and_after_the_command() {
        let before = CommandLine::try_parse_from(["task-service", "--task-listen", "127.0.0.1:1", "migrate"]).unwrap();
        let after = CommandLine::try_parse_from(["task-service", "migrate", "--task-listen", "127.0.0.1:1"]).unwrap();
        assert_eq!(before.settings.listen, after.settings.listen);
        for refused in [
            ["--task-trash-lifetime", "0s"],
            ["--task-request-limit", "0"],
            ["--task-max-staleness", "1s"],
            ["--task-max-staleness", "61s"],
        ] {
            assert!(CommandLine::try_parse_from([&["task-service"], &refused[..]].concat()).is_err(), "{refused:?}");
        }
    }
}
