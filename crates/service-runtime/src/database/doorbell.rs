//! A doorbell on PostgreSQL: whoever has committed rings, and others look at the tables sooner than they would have.
//!
//! It carries no news, and a ring may get lost: truth is in the tables, which whoever listens reads now and then
//! anyway. It is rung after a commit and never within the transaction, where all that commit would queue for it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use sea_orm::sqlx::{
    self,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until, timeout},
};
use uuid::Uuid;

use super::Database;

/// A replica rings no more often: of what is committed meanwhile one ring tells.
const GAP: Duration = Duration::from_millis(5);
/// How often the connection is asked for a sign of life.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// How long PostgreSQL may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a lost connection is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// A way to ring at other processes on the same database, and to hear them.
#[derive(Clone, Debug)]
pub struct Doorbell {
    options: Arc<PgConnectOptions>,
    channel: &'static str,
}

impl Database {
    /// The doorbell of that name. The embedded database has none.
    pub fn doorbell(&self, channel: &'static str) -> Option<Doorbell> {
        Some(Doorbell { options: self.postgres_options()?, channel })
    }
}

impl Doorbell {
    /// Rings once, for a process that ends after that.
    ///
    /// # Errors
    /// When PostgreSQL cannot be asked within 2 s.
    pub async fn ring(&self) -> anyhow::Result<()> {
        timeout(PATIENCE, async { notify(&mut self.listen().await?, self.channel, "").await }).await??;
        Ok(())
    }

    /// Rings after each `rung`, and calls `heard` when another process rang or may have. It never ends: a connection
    /// that is lost is made anew.
    pub async fn relay(&self, rung: &Notify, heard: impl Fn()) -> Infallible {
        let mut failing = false;
        loop {
            let lost = match timeout(PATIENCE, self.listen()).await {
                Ok(Ok(listener)) => {
                    failing = false;
                    self.relay_until_lost(listener, rung, &heard).await
                }
                Ok(Err(cause)) => cause,
                Err(_elapsed) => sqlx::Error::PoolTimedOut,
            };
            // Once for each failure, not each second that it lasts.
            if !std::mem::replace(&mut failing, true) {
                tracing::warn!(cause = %lost, channel = self.channel, "the doorbell is out of order; news takes longer");
            }
            sleep(RETRY).await;
        }
    }

    /// A connection of its own, so that a ring waits for nobody's query.
    async fn listen(&self) -> Result<PgListener, sqlx::Error> {
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_with((*self.options).clone()).await?).await?;
        listener.eager_reconnect(false);
        listener.listen(self.channel).await?;
        Ok(listener)
    }

    async fn relay_until_lost(&self, mut listener: PgListener, rung: &Notify, heard: impl Fn()) -> sqlx::Error {
        // One's own rings come back, too.
        let own = Uuid::new_v4().to_string();
        let mut next_ring = Instant::now();
        let mut next_ping = next_ring + KEEPALIVE;
        // What rang before, nobody heard.
        heard();
        loop {
            let said = tokio::select! {
                notification = listener.try_recv() => match notification {
                    Ok(Some(notification)) => {
                        if notification.payload() != own {
                            heard();
                        }
                        continue;
                    }
                    Ok(None) => return sqlx::Error::PoolClosed,
                    Err(cause) => return cause,
                },
                () = async { sleep_until(next_ring).await; rung.notified().await } => {
                    next_ring = Instant::now() + GAP;
                    timeout(PATIENCE, notify(&mut listener, self.channel, &own)).await
                }
                () = sleep_until(next_ping) => {
                    timeout(PATIENCE, async { sqlx::query("SELECT 1").execute(&mut listener).await.map(drop) }).await
                }
            };
            match said {
                Ok(Ok(())) => next_ping = Instant::now() + KEEPALIVE,
                Ok(Err(cause)) => return cause,
                Err(_elapsed) => return sqlx::Error::PoolTimedOut,
            }
        }
    }
}

async fn notify(listener: &mut PgListener, channel: &str, payload: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(payload).execute(listener).await.map(drop)
}
