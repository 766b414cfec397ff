//! Forgets what need not be remembered any longer, a little at a time, so that no caller waits for it.

use std::time::Duration;

use service_runtime::CancellationToken;
use tokio::time::sleep;

use crate::{error::Error, store::SystemStore};

/// How long nothing is looked for after nothing was left.
const INTERVAL: Duration = Duration::from_secs(600);

/// How long after a failure it is tried again; twice as long after the next one, up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(2);

/// How much is forgotten in one transaction.
const BATCH: u64 = 500;

/// How many tasks and lists of one user leave the trash in one transaction.
const TRASH_BATCH: usize = 200;

/// What callers have to themselves between two batches.
const PAUSE: Duration = Duration::from_millis(100);

/// Works until `shutdown`. Trouble is logged when it begins and when it is over.
pub async fn run(store: SystemStore, shutdown: CancellationToken) {
    let work = async {
        let mut retry = FIRST_RETRY;
        loop {
            match purge(&store).await {
                Ok(()) => {
                    if retry > FIRST_RETRY {
                        tracing::info!("what has expired is removed again");
                    }
                    retry = FIRST_RETRY;
                    sleep(INTERVAL).await;
                }
                Err(cause) => {
                    if retry == FIRST_RETRY {
                        tracing::warn!(?cause, "what has expired cannot be removed; it is tried again");
                    }
                    sleep(retry).await;
                    retry = (retry * 2).min(INTERVAL);
                }
            }
        }
    };
    shutdown.run_until_cancelled(work).await.unwrap_or(());
}

async fn purge(store: &SystemStore) -> Result<(), Error> {
    while store.purge_request_records(BATCH).await? == BATCH {
        sleep(PAUSE).await;
    }
    empty_trash(store).await
}

/// One batch of one user after another, so that nobody's trash keeps the others' waiting.
async fn empty_trash(store: &SystemStore) -> Result<(), Error> {
    loop {
        let mut purged = 0;
        for user in store.users_with_expired_trash(BATCH).await? {
            purged += store.purge_trash(user, TRASH_BATCH).await?;
            sleep(PAUSE).await;
        }
        if purged == 0 {
            return Ok(());
        }
    }
}
