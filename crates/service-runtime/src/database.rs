//! One way to reach either database: SQLite, embedded, with one writer and many readers, or PostgreSQL.

mod doorbell;
mod failure;
mod group;
mod look;
mod pool;
mod write;

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow, bail, ensure};
use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
    sqlx::{Connection, PgConnection, postgres::PgConnectOptions, sqlite::SqliteConnectOptions},
};
use sea_orm_migration::MigratorTrait;

use self::group::Writes;
pub use self::{
    doorbell::Doorbell,
    failure::{is_conflict, is_unavailable, sqlx_error},
    group::GroupBounds,
    write::{Verdict, WriteError, WriteTransaction},
};
use crate::{clock::Clock, deadline::Deadline};

/// Where the database is and how much of it a replica takes.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `sqlite://path/to/file.db` or `postgres://user@host:port/name`.
    pub url: String,
    /// At most so many connections; on SQLite, so many readers beside the one writer.
    pub max_connections: u32,
    /// How long a call waits for a connection before it is UNAVAILABLE.
    pub acquire_timeout: Duration,
}

/// No statement, and no transaction left idle, may last longer on PostgreSQL. Whoever re-reads what may still be
/// uncommitted relies on it.
pub const LONGEST_STATEMENT: Duration = Duration::from_secs(15);

/// Names the advisory lock under which PostgreSQL is migrated.
const MIGRATION_LOCK: i64 = 0x6475_6574;

/// The connections to one database.
#[derive(Clone, Debug)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    writes: Option<Writes>,
    folder: Option<PathBuf>,
}

impl Database {
    /// Connects, and makes the file of an embedded database that is not there yet.
    ///
    /// # Errors
    /// When the URL is of neither kind, or the database cannot be reached; the message names what was tried.
    pub async fn connect(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        match settings.url.split_once(':') {
            Some(("sqlite", _)) => Self::connect_sqlite(settings).await,
            Some(("postgres" | "postgresql", _)) => Self::connect_postgres(settings).await,
            _ => bail!("the database URL must begin with sqlite:// or postgres://"),
        }
    }

    /// As [`connect`](Self::connect), for a command that works on what a service keeps: it makes no file.
    ///
    /// # Errors
    /// When there is no such database, too.
    pub async fn connect_existing(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        if settings.url.starts_with("sqlite:") {
            existing_file(settings)?;
        }
        Self::connect(settings).await
    }

    async fn connect_sqlite(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let options = sqlite_options(settings)?;
        let path = options.get_filename();
        let folder = folder_of(path);
        let unusable = || format!("cannot use the database {}: is its folder writable?", path.display());
        fs::create_dir_all(&folder).with_context(unusable)?;
        // SQLite gives its other files the mode of this one.
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).with_context(unusable)?;
        let writer = pool::sqlite(settings, 1, false).await.with_context(unusable)?;
        let reader = pool::sqlite(settings, settings.max_connections, true).await.with_context(unusable)?;
        Ok(Self { reader, writer, writes: None, folder: Some(folder) })
    }

    async fn connect_postgres(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        let pool = pool::postgres(settings, &[]).await?;
        Ok(Self { reader: pool.clone(), writer: pool, writes: None, folder: None })
    }

    /// From now on writes of an embedded database that wait for each other are committed together. PostgreSQL does
    /// that by itself.
    #[must_use]
    pub fn with_group_commit(mut self, bounds: GroupBounds) -> Self {
        self.writes = (self.backend() == DbBackend::Sqlite).then(|| Writes::start(self.writer.clone(), bounds));
        self
    }

    /// Which of the two it is.
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// For reading outside a transaction.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// A connection to PostgreSQL of the caller's own: nobody else keeps it busy, and none takes its place unnoticed
    /// when it is lost. `None` for the embedded database.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn own_connection(&self) -> Result<Option<PgConnection>, DbErr> {
        match self.postgres_options() {
            Some(options) => PgConnection::connect_with(&options).await.map(Some).map_err(sqlx_error),
            None => Ok(None),
        }
    }

    fn postgres_options(&self) -> Option<Arc<PgConnectOptions>> {
        let postgres = self.backend() == DbBackend::Postgres;
        postgres.then(|| self.writer.get_postgres_connection_pool().connect_options())
    }

    /// Begins a transaction that may write. On SQLite it holds the only writer from here on, so that it cannot fail
    /// half-way for want of the lock.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        begin(&self.writer).await
    }

    /// Begins a write for a caller who waits until `deadline`: a turn in a group's transaction, or a transaction of its
    /// own. What the verdict says goes before whatever the write came to.
    ///
    /// # Errors
    /// OVERLOADED when too many wait, else when no connection is to be had in time.
    pub async fn write(&self, deadline: Deadline) -> Result<(WriteTransaction, Verdict), WriteError> {
        match &self.writes {
            Some(writes) => writes.begin(deadline).await,
            None => Ok((WriteTransaction::alone(self.begin().await?, Some(deadline)), Verdict::alone())),
        }
    }

    /// Begins a write that nobody waits for, in a transaction of its own.
    ///
    /// # Errors
    /// When no connection is to be had in time.
    pub async fn write_alone(&self) -> Result<WriteTransaction, WriteError> {
        Ok(WriteTransaction::alone(self.begin().await?, None))
    }

    /// Brings the schema up to date. Replicas that start together wait for each other.
    ///
    /// # Errors
    /// When a migration fails; nothing of it remains.
    pub async fn migrate<M: MigratorTrait>(&self) -> anyhow::Result<()> {
        // All in one transaction: another process waits for it, and one that is killed half-way leaves nothing.
        let transaction = self.begin().await?;
        if self.backend() == DbBackend::Postgres {
            let lock = format!("SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
            transaction.execute_unprepared(&lock).await?;
        }
        M::up(&transaction, None).await.context("the migration of the database failed")?;
        Ok(transaction.commit().await?)
    }

    /// Checks that the schema is the one that this program was written for, and changes nothing.
    ///
    /// # Errors
    /// When the database is behind the program or ahead of it; the message says what to do.
    pub async fn check_schema<M: MigratorTrait>(&self) -> anyhow::Result<()> {
        let pending = M::get_pending_migrations_read_only(&self.reader).await.map_err(|error| match error {
            DbErr::Custom(_) => anyhow!("the database belongs to a newer release: use the program of that release"),
            error => error.into(),
        })?;
        ensure!(
            pending.is_empty(),
            "the database is not up to date, {} steps are missing: run `migrate`, or start the service",
            pending.len()
        );
        Ok(())
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When it gives none.
    pub async fn ping(&self) -> Result<(), DbErr> {
        let probe = Statement::from_string(self.backend(), "SELECT 1");
        self.reader.query_one_raw(probe).await.map(drop)
    }

    /// The folder of an embedded database, where its secrets are made too.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The database's own time, so that replicas with different clocks agree. A manual clock goes before it; the
    /// embedded database has the process's.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn now(&self, connection: &impl ConnectionTrait, clock: &Clock) -> Result<DateTime<Utc>, DbErr> {
        if self.backend() == DbBackend::Sqlite || !clock.is_system() {
            return Ok(clock.now());
        }
        let statement = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS now");
        let row = connection.query_one_raw(statement).await?;
        row.ok_or_else(|| DbErr::RecordNotFound("clock_timestamp".to_owned()))?.try_get("", "now")
    }
}

fn sqlite_options(settings: &DatabaseSettings) -> anyhow::Result<SqliteConnectOptions> {
    settings.url.parse().context("the database URL cannot be read")
}

fn existing_file(settings: &DatabaseSettings) -> anyhow::Result<PathBuf> {
    let path = sqlite_options(settings)?.get_filename().to_owned();
    ensure!(
        path.is_file(),
        "there is no database at {}: is this the folder in which the service is started?",
        path.display()
    );
    Ok(path)
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let mode = (writer.get_database_backend() == DbBackend::Sqlite).then_some(SqliteTransactionMode::Immediate);
    let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
    writer.begin_with_options(options).await
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    async fn pragma(pool: &DatabaseConnection, connections: u32) -> Vec<(String, i64, i64)> {
        let pool = pool.get_sqlite_connection_pool();
        let mut held = Vec::new();
        let mut found = Vec::new();
        for _ in 0..connections {
            let mut connection = pool.acquire().await.unwrap();
            let journal = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
            let synchronous = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await.unwrap();
            let foreign = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await.unwrap();
            found.push((journal, synchronous, foreign));
            held.push(connection);
        }
        found
    }

    #[tokio::test]
    async fn every_sqlite_connection_is_durable_and_keeps_foreign_keys_in_private_files() {
        let folder = tempfile::tempdir().unwrap();
        let settings = DatabaseSettings {
            url: format!("sqlite://{}/made/test.db", folder.path().display()),
            max_connections: 4,
            acquire_timeout: Duration::from_secs(1),
        };
        let database = Database::connect(&settings).await.unwrap();
        let full_wal = ("wal".to_owned(), 2, 1);
        assert_eq!(pragma(&database.writer, 1).await, vec![full_wal.clone()]);
        assert_eq!(pragma(&database.reader, 4).await, vec![full_wal; 4]);
        for file in fs::read_dir(folder.path().join("made")).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
        }
        let refused = database.reader.execute_unprepared("CREATE TABLE by_reader (id INTEGER)").await;
        assert!(refused.is_err(), "a reader must not write");
    }

    #[tokio::test]
    async fn an_unknown_kind_of_url_is_refused() {
        let settings = DatabaseSettings {
            url: "mysql://localhost/duet".to_owned(),
            max_connections: 1,
            acquire_timeout: Duration::from_secs(1),
        };
        let error = Database::connect(&settings).await.unwrap_err().to_string();
        assert!(error.contains("sqlite:// or postgres://"), "{error}");
    }
}
