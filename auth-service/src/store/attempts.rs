//! Counting attempts: exact sliding windows that hold across replicas.
//!
//! A client's admitted attempts are numbered. The next one is let in if the one that lies a whole limit before it is
//! gone, or at least as old as the window is long. The client's row is locked meanwhile, so that of many at once each
//! sees those before it.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use service_runtime::clock::Clock;

use super::{
    Store,
    entity::{attempt, attempt_window},
};

/// Whose attempts of which kind are counted, and how many are let in within how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) kind: &'static str,
    pub(crate) client: &'a str,
    pub(crate) limit: u32,
    pub(crate) length: TimeDelta,
}

/// Whether an attempt is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is, and has been counted.
    Admitted,
    /// It is not, and has not been counted. The next one is let in after this time.
    Refused(TimeDelta),
}

impl Store {
    /// Judges one attempt, by the database's clock.
    pub(crate) async fn admit(&self, window: Window<'_>, clock: &Clock) -> Result<Admission, DbErr> {
        let transaction = self.database.begin().await?;
        let admitted = lock(&transaction, window).await?;
        // The time is taken under the lock: those who waited for it must not bring the time at which they came.
        let now = self.database.now(&transaction, clock).await?;
        let decisive = admitted - i64::from(window.limit);
        let key = (window.kind.to_owned(), window.client.to_owned(), decisive);
        let before = attempt::Entity::find_by_id(key).all(&transaction).await?;
        if let Some(before) = before.first() {
            let again = DateTime::from_timestamp_micros(before.time_micros).unwrap_or(now) + window.length;
            if again > now {
                transaction.rollback().await?;
                return Ok(Admission::Refused(again - now));
            }
        }
        count(&transaction, window, admitted, now).await?;
        transaction.commit().await?;
        Ok(Admission::Admitted)
    }

    /// Forgets the clients whose newest attempt is older than `length`.
    pub(crate) async fn purge_attempts(&self, length: TimeDelta, clock: &Clock) -> Result<u64, DbErr> {
        let transaction = self.database.begin().await?;
        let oldest = self.database.now(&transaction, clock).await? - length;
        let purged = attempt_window::Entity::delete_many()
            .filter(attempt_window::Column::NewestMicros.lt(oldest.timestamp_micros()))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(purged.rows_affected)
    }
}

/// Locks the client's row, which is made if it is missing, and tells how many attempts have been let in.
async fn lock(transaction: &DatabaseTransaction, window: Window<'_>) -> Result<i64, DbErr> {
    let row = attempt_window::ActiveModel {
        kind: Set(window.kind.to_owned()),
        client: Set(window.client.to_owned()),
        admitted: Set(0),
        newest_micros: Set(0),
    };
    let take_the_lock = OnConflict::columns([attempt_window::Column::Kind, attempt_window::Column::Client])
        .update_column(attempt_window::Column::Kind)
        .to_owned();
    let locked =
        attempt_window::Entity::insert(row).on_conflict(take_the_lock).exec_with_returning(transaction).await?;
    Ok(locked.admitted)
}

async fn count(
    transaction: &DatabaseTransaction,
    window: Window<'_>,
    admitted: i64,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = attempt::ActiveModel {
        kind: Set(window.kind.to_owned()),
        client: Set(window.client.to_owned()),
        number: Set(admitted),
        time_micros: Set(now.timestamp_micros()),
    };
    attempt::Entity::insert(row).exec_without_returning(transaction).await?;
    attempt::Entity::delete_many()
        .filter(attempt::Column::Kind.eq(window.kind))
        .filter(attempt::Column::Client.eq(window.client))
        .filter(attempt::Column::Number.lte(admitted - i64::from(window.limit)))
        .exec(transaction)
        .await?;
    attempt_window::Entity::update_many()
        .col_expr(attempt_window::Column::Admitted, Expr::value(admitted + 1))
        .col_expr(attempt_window::Column::NewestMicros, Expr::value(now.timestamp_micros()))
        .filter(attempt_window::Column::Kind.eq(window.kind))
        .filter(attempt_window::Column::Client.eq(window.client))
        .exec(transaction)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
