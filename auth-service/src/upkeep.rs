//! Forgets what need not be remembered any longer, a little at a time, so that no caller waits for it; and adds to the
//! trail what was refused from memory.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use service_runtime::{CancellationToken, clock::Clock};
use tokio::time::sleep;

use crate::{
    error::Result,
    limiter::{Limiter, WINDOW},
    settings::{LimitSettings, TrailSettings},
    store::{Old, Store},
};

/// How long nothing is looked for after nothing was left.
const INTERVAL: Duration = Duration::from_secs(60);

/// How much is forgotten in one transaction.
const BATCH: u64 = 500;

/// What callers have to themselves between two batches.
const PAUSE: Duration = Duration::from_millis(100);

/// How often the refusals are added to the trail.
const TELLING: Duration = Duration::from_secs(1);

/// How many clients and accounts are kept whose attempts still count. Beyond that, those that were tried longest ago
/// are forgotten, and may try anew.
const MOST_KEYS: u64 = 1_000_000;

/// How many known addresses are kept. Beyond that, those that were seen longest ago are forgotten.
const MOST_ADDRESSES: u64 = 1_000_000;

/// All housekeeping. Several replicas may do it at once.
pub(crate) struct Upkeep {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) limits: LimitSettings,
    pub(crate) trail: TrailSettings,
}

impl Upkeep {
    /// Works until `end`, which is when nobody calls any more: what has been refused until then is told too.
    pub(crate) async fn run(self, end: CancellationToken) {
        let forgetting = async {
            loop {
                if let Err(cause) = self.forget_all().await {
                    tracing::warn!(?cause, "what is old could not be forgotten; the next round tries again");
                }
                sleep(INTERVAL).await;
            }
        };
        tokio::join!(end.run_until_cancelled(forgetting), self.tell_refusals(&end));
    }

    async fn forget_all(&self) -> Result<()> {
        let now = self.store.now(&self.clock).await?;
        self.forget(Old::ClientAttempts, now - WINDOW).await?;
        self.forget(Old::AccountAttempts, now - self.limits.account_failure_window).await?;
        if let Some(time) = self.store.attempts_beyond(MOST_KEYS).await? {
            self.forget(Old::Attempts, time).await?;
        }
        self.forget(Old::KnownAddresses, now - self.limits.known_address_lifetime).await?;
        if let Some(time) = self.store.known_addresses_beyond(MOST_ADDRESSES).await? {
            self.forget(Old::KnownAddresses, time).await?;
        }
        self.forget(Old::Sessions, now).await?;
        self.forget(Old::Revocations, now).await?;
        self.forget(Old::Events, now - self.trail.event_retention).await
    }

    async fn forget(&self, old: Old, before: DateTime<Utc>) -> Result<()> {
        while self.store.forget(old, before, BATCH).await? >= BATCH {
            sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn tell_refusals(&self, end: &CancellationToken) {
        let mut failing = false;
        while !end.is_cancelled() {
            end.run_until_cancelled(sleep(TELLING)).await;
            let told = self.limiter.tell_refusals().await;
            // Once for each failure, not each second that it lasts.
            if let (Err(cause), false) = (&told, failing) {
                tracing::warn!(?cause, "refusals could not be added to the trail; they are kept and tried again");
            }
            failing = told.is_err();
        }
    }
}
