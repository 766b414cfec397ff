//! The audit trail: each row is written in the transaction of what it tells of.

use authn::{SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{Store, entity::auth_event};
use crate::{
    error::Result,
    event::{Event, EventType, Origin, Source},
    identifier::new_id,
};

/// One row in the making.
pub(super) struct NewEvent {
    event_type: EventType,
    user: Option<UserId>,
    session: Option<SessionId>,
    count: i64,
}

impl NewEvent {
    /// Something that happened once, to nobody known.
    pub(super) fn new(event_type: EventType) -> Self {
        Self { event_type, user: None, session: None, count: 1 }
    }

    /// Whose account it happened to.
    pub(super) fn of_user(self, user: impl Into<Option<UserId>>) -> Self {
        Self { user: user.into(), ..self }
    }

    /// In which session.
    pub(super) fn in_session(self, session: impl Into<Option<SessionId>>) -> Self {
        Self { session: session.into(), ..self }
    }

    /// How often it happened.
    pub(super) fn times(self, count: i64) -> Self {
        Self { count, ..self }
    }

    /// Writes it down, and tells the row's id.
    pub(super) async fn record(
        self,
        transaction: &DatabaseTransaction,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Uuid, DbErr> {
        let id = new_id(now);
        auth_event::Entity::insert(self.into_row(id, origin, now)).exec_without_returning(transaction).await?;
        Ok(id)
    }

    fn into_row(self, id: Uuid, origin: &Origin, now: DateTime<Utc>) -> auth_event::ActiveModel {
        auth_event::ActiveModel {
            id: Set(id),
            r#type: Set(self.event_type.name().to_owned()),
            source: Set(origin.source.name().to_owned()),
            user_id: Set(self.user.map(UserId::as_uuid)),
            session_id: Set(self.session.map(SessionId::as_uuid)),
            ip_address: Set(origin.ip_address.clone()),
            user_agent: Set(origin.user_agent.clone()),
            request_id: Set(origin.request_id.clone()),
            create_time: Set(now),
            count: Set(self.count),
        }
    }
}

/// Writes many down that one command caused.
pub(super) async fn record_all(
    transaction: &DatabaseTransaction,
    events: impl Iterator<Item = NewEvent>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let rows = events.map(|event| event.into_row(new_id(now), origin, now));
    auth_event::Entity::insert_many(rows).exec_without_returning(transaction).await.map(drop)
}

impl Store {
    /// What happened to a user's account, the newest first, from below an id on; `most` rows of it.
    pub(crate) async fn events(&self, user: UserId, below: Option<Uuid>, most: usize) -> Result<Vec<Event>> {
        use auth_event::{Column, Entity};
        let mut events = Entity::find().filter(Column::UserId.eq(user.as_uuid()));
        if let Some(below) = below {
            events = events.filter(Column::Id.lt(below));
        }
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let rows = events.order_by_desc(Column::Id).limit(most).all(self.database.reader()).await?;
        Ok(rows.into_iter().map(Event::from).collect())
    }
}

impl From<auth_event::Model> for Event {
    fn from(row: auth_event::Model) -> Self {
        Self {
            id: row.id,
            event_type: EventType::from_name(&row.r#type),
            source: Source::from_name(&row.source),
            ip_address: row.ip_address,
            user_agent: row.user_agent,
            request_id: row.request_id,
            count: row.count,
            create_time: row.create_time,
            user_id: row.user_id.map(UserId::from),
            session_id: row.session_id.map(SessionId::from),
        }
    }
}
