//! The two databases, and a new one of either.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use uuid::Uuid;

use crate::provided;

/// Which database a pair keeps its data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file for each service.
    Sqlite,
    /// A database for each service in the server that `DUET_TEST_POSTGRES_URL` names.
    Postgres,
}

/// Where one service keeps its data, and the secret that goes with it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) url: String,
    /// PostgreSQL only: an embedded database has its own made beside it.
    pub(crate) secret: Option<String>,
}

impl Store {
    pub(crate) async fn create(engine: Engine, folder: &Path, service: &str) -> Self {
        match engine {
            Engine::Sqlite => Self { url: format!("sqlite://{}/{service}.db", folder.display()), secret: None },
            Engine::Postgres => Self::create_in(&provided("DUET_TEST_POSTGRES_URL"), service).await,
        }
    }

    /// In the PostgreSQL server at `url`; it stays there until the server is thrown away.
    pub(crate) async fn create_in(server: &str, service: &str) -> Self {
        let name = format!("e2e_{service}_{}", Uuid::new_v4().simple());
        let connection = connect(server).await;
        connection.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database of its own");
        connection.close().await.expect("to close the connection");
        let (address, _) = server.rsplit_once('/').expect("a URL that ends in a database's name");
        Self { url: format!("{address}/{name}"), secret: Some(random_key()) }
    }
}

/// One connection to a service's database, behind the service's back.
///
/// # Panics
/// When there is no such database.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    // A pool that ends connections by their age may spin for ever (launchbadge/sqlx#3645).
    options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    Database::connect(options).await.expect("the database")
}

/// Base64 of 32 bytes, nearly all of them random.
fn random_key() -> String {
    BASE64_STANDARD.encode([*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat())
}

/// Makes two tests of each function, one on SQLite and one on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($engine:ident: $kind:ty) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "a test need not use its file's imports")]
            use super::*;

            async fn run($engine: $kind) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(run($crate::Engine::Sqlite)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(run($crate::Engine::Postgres)).await;
            }
        }
    )+};
}
