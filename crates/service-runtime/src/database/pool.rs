//! The pools of connections, and what every connection is told.

use std::time::Duration;

use anyhow::Context;
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr, sqlx::Connection};

use super::{DatabaseSettings, LONGEST_STATEMENT};

/// How long SQLite waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// `more` is said to PostgreSQL at the beginning of every connection.
pub(super) async fn postgres(
    settings: &DatabaseSettings,
    more: &[(&'static str, &'static str)],
) -> anyhow::Result<DatabaseConnection> {
    let more: Vec<_> = more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let mut options = common_options(settings, settings.max_connections);
    options.statement_timeout(LONGEST_STATEMENT).map_sqlx_postgres_opts(move |options| {
        let idle = format!("{}ms", LONGEST_STATEMENT.as_millis());
        // Whatever the server's default is: the stores are written for it.
        let isolation = "read committed".to_owned();
        options
            .options([("idle_in_transaction_session_timeout", idle), ("default_transaction_isolation", isolation)])
            .options(more.clone())
    });
    sea_orm::Database::connect(options)
        .await
        .context("cannot reach PostgreSQL: is it running, and is the database URL right?")
}

/// A reader is refused what would change anything.
pub(super) async fn sqlite(
    settings: &DatabaseSettings,
    connections: u32,
    query_only: bool,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = common_options(settings, connections);
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // The last rollback may still be under way.
                    connection.ping().await?;
                }
                // SQLite ends a transaction by itself when the disk fails, and the driver still counts it as open:
                // such a connection would never begin another.
                Ok(!connection.is_in_transaction())
            })
        })
    });
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .create_if_missing(true)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("query_only", if query_only { "ON" } else { "OFF" })
    });
    sea_orm::Database::connect(options).await
}

/// What both kinds of connections have in common.
pub(super) fn common_options(settings: &DatabaseSettings, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(connections)
        .acquire_timeout(settings.acquire_timeout)
        .connect_timeout(settings.acquire_timeout)
        // A connection that died with its server is found out before a caller gets it, at no cost to a busy one.
        .test_before_acquire_if_idle_for(Duration::from_millis(500))
        // A pool that ends connections by their age has a task that looks through them, and may spin for ever
        // (launchbadge/sqlx#3645).
        .idle_timeout(None)
        .max_lifetime(None)
        .sqlx_logging(false)
        .record_stmt_in_spans(true);
    options
}
