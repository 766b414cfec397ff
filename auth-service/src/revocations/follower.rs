//! Reads what is new among the revocations, for as long as the service runs.

use std::{sync::Arc, time::Duration};

use service_runtime::CancellationToken;
use tokio::time::{Instant, sleep_until, timeout};

use super::Revocations;
use crate::{
    error::{Error, Result},
    store::{Feed, Store},
};

/// A reading begins at the latest so long after the one before.
const INTERVAL: Duration = Duration::from_millis(250);
/// And no sooner, however often the doorbell rings.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(2);
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what has expired is forgotten.
const FORGETTING: Duration = Duration::from_secs(60);

/// Keeps the memory of one process up to date.
pub(crate) struct Follower {
    store: Store,
    revocations: Arc<Revocations>,
    /// None before the first reading and after one that failed: the next one begins from the beginning. Whoever
    /// answers then may be another server, which has given numbers a second time.
    feed: Option<Feed>,
    failing: bool,
}

impl Follower {
    pub(crate) fn new(store: Store, revocations: Arc<Revocations>) -> Self {
        Self { store, revocations, feed: None, failing: false }
    }

    /// Reads all that there is.
    ///
    /// # Errors
    /// When the database cannot be read: what has been taken in stays, but proves nothing.
    pub(crate) async fn read(&mut self) -> Result<()> {
        let begun = Instant::now();
        let read = self.read_pages().await;
        match &read {
            Ok(()) => self.revocations.has_read(begun),
            Err(_) => self.feed = None,
        }
        read
    }

    async fn read_pages(&mut self) -> Result<()> {
        loop {
            let page = async {
                let feed = match &mut self.feed {
                    Some(feed) => feed,
                    none => none.insert(self.store.feed().await?),
                };
                feed.next_page().await
            };
            let page = timeout(PATIENCE, page).await.map_err(|_elapsed| Error::DatabaseSilent)??;
            self.revocations.take_in(&page.revocations);
            if page.is_last {
                return Ok(());
            }
        }
    }

    /// Goes on until `end`.
    pub(crate) async fn run(mut self, end: CancellationToken) {
        let (store, revocations) = (self.store.clone(), Arc::clone(&self.revocations));
        let relay = store.relay(&revocations.rung_here, || revocations.rung_there.notify_one());
        end.run_until_cancelled(async { tokio::join!(self.follow(), relay) }).await;
    }

    async fn follow(&mut self) {
        let mut forget_at = Instant::now() + FORGETTING;
        loop {
            let begun = Instant::now();
            let read = self.read().await;
            // Once for each failure, not each time that it is tried again.
            if let (Err(cause), false) = (&read, self.failing) {
                tracing::warn!(?cause, "the revocations cannot be read; no token is accepted from memory");
            }
            self.failing = read.is_err();
            if begun >= forget_at {
                forget_at = begun + FORGETTING;
                self.revocations.forget_expired();
            }
            let rung = async {
                sleep_until(begun + SHORTEST_INTERVAL).await;
                self.revocations.rung_there.notified().await;
            };
            tokio::select! {
                () = rung, if !self.failing => {}
                () = sleep_until(begun + INTERVAL) => {}
            }
        }
    }
}
