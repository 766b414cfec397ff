//! Databases that are made for a row and are gone with it.

use std::{fmt, path::Path};

use anyhow::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use crate::{
    cpu::{self, Process},
    options::Options,
    progress,
};

/// Which of the two.
#[derive(Clone, Debug)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// The server that the options name.
    Postgres {
        /// Its URL, with any database.
        server: String,
    },
}

impl Engine {
    /// A row for each of both, if it is wanted.
    pub fn rows(row: &str, options: &Options) -> Vec<(String, Self)> {
        let sqlite = format!("{row}, SQLite");
        let sqlite = options.wants(&sqlite).then_some((sqlite, Self::Sqlite));
        let postgres = format!("{row}, PostgreSQL");
        let server = Self::postgres(&postgres, options).map(|server| (postgres, server));
        sqlite.into_iter().chain(server).collect()
    }

    /// PostgreSQL for a row, if that is wanted. It is said if there is none.
    pub fn postgres(row: &str, options: &Options) -> Option<Self> {
        if !options.wants(row) {
            return None;
        }
        let server = options.postgres.clone();
        if server.is_none() {
            progress(&format!("{row}: left out, because --postgres names no server"));
        }
        server.map(|server| Self::Postgres { server })
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        })
    }
}

/// A database of its own.
pub struct Database {
    engine: Engine,
    name: String,
    url: String,
}

impl Database {
    /// Makes one; a file in `folder`, or a database of the server, which stays until [`remove`](Self::remove).
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn create(engine: Engine, folder: &Path) -> anyhow::Result<Self> {
        let name = format!("bench_{}", Uuid::new_v4().simple());
        let url = match &engine {
            Engine::Sqlite => format!("sqlite://{}", folder.join(&name).display()),
            Engine::Postgres { server } => {
                execute_on(server, &format!("CREATE DATABASE {name}")).await?;
                let (address, _) = server.rsplit_once('/').context("--postgres must end in a database's name")?;
                format!("{address}/{name}")
            }
        };
        Ok(Self { engine, name, url })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Does what `sql` says, however long it takes.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        match &self.engine {
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.url).await?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                Ok(connection.close().await?)
            }
            Engine::Postgres { .. } => execute_on(&self.url, sql).await,
        }
    }

    /// The PostgreSQL server that it belongs to, if that is on this machine.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn server(&self) -> anyhow::Result<Option<Process>> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
        let server = cpu::postgres_of(backend.try_into()?);
        connection.close().await?;
        Ok(server)
    }

    /// Removes it from its server, whoever still uses it.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub async fn remove(self) -> anyhow::Result<()> {
        match &self.engine {
            Engine::Sqlite => Ok(()),
            Engine::Postgres { server } => {
                execute_on(server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
            }
        }
    }
}

async fn execute_on(url: &str, sql: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(url).await.context("cannot reach the server that --postgres names")?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}
