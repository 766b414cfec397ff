//! The audit trail: each row is written in the transaction of what it tells of.

use authn::{SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait};

use super::entity::auth_event;
use crate::{client::Call, identifier::new_id};

/// What happened.
#[derive(Clone, Copy, Debug)]
pub(super) enum EventType {
    SignedUp,
    LoginSucceeded,
    LoginFailed,
    LoggedOut,
}

impl EventType {
    fn name(self) -> &'static str {
        match self {
            Self::SignedUp => "SIGNED_UP",
            Self::LoginSucceeded => "LOGIN_SUCCEEDED",
            Self::LoginFailed => "LOGIN_FAILED",
            Self::LoggedOut => "LOGGED_OUT",
        }
    }
}

/// Writes down what a call did.
pub(super) async fn record(
    transaction: &DatabaseTransaction,
    event: EventType,
    (user, session): (Option<UserId>, Option<SessionId>),
    call: &Call,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = auth_event::ActiveModel {
        id: Set(new_id(now)),
        r#type: Set(event.name().to_owned()),
        source: Set("RPC".to_owned()),
        user_id: Set(user.map(UserId::as_uuid)),
        session_id: Set(session.map(SessionId::as_uuid)),
        ip_address: Set(call.address.to_string()),
        user_agent: Set(call.user_agent.clone()),
        request_id: Set(call.request_id.clone()),
        create_time: Set(now),
        count: Set(1),
    };
    auth_event::Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}
