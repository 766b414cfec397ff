//! One write: a transaction of its own, or a turn in the transaction of a group.

use std::sync::Arc;

use sea_orm::{DatabaseTransaction, DbErr};
use tokio::sync::oneshot;

use crate::deadline::Deadline;

/// Why a write did not happen. Nothing of it remains, unless its variant says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum WriteError {
    /// As many writes wait as may.
    #[error("too many writes wait")]
    Overloaded,
    /// The write's own deadline passed before its commit began.
    #[error("the deadline passed before the commit")]
    DeadlineExceeded,
    /// The deadline of another write of its group did: the write may be done anew at once.
    #[error("another write of the group came too late")]
    GroupUndone,
    /// The group could not be committed. Where the database failed in the middle of that, it may have been all the
    /// same.
    #[error("the group of writes could not be committed")]
    GroupLost(#[source] DbErr),
    /// The database failed or cannot be reached.
    #[error("the database failed")]
    Database(#[from] DbErr),
}

/// A write under way. Unless it is committed, nothing of it remains: not when it is dropped, nor when its caller
/// panics or goes away.
#[derive(Debug)]
pub struct WriteTransaction {
    // Before the sender, which tells the group that it has its transaction back.
    transaction: Arc<DatabaseTransaction>,
    turn: Option<oneshot::Sender<Deadline>>,
    deadline: Option<Deadline>,
}

/// What becomes of a write once it has been ended. Until that is known, nothing that the write has read or changed may
/// be told to anybody: it may stand on what others of its group have changed.
#[derive(Debug)]
#[must_use = "a write is not done before its verdict is known"]
pub struct Verdict(Option<oneshot::Receiver<Result<(), WriteError>>>);

impl WriteTransaction {
    pub(super) fn alone(transaction: DatabaseTransaction, deadline: Option<Deadline>) -> Self {
        Self { transaction: Arc::new(transaction), turn: None, deadline }
    }

    pub(super) fn turn(
        transaction: Arc<DatabaseTransaction>,
        end: oneshot::Sender<Deadline>,
        deadline: Deadline,
    ) -> Self {
        Self { transaction, turn: Some(end), deadline: Some(deadline) }
    }

    /// What the statements of the write are executed on.
    #[must_use]
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Commits the write if it stands alone; else leaves that to its group. No commit begins after the deadline.
    ///
    /// # Errors
    /// When the deadline has passed, or the database fails.
    pub async fn commit(self) -> Result<(), WriteError> {
        if self.deadline.is_some_and(Deadline::has_passed) {
            return Err(WriteError::DeadlineExceeded);
        }
        let Self { transaction, turn, deadline } = self;
        let (Some(turn), Some(deadline)) = (turn, deadline) else {
            return Ok(own(transaction)?.commit().await?);
        };
        drop(transaction);
        turn.send(deadline).map_err(|_gone| WriteError::Database(lost()))
    }

    /// Undoes the write.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rollback(self) -> Result<(), WriteError> {
        match self.turn {
            None => Ok(own(self.transaction)?.rollback().await?),
            Some(_) => Ok(()),
        }
    }
}

impl Verdict {
    pub(super) fn alone() -> Self {
        Self(None)
    }

    pub(super) fn of_group(receiver: oneshot::Receiver<Result<(), WriteError>>) -> Self {
        Self(Some(receiver))
    }

    /// Waits until the write's group is committed, or undone, on the disk. A write that stands alone has said itself
    /// what became of it.
    ///
    /// # Errors
    /// When nothing became of the group, whatever the write itself came to.
    pub async fn wait(self) -> Result<(), WriteError> {
        match self.0 {
            None => Ok(()),
            Some(verdict) => verdict.await.unwrap_or_else(|_gone| Err(WriteError::Database(lost()))),
        }
    }
}

/// Nobody else has a part in a transaction whose turns have ended.
pub(super) fn own(transaction: Arc<DatabaseTransaction>) -> Result<DatabaseTransaction, DbErr> {
    Arc::into_inner(transaction).ok_or_else(lost)
}

/// The writer is gone, as when the runtime shuts down.
pub(super) fn lost() -> DbErr {
    DbErr::Conn(sea_orm::RuntimeErr::Internal("the writer has ended".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Weak,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Wake, Waker},
        time::Duration,
    };

    use sea_orm::TransactionTrait;

    use super::*;

    /// A group that looks after its transaction in the very moment in which it is told that a turn has ended.
    struct Group {
        transaction: Weak<DatabaseTransaction>,
        owners: AtomicUsize,
    }

    impl Wake for Group {
        fn wake(self: Arc<Self>) {
            self.owners.store(self.transaction.strong_count(), Ordering::SeqCst);
        }
    }

    /// How many own the transaction when a turn ends so.
    async fn owners_after(end: impl AsyncFnOnce(WriteTransaction), deadline: Duration) -> usize {
        let database = sea_orm::Database::connect("sqlite::memory:").await.unwrap();
        let transaction = Arc::new(database.begin().await.unwrap());
        let group = Arc::new(Group { transaction: Arc::downgrade(&transaction), owners: AtomicUsize::new(0) });
        let (sender, ended) = oneshot::channel();
        let turn = WriteTransaction::turn(Arc::clone(&transaction), sender, Deadline::within(deadline));
        let mut ended = pin!(ended);
        let waker = Waker::from(Arc::clone(&group));
        assert!(ended.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        end(turn).await;
        group.owners.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn a_group_has_its_transaction_back_before_it_is_told_of_the_end_of_a_turn() {
        let (far, none) = (Duration::from_secs(60), Duration::ZERO);
        assert_eq!(owners_after(async |turn| drop(turn), far).await, 1);
        assert_eq!(owners_after(async |turn| turn.rollback().await.unwrap(), far).await, 1);
        assert_eq!(owners_after(async |turn| turn.commit().await.unwrap(), far).await, 1);
        assert_eq!(owners_after(async |turn| drop(turn.commit().await.unwrap_err()), none).await, 1);
    }
}
