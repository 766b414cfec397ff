//! What the trail tells of refused attempts: one row for each key and window, with a count.

use std::collections::BTreeMap;

use authn::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    Store,
    entity::{attempt_window, auth_event, user_account},
    events::NewEvent,
};
use crate::{
    error::Result,
    event::{EventType, Origin},
};

/// How many rows are raised in one transaction.
const BATCH: usize = 500;

impl Store {
    /// Adds refusals to the rows that tell of them. A row that has gone meanwhile stays so.
    pub(crate) async fn raise_counts(&self, refusals: &BTreeMap<Uuid, i64>) -> Result<()> {
        // In the order of their ids, so that replicas that raise the same rows do not wait for each other in a circle.
        let refusals: Vec<_> = refusals.iter().collect();
        for batch in refusals.chunks(BATCH) {
            let transaction = self.database.begin().await?;
            for (event, count) in batch {
                raise(&transaction, **event, **count).await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// Writes down that the window of a key, whose row is locked, refused an attempt, and tells which row says so.
pub(super) async fn tell(
    transaction: &DatabaseTransaction,
    (window, length): (&attempt_window::Model, TimeDelta),
    account: Option<&str>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<Uuid, DbErr> {
    let oldest = (now - length).timestamp_micros();
    let told = window.event_id.filter(|_| window.event_micros.is_some_and(|since| since > oldest));
    if let Some(event) = told
        && raise(transaction, event, 1).await?
    {
        return Ok(event);
    }
    let user = match account {
        Some(account) => user_of(transaction, account).await?,
        None => None,
    };
    let event = NewEvent::new(EventType::RateLimited).of_user(user).record(transaction, origin, now).await?;
    attempt_window::Entity::update_many()
        .col_expr(attempt_window::Column::EventId, Expr::value(event))
        .col_expr(attempt_window::Column::EventMicros, Expr::value(now.timestamp_micros()))
        .filter(attempt_window::Column::Kind.eq(&window.kind))
        .filter(attempt_window::Column::Client.eq(&window.client))
        .exec(transaction)
        .await?;
    Ok(event)
}

/// Whether there was such a row.
async fn raise(connection: &impl ConnectionTrait, event: Uuid, by: i64) -> Result<bool, DbErr> {
    let raised = auth_event::Entity::update_many()
        .col_expr(auth_event::Column::Count, Expr::col(auth_event::Column::Count).add(by))
        .filter(auth_event::Column::Id.eq(event))
        .exec(connection)
        .await?;
    Ok(raised.rows_affected > 0)
}

/// The user whose account was tried, if there is one. What is no address at all is looked up like one.
async fn user_of(transaction: &DatabaseTransaction, account: &str) -> Result<Option<UserId>, DbErr> {
    // PostgreSQL takes no NUL, and no address has a space.
    let key = account.replace('\0', " ");
    let found: Vec<Uuid> = user_account::Entity::find()
        .filter(user_account::Column::EmailKey.eq(key))
        .select_only()
        .column(user_account::Column::Id)
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(found.first().copied().map(UserId::from))
}
