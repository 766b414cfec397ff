//! Follows auth-service's list of deleted users, and removes what was theirs.
//!
//! All replicas do it, and none needs to know of the others: to bury a user twice changes nothing, and the cursor moves
//! on only after nothing was left.

use std::time::Duration;

use authn::{ListUserDeletionsError, RemoteDeletions, UserDeletions};
use service_runtime::CancellationToken;
use tokio::time::sleep;
use uuid::Uuid;

use crate::{error::Error, store::SystemStore};

/// How long nothing is asked for after there was nothing new.
const INTERVAL: Duration = Duration::from_secs(3);

/// After failures the pauses double, up to this one: the whole still happens within a minute of both services being up.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How many rows are removed in one transaction.
const BATCH: u64 = 500;

/// What callers have to themselves between two batches.
const PAUSE: Duration = Duration::from_millis(5);

/// Follows until `shutdown`. Trouble is logged when it begins and when it is over.
pub async fn follow(store: SystemStore, auth: RemoteDeletions, shutdown: CancellationToken) {
    let work = async {
        let mut pause = INTERVAL;
        loop {
            match catch_up(&store, &auth).await {
                Ok(()) if pause > INTERVAL => {
                    tracing::info!("the deletions of users are followed again");
                    pause = INTERVAL;
                }
                Ok(()) => {}
                Err(cause) => {
                    if pause == INTERVAL {
                        tracing::warn!(%cause, "the deletions of users cannot be followed; it is tried again");
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            sleep(jittered(pause)).await;
        }
    };
    shutdown.run_until_cancelled(work).await.unwrap_or(());
}

/// Why the deletions cannot be followed now.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Auth(#[from] ListUserDeletionsError),
    #[error("{}", cause(.0))]
    Store(#[from] Error),
}

fn cause(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Removes whatever was deleted since the stored cursor.
async fn catch_up(store: &SystemStore, auth: &RemoteDeletions) -> Result<(), Trouble> {
    loop {
        let cursor = store.deletion_cursor().await?;
        let UserDeletions { deletions, next_cursor } = match auth.list(&cursor).await {
            Err(ListUserDeletionsError::CursorExpired) if !cursor.is_empty() => {
                tracing::warn!("auth-service does not know the cursor of deletions; all are gone through again");
                auth.list("").await?
            }
            listed => listed?,
        };
        for deletion in &deletions {
            store.bury(deletion).await?;
        }
        for deletion in &deletions {
            while store.remove_some(deletion.user_id, BATCH).await? {
                sleep(PAUSE).await;
            }
        }
        if next_cursor != cursor {
            store.move_deletion_cursor(&next_cursor).await?;
        }
        if deletions.is_empty() {
            return Ok(());
        }
        tracing::info!(users = deletions.len(), "removed what belonged to deleted users");
    }
}

/// Between three and five quarters of the time, so that replicas do not ask all at once.
fn jittered(time: Duration) -> Duration {
    let part = u32::from(Uuid::new_v4().as_bytes()[0]);
    time * 3 / 4 + time * part / 510
}
