//! A database of its own for each test, on SQLite and PostgreSQL alike.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test that cannot have its database must fail")]

use std::{env, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::database::DatabaseSettings;

/// The variable that names the PostgreSQL server for tests.
pub const POSTGRES_VARIABLE: &str = "DUET_TEST_POSTGRES_URL";

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own in the server that `DUET_TEST_POSTGRES_URL` names.
    Postgres,
}

/// An empty database that belongs to one test.
#[derive(Debug)]
pub struct TestDatabase {
    /// How to connect to it.
    pub settings: DatabaseSettings,
    /// Which kind it is.
    pub engine: Engine,
    folder: TempDir,
}

impl TestDatabase {
    /// Makes one. On PostgreSQL it stays until the server is thrown away, which belongs to the test run.
    pub async fn create(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}/test.db", folder.path().display()),
            Engine::Postgres => create_postgres().await,
        };
        let settings = DatabaseSettings { url, max_connections: 8, acquire_timeout: Duration::from_secs(5) };
        Self { settings, engine, folder }
    }

    /// How many transactions the log of the SQLite file holds: those that were committed since it was last begun anew,
    /// which SQLite does after a thousand pages.
    pub fn commits_in_log(&self) -> usize {
        let log = std::fs::read(self.folder().join("test.db-wal")).expect("the log of the database");
        let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().expect("four bytes"));
        let (page, salts) = (number(8) as usize, &log[16..24]);
        let frames = log[32..].chunks_exact(24 + page).take_while(|frame| &frame[8..16] == salts);
        // The last frame of a transaction gives the size of the database after it.
        frames.filter(|frame| frame[4..8] != [0; 4]).count()
    }

    /// A folder that is removed with the database; the SQLite file is in it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

/// A connection to look at a database behind the service's back; more of them for whoever asks at once.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    // As the service itself does: a pool that ends connections by their age may spin for ever (launchbadge/sqlx#3645).
    options.idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    Database::connect(options).await.expect("the database of the test")
}

async fn create_postgres() -> String {
    let server = env::var(POSTGRES_VARIABLE)
        .expect("DUET_TEST_POSTGRES_URL must name a PostgreSQL server; `cargo xtask test` starts one and sets it");
    let name = format!("test_{}", Uuid::new_v4().simple());
    let connection = connect(&server).await;
    connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database of its own");
    connection.close().await.expect("to close the connection");
    let (address, _) = server.rsplit_once('/').expect("a URL that ends in a database's name");
    format!("{address}/{name}")
}

/// Makes two tests of each function, one on SQLite and one on PostgreSQL.
///
/// ```text
/// on_both_databases! {
///     async fn a_new_user_can_log_in(database: TestDatabase) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "a test need not use its file's imports")]
            use super::*;

            async fn run($database: $crate::testing::TestDatabase) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(run($crate::testing::TestDatabase::create($crate::testing::Engine::Sqlite).await)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(run($crate::testing::TestDatabase::create($crate::testing::Engine::Postgres).await)).await;
            }
        }
    )+};
}
