//! Between protobuf and the domain.

use std::time::SystemTime;

use authn::Caller;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use proto::auth::v1::{
    self as pb, AuthEvent, AuthEventSource, AuthEventType, RejectionReason, Session, Tokens, User, UserDeletion,
    ValidateTokenResponse, validate_token_response::Verdict,
};
use secrecy::ExposeSecret;

use crate::{
    deletions,
    event::{Event, EventType, Source},
    revocations,
    sessions::{self, TokenPair},
    token::Rejection,
    user,
};

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    Timestamp::from(SystemTime::from(time))
}

impl From<user::User> for User {
    fn from(user: user::User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.unwrap_or_default(),
            display_name: user.display_name,
            create_time: Some(timestamp(user.create_time)),
            update_time: Some(timestamp(user.update_time)),
            last_login_time: user.last_login_time.map(timestamp),
        }
    }
}

impl From<TokenPair> for Tokens {
    fn from(pair: TokenPair) -> Self {
        Self {
            access_token: pair.access.text,
            token_type: "Bearer".to_owned(),
            access_token_expire_time: Some(timestamp(pair.access.expire_time)),
            refresh_token: pair.refresh.expose_secret().to_owned(),
            refresh_token_expire_time: Some(timestamp(pair.refresh_expire_time)),
        }
    }
}

pub(super) fn session(session: sessions::Session, caller: &Caller) -> Session {
    Session {
        current: Some(session.id) == caller.session_id,
        id: session.id.to_string(),
        user_agent: session.user_agent,
        ip_address: session.ip_address,
        create_time: Some(timestamp(session.create_time)),
        last_seen_time: Some(timestamp(session.last_seen_time)),
    }
}

pub(super) fn event(event: Event) -> AuthEvent {
    AuthEvent {
        id: event.id.to_string(),
        r#type: event.event_type.map_or(AuthEventType::Unspecified, event_type).into(),
        source: match event.source {
            Some(Source::Rpc) => AuthEventSource::Rpc,
            Some(Source::Command) => AuthEventSource::Command,
            Some(Source::Service) => AuthEventSource::Service,
            None => AuthEventSource::Unspecified,
        }
        .into(),
        count: event.count,
        create_time: Some(timestamp(event.create_time)),
        user_id: event.user_id.map(|id| id.to_string()).unwrap_or_default(),
        session_id: event.session_id.map(|id| id.to_string()).unwrap_or_default(),
        ip_address: event.ip_address,
        user_agent: event.user_agent,
        request_id: event.request_id,
    }
}

fn event_type(event: EventType) -> AuthEventType {
    match event {
        EventType::SignedUp => AuthEventType::SignedUp,
        EventType::LoginSucceeded => AuthEventType::LoginSucceeded,
        EventType::LoginFailed => AuthEventType::LoginFailed,
        EventType::LoggedOut => AuthEventType::LoggedOut,
        EventType::RefreshReused => AuthEventType::RefreshReused,
        EventType::SessionRevoked => AuthEventType::SessionRevoked,
        EventType::PasswordChanged => AuthEventType::PasswordChanged,
        EventType::UserUpdated => AuthEventType::UserUpdated,
        EventType::UserImported => AuthEventType::UserImported,
        EventType::UserDisabled => AuthEventType::UserDisabled,
        EventType::UserEnabled => AuthEventType::UserEnabled,
        EventType::UserDeleted => AuthEventType::UserDeleted,
        EventType::RateLimited => AuthEventType::RateLimited,
        EventType::KeyRotated => AuthEventType::KeyRotated,
        EventType::KeyRevoked => AuthEventType::KeyRevoked,
        EventType::IdentityLinked => AuthEventType::IdentityLinked,
    }
}

pub(super) fn verdict(judged: &authn::Verdict) -> ValidateTokenResponse {
    let verdict = match judged {
        authn::Verdict::Accepted(caller) => Verdict::Caller((&**caller).into()),
        authn::Verdict::Rejected(reason) => Verdict::Rejection(pb::Rejection { reason: (*reason).into() }),
    };
    ValidateTokenResponse { verdict: Some(verdict) }
}

pub(super) fn revocation(revocation: revocations::Revocation) -> pb::Revocation {
    pb::Revocation {
        id: revocation.id.to_string(),
        subject: Some(revocation.subject.into()),
        expire_time: Some(timestamp(revocation.expire_time)),
    }
}

pub(super) fn deletion(deletion: &deletions::Deletion) -> UserDeletion {
    UserDeletion { user_id: deletion.user_id.to_string(), delete_time: Some(timestamp(deletion.delete_time)) }
}

/// The contract's word for a rejection.
pub(crate) fn rejection_reason(rejection: Rejection) -> RejectionReason {
    match rejection {
        Rejection::Malformed => RejectionReason::Malformed,
        Rejection::UnsupportedAlgorithm => RejectionReason::UnsupportedAlgorithm,
        Rejection::UnknownKey => RejectionReason::UnknownKey,
        Rejection::BadSignature => RejectionReason::BadSignature,
        Rejection::Expired => RejectionReason::Expired,
        Rejection::NotYetValid => RejectionReason::NotYetValid,
        Rejection::WrongIssuer => RejectionReason::WrongIssuer,
        Rejection::WrongAudience => RejectionReason::WrongAudience,
        Rejection::WrongType => RejectionReason::WrongType,
        Rejection::InvalidClaims => RejectionReason::InvalidClaims,
        Rejection::Revoked => RejectionReason::Revoked,
        Rejection::UserDisabled => RejectionReason::UserDisabled,
    }
}
