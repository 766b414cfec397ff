//! Sessions.

use authn::{SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr,
};

use super::{
    Store, commit,
    entity::session,
    events::{self, EventType},
};
use crate::{
    client::Call,
    error::{Error, Result},
    token::Rejection,
};

/// A session that begins now.
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) expire_time: DateTime<Utc>,
}

/// When a session ends by itself, and when it was ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionLife {
    pub(crate) expire_time: DateTime<Utc>,
    pub(crate) end_time: Option<DateTime<Utc>>,
}

impl SessionLife {
    /// Whether it still lives.
    pub(crate) fn lasts(self, now: DateTime<Utc>) -> bool {
        self.end_time.is_none() && now < self.expire_time
    }
}

pub(super) async fn insert(
    transaction: &DatabaseTransaction,
    user: UserId,
    new: &NewSession,
    call: &Call,
) -> Result<(), DbErr> {
    let row = session::ActiveModel {
        id: Set(new.id.as_uuid()),
        user_id: Set(user.as_uuid()),
        create_time: Set(new.create_time),
        last_seen_time: Set(new.create_time),
        expire_time: Set(new.expire_time),
        end_time: Set(None),
        ip_address: Set(call.address.to_string()),
        user_agent: Set(call.user_agent.clone()),
    };
    session::Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

impl Store {
    /// The life of a user's session, if the user has it.
    pub(crate) async fn session_life(&self, user: UserId, id: SessionId) -> Result<Option<SessionLife>> {
        // Without a LIMIT, which would make SQLite prepare the statement anew each time.
        let found: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = session::Entity::find_by_id(id.as_uuid())
            .filter(session::Column::UserId.eq(user.as_uuid()))
            .select_only()
            .columns([session::Column::ExpireTime, session::Column::EndTime])
            .into_tuple()
            .all(self.database.reader())
            .await?;
        Ok(found.first().map(|(expire_time, end_time)| SessionLife { expire_time: *expire_time, end_time: *end_time }))
    }

    /// Ends a session and writes that down, unless it has ended before.
    pub(crate) async fn end_session(&self, user: UserId, id: SessionId, call: &Call, now: DateTime<Utc>) -> Result<()> {
        let life = self.session_life(user, id).await?.ok_or(Error::Token(Rejection::InvalidClaims))?;
        if !life.lasts(now) {
            return Ok(());
        }
        let transaction = self.database.begin().await?;
        let updated = session::Entity::update_many()
            .col_expr(session::Column::EndTime, Expr::value(now))
            .filter(session::Column::Id.eq(id.as_uuid()))
            .filter(session::Column::EndTime.is_null())
            .exec(&transaction)
            .await?;
        // Of two calls at once only one ends it.
        if updated.rows_affected == 1 {
            events::record(&transaction, EventType::LoggedOut, (Some(user), Some(id)), call, now).await?;
        }
        commit(transaction, call.deadline).await
    }
}
