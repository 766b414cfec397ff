//! The one way to change anything.

use std::time::Duration;

use sea_orm::{
    ActiveValue::NotSet,
    ActiveValue::Set,
    DatabaseTransaction, DbErr, RuntimeErr,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::{Serialize, de::DeserializeOwned};
use service_runtime::database::WriteTransaction;

use super::{
    Store,
    change::Change,
    entity::{task_change, user_revision},
    quota::{Quotas, Tally},
    scope::UserScope,
    task::UserStore,
};
use crate::{error::Error, intent::Intent, task::Moment};

/// How often a write is tried when the database has it give way to another.
const ATTEMPTS: u32 = 5;

/// How many rows one statement names: far fewer than either database takes parameters.
pub(super) const CHUNK: usize = 500;

/// How long the first one to give way waits.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// A write under way: one transaction, or a turn in one, that holds its user's lock.
///
/// It is rolled back when it is dropped.
pub struct Write {
    transaction: WriteTransaction,
    scope: UserScope,
    at: Moment,
    changes: Vec<Change>,
    pub(super) tally: Tally,
    request_id_lifetime: chrono::Duration,
    quotas: Quotas,
}

impl UserStore {
    /// Does `work` in one transaction, together with all that belongs to a change: the user's next revision, the log
    /// of changes and the answer to remember under the `request_id`.
    ///
    /// The work takes the write, and gives it back with its answer unless it fails. A repeated request is answered
    /// from memory and does nothing. With `validate_only` nothing remains. The work is done anew if the database asks
    /// for that. Until it is this write's turn among the user's, it holds nothing that others need.
    pub async fn write<T, F>(&self, intent: &Intent, work: impl Fn(Write) -> F) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<(Write, T), Error>>,
    {
        let _turn = self.store().turns.take(self.user(), intent.deadline).await?;
        let (mut attempts, mut pause) = (1, FIRST_PAUSE);
        loop {
            match self.try_write(intent, &work).await {
                // Its neighbour came too late, not the write itself.
                Err(Error::GroupUndone) if !intent.deadline.has_passed() => {}
                Err(Error::Database(cause)) if attempts < ATTEMPTS && must_give_way(&cause) => {
                    tokio::time::sleep(pause.min(intent.deadline.remaining())).await;
                    (attempts, pause) = (attempts + 1, pause * 2);
                }
                result => return result,
            }
        }
    }

    async fn try_write<T, F>(&self, intent: &Intent, work: impl Fn(Write) -> F) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<(Write, T), Error>>,
    {
        let (transaction, verdict) = self.store().database.write(intent.deadline).await?;
        let outcome = self.do_work(transaction, intent, work).await;
        // A refusal too may stand on what others of its group have changed.
        verdict.wait().await?;
        outcome
    }

    async fn do_work<T, F>(
        &self,
        transaction: WriteTransaction,
        intent: &Intent,
        work: impl Fn(Write) -> F,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<(Write, T), Error>>,
    {
        let write = Write::begin(transaction, self.store(), self.scope()).await?;
        if let Some(answer) = write.remembered(intent).await? {
            write.transaction.rollback().await?;
            return Ok(answer);
        }
        let (write, answer) = work(write).await?;
        write.remember(intent, &answer).await?;
        write.finish(intent).await?;
        Ok(answer)
    }
}

impl Write {
    /// Takes the user's next revision, and with it the user's lock: whoever writes for the same user waits here.
    pub(super) async fn begin(transaction: WriteTransaction, store: &Store, scope: UserScope) -> Result<Self, Error> {
        use user_revision::Column::{CountedRevision, Revision, UserId};
        let first = user_revision::ActiveModel {
            user_id: NotSet,
            revision: Set(1),
            delete_time: Set(None),
            task_count: Set(0),
            list_count: Set(0),
            counted_revision: Set(1),
        };
        let next = |column| Expr::col((user_revision::Entity, column)).add(1);
        let next = OnConflict::column(UserId)
            .value(Revision, next(Revision))
            .value(CountedRevision, next(CountedRevision))
            .to_owned();
        let row = scope.insert(first).on_conflict(next).exec_with_returning(transaction.connection()).await?;
        if row.delete_time.is_some() {
            return Err(Error::UserDeleted);
        }
        // The time is taken under the lock, so that it does not run against the revisions.
        let at = Moment { time: store.clock.now(), revision: row.revision };
        let (tally, request_id_lifetime, quotas) = (Tally::of(&row), store.request_id_lifetime, store.quotas);
        Ok(Self { transaction, scope, at, changes: Vec::new(), tally, request_id_lifetime, quotas })
    }

    /// The time and the revision of everything that this write changes.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.at
    }

    pub(super) fn transaction(&self) -> &DatabaseTransaction {
        self.transaction.connection()
    }

    pub(super) fn scope(&self) -> UserScope {
        self.scope
    }

    pub(super) fn quotas(&self) -> Quotas {
        self.quotas
    }

    pub(super) fn request_id_lifetime(&self) -> chrono::Duration {
        self.request_id_lifetime
    }

    /// Notes a change for the log.
    pub(super) fn log(&mut self, change: Change) {
        self.changes.push(change);
    }

    async fn finish(self, intent: &Intent) -> Result<(), Error> {
        self.note_changes().await?;
        if intent.validate_only {
            return Ok(self.transaction.rollback().await?);
        }
        Ok(self.transaction.commit().await?)
    }
}

impl Write {
    /// Commits what the service does of its own accord.
    pub(super) async fn commit(self) -> Result<(), Error> {
        self.note_changes().await?;
        Ok(self.transaction.commit().await?)
    }

    async fn note_changes(&self) -> Result<(), Error> {
        let rows: Vec<_> = (0..).zip(&self.changes).map(|(n, change)| change.row(n, self.at)).collect();
        for some in rows.chunks(CHUNK) {
            let insert = self.scope.insert_many::<task_change::Entity, _>(some.to_vec());
            insert.exec_without_returning(self.transaction()).await?;
        }
        self.keep_counts().await
    }
}

/// Whether the database chose this transaction to give way to another: PostgreSQL's serialization failure and
/// deadlock, SQLite's snapshot that is too old to write. Doing it again is safe, for nothing of it remains.
fn must_give_way(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01" | "517"))
}
