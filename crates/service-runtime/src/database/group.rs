//! Group commit for the embedded database, where a commit waits for the disk and one writer is all there is: one task
//! takes the writes that wait and commits them together.
//!
//! Each write has its turn on the group's transaction, between two savepoints, and does its work itself. What comes
//! while a group is being committed is the next group: nobody waits for others to come.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr};
use tokio::sync::{mpsc, oneshot};

use super::{
    begin,
    write::{Verdict, WriteError, WriteTransaction, own},
};
use crate::deadline::Deadline;

/// The bounds of a group.
#[derive(Clone, Copy, Debug)]
pub struct GroupBounds {
    /// Writes that are committed together at most; one: each by itself.
    pub writes: usize,
    /// Writes that may wait for their turn; one more is refused.
    pub waiting: usize,
    /// A group takes no more writes after it has taken so long.
    pub longest: Duration,
}

/// A group in which a deadline is so near takes no more writes, so that it is committed before.
const NEAR_DEADLINE: Duration = Duration::from_millis(50);

/// Somebody who waits for a turn.
struct Waiting {
    deadline: Deadline,
    turn: oneshot::Sender<WriteTransaction>,
    verdict: oneshot::Sender<Result<(), WriteError>>,
}

/// The way to the writer. It ends when nobody has one any more.
#[derive(Clone, Debug)]
pub(super) struct Writes(mpsc::Sender<Waiting>);

impl Writes {
    pub(super) fn start(writer: DatabaseConnection, bounds: GroupBounds) -> Self {
        let (sender, waiting) = mpsc::channel(bounds.waiting);
        tokio::spawn(Writer { writer, waiting, bounds }.run());
        Self(sender)
    }

    /// Waits for a turn.
    pub(super) async fn begin(&self, deadline: Deadline) -> Result<(WriteTransaction, Verdict), WriteError> {
        let ((turn, my_turn), (verdict, my_verdict)) = (oneshot::channel(), oneshot::channel());
        self.0.try_send(Waiting { deadline, turn, verdict }).map_err(|_full| WriteError::Overloaded)?;
        let verdict = Verdict::of_group(my_verdict);
        match my_turn.await {
            Ok(transaction) => Ok((transaction, verdict)),
            // Why there is no turn is the verdict.
            Err(_none) => Err(verdict.wait().await.err().unwrap_or(WriteError::GroupUndone)),
        }
    }
}

struct Writer {
    writer: DatabaseConnection,
    waiting: mpsc::Receiver<Waiting>,
    bounds: GroupBounds,
}

impl Writer {
    async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            match begin(&self.writer).await {
                Ok(transaction) => self.commit_together(first, Group::new(transaction)).await,
                Err(cause) => self.refuse(first, &cause),
            }
        }
    }

    async fn commit_together(&mut self, first: Waiting, mut group: Group) {
        let mut next = Some(first);
        while let Some(waiting) = next {
            group.give_turn(waiting).await;
            next = if group.has_room(self.bounds) { self.waiting.try_recv().ok() } else { None };
        }
        group.close().await;
    }

    /// Whoever waits now has waited for the same database in vain.
    fn refuse(&mut self, first: Waiting, cause: &DbErr) {
        let mut refused = Some(first);
        for _ in 0..=self.waiting.len() {
            let Some(waiting) = refused else { return };
            let _ = waiting.verdict.send(Err(WriteError::Database(cause.clone())));
            refused = self.waiting.try_recv().ok();
        }
    }
}

/// What the last turn has left in the transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    Kept,
    /// To be undone.
    Spoilt,
}

/// The writes of one transaction.
struct Group {
    transaction: Arc<DatabaseTransaction>,
    begun: Instant,
    members: Vec<oneshot::Sender<Result<(), WriteError>>>,
    /// The first deadline among the writes that are kept; none: there are none.
    deadline: Option<Deadline>,
    left: Left,
    savepoint: bool,
    failure: Option<DbErr>,
}

impl Group {
    fn new(transaction: DatabaseTransaction) -> Self {
        Self {
            transaction: Arc::new(transaction),
            begun: Instant::now(),
            members: Vec::new(),
            deadline: None,
            left: Left::Nothing,
            savepoint: false,
            failure: None,
        }
    }

    fn has_room(&self, bounds: GroupBounds) -> bool {
        let near = self.deadline.is_some_and(|deadline| deadline.remaining() < NEAR_DEADLINE);
        let full = self.members.len() >= bounds.writes || self.begun.elapsed() >= bounds.longest;
        self.failure.is_none() && !near && !full
    }

    /// Lets one write do its work. The caller who has gone away has no turn.
    async fn give_turn(&mut self, waiting: Waiting) {
        let Waiting { deadline, turn, verdict } = waiting;
        if turn.is_closed() {
            return;
        }
        self.members.push(verdict);
        let prepared = if self.left == Left::Kept { self.set_savepoint().await } else { self.undo_spoilt().await };
        if let Err(cause) = prepared {
            self.failure = Some(cause);
            return;
        }
        let (end, ended) = oneshot::channel();
        drop(turn.send(WriteTransaction::turn(Arc::clone(&self.transaction), end, deadline)));
        match ended.await {
            Ok(deadline) => {
                self.left = Left::Kept;
                let earlier = self.deadline.filter(|other| other.at() <= deadline.at());
                self.deadline = Some(earlier.unwrap_or(deadline));
            }
            Err(_dropped) => self.left = Left::Spoilt,
        }
    }

    /// Up to here a write is undone that fails.
    async fn set_savepoint(&mut self) -> Result<(), DbErr> {
        let set = if self.savepoint { "RELEASE turn; SAVEPOINT turn" } else { "SAVEPOINT turn" };
        self.transaction.execute_unprepared(set).await?;
        (self.savepoint, self.left) = (true, Left::Nothing);
        Ok(())
    }

    async fn undo_spoilt(&mut self) -> Result<(), DbErr> {
        if self.left == Left::Spoilt {
            // The first write needs no savepoint: nothing stands before it.
            let undo = if self.savepoint { "ROLLBACK TO turn" } else { "ROLLBACK; BEGIN IMMEDIATE" };
            self.transaction.execute_unprepared(undo).await?;
            self.left = Left::Nothing;
        }
        Ok(())
    }

    /// Commits what is to be kept, and tells everybody of the group.
    async fn close(mut self) {
        let members = std::mem::take(&mut self.members);
        let verdict = self.commit().await;
        for member in members {
            // Somebody who has gone away does not ask.
            let _ = member.send(verdict.clone());
        }
    }

    async fn commit(mut self) -> Result<(), WriteError> {
        if let Some(cause) = self.failure.take() {
            return Err(WriteError::GroupLost(cause));
        }
        let Some(deadline) = self.deadline else { return Ok(own(self.transaction)?.rollback().await?) };
        self.undo_spoilt().await.map_err(WriteError::GroupLost)?;
        let transaction = own(self.transaction)?;
        if deadline.has_passed() {
            transaction.rollback().await?;
            return Err(WriteError::GroupUndone);
        }
        transaction.commit().await.map_err(WriteError::GroupLost)
    }
}
