//! Forgetting what is old, a batch at a time.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType},
};
use service_runtime::clock::Clock;
use uuid::Builder;

use super::{
    Store,
    attempts::Kind,
    entity::{attempt_window, auth_event, known_address, revocation, session},
};
use crate::error::Result;

/// What is forgotten once it is old.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Old {
    /// Attempts of clients, by their newest.
    ClientAttempts,
    /// Attempts on accounts, by their newest.
    AccountAttempts,
    /// Attempts of whatever kind, by their newest.
    Attempts,
    /// Addresses from which accounts have been logged in.
    KnownAddresses,
    /// Sessions, by the time at which they may go.
    Sessions,
    /// Revocations, by the time at which they expire.
    Revocations,
    /// Rows of the trail, by the time in their ids.
    Events,
}

impl Store {
    /// The database's time.
    pub(crate) async fn now(&self, clock: &Clock) -> Result<DateTime<Utc>> {
        Ok(self.database.now(self.database.reader(), clock).await?)
    }

    /// Forgets what is older than `before`, about `most` of it, and tells how much. What another transaction holds is
    /// left for the next time, so that nobody waits in a circle.
    pub(crate) async fn forget(&self, old: Old, before: DateTime<Utc>, most: u64) -> Result<u64> {
        match old {
            Old::ClientAttempts => self.forget_attempts(&[Kind::SignUp, Kind::Password], before, most).await,
            Old::AccountAttempts => self.forget_attempts(&[Kind::Account, Kind::KnownAddress], before, most).await,
            Old::Attempts => {
                let kinds = [Kind::SignUp, Kind::Password, Kind::Account, Kind::KnownAddress];
                self.forget_attempts(&kinds, before, most).await
            }
            Old::KnownAddresses => self.forget_addresses(before, most).await,
            Old::Sessions => self.forget_sessions(before, most).await,
            Old::Revocations => self.forget_revocations(before, most).await,
            Old::Events => self.forget_events(before, most).await,
        }
    }

    /// Before which time the keys of attempts are beyond the `most` newest ones, if there are so many.
    pub(crate) async fn attempts_beyond(&self, most: u64) -> Result<Option<DateTime<Utc>>> {
        let column = attempt_window::Column::NewestMicros;
        let times = attempt_window::Entity::find().select_only().column(column).order_by_desc(column);
        let found: Vec<i64> = times.limit(1).offset(most).into_tuple().all(self.database.reader()).await?;
        Ok(found.first().and_then(|newest| DateTime::from_timestamp_micros(newest + 1)))
    }

    /// Before which time the known addresses are beyond the `most` newest ones, if there are so many.
    pub(crate) async fn known_addresses_beyond(&self, most: u64) -> Result<Option<DateTime<Utc>>> {
        let column = known_address::Column::NewestMicros;
        let times = known_address::Entity::find().select_only().column(column).order_by_desc(column);
        let found: Vec<i64> = times.limit(1).offset(most).into_tuple().all(self.database.reader()).await?;
        Ok(found.first().and_then(|newest| DateTime::from_timestamp_micros(newest + 1)))
    }

    async fn forget_attempts(&self, kinds: &[Kind], before: DateTime<Utc>, most: u64) -> Result<u64> {
        use attempt_window::{Column, Entity};
        let old = Entity::find()
            .select_only()
            .columns([Column::Kind, Column::Client])
            .filter(Column::Kind.is_in(kinds.iter().map(|kind| kind.name())))
            .filter(Column::NewestMicros.lt(before.timestamp_micros()))
            .order_by_asc(Column::NewestMicros)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let key = Expr::tuple([Expr::col(Column::Kind), Expr::col(Column::Client)]);
        self.delete(Entity::delete_many().filter(key.in_subquery(old.into_query()))).await
    }

    async fn forget_addresses(&self, before: DateTime<Utc>, most: u64) -> Result<u64> {
        use known_address::{Column, Entity};
        let old = Entity::find()
            .select_only()
            .columns([Column::Account, Column::Client])
            .filter(Column::NewestMicros.lt(before.timestamp_micros()))
            .order_by_asc(Column::NewestMicros)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        let key = Expr::tuple([Expr::col(Column::Account), Expr::col(Column::Client)]);
        self.delete(Entity::delete_many().filter(key.in_subquery(old.into_query()))).await
    }

    async fn forget_sessions(&self, before: DateTime<Utc>, most: u64) -> Result<u64> {
        use session::{Column, Entity};
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::PurgeTime.lt(before))
            .order_by_asc(Column::PurgeTime)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        self.delete(Entity::delete_many().filter(Column::Id.in_subquery(old.into_query()))).await
    }

    async fn forget_revocations(&self, before: DateTime<Utc>, most: u64) -> Result<u64> {
        use revocation::{Column, Entity};
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ExpireTime.lt(before))
            .order_by_asc(Column::ExpireTime)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        self.delete(Entity::delete_many().filter(Column::Id.in_subquery(old.into_query()))).await
    }

    async fn forget_events(&self, before: DateTime<Utc>, most: u64) -> Result<u64> {
        use auth_event::{Column, Entity};
        // The ids begin with their time, so the primary key finds the old ones.
        let millis = u64::try_from(before.timestamp_millis()).unwrap_or_default();
        let first_kept = Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid();
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.lt(first_kept))
            .order_by_asc(Column::Id)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
        self.delete(Entity::delete_many().filter(Column::Id.in_subquery(old.into_query()))).await
    }

    async fn delete<E: EntityTrait>(&self, delete: sea_orm::DeleteMany<E>) -> Result<u64> {
        let transaction = self.database.begin().await?;
        let deleted = delete.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(deleted.rows_affected)
    }
}
