//! Between protobuf and the domain.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use proto::auth::v1::{RejectionReason, Tokens, User, ValidateTokenResponse, validate_token_response::Verdict};

use crate::{
    accounts::SignedIn,
    token::{AccessToken, Rejection},
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

impl From<AccessToken> for Tokens {
    fn from(token: AccessToken) -> Self {
        Self {
            access_token: token.text,
            token_type: "Bearer".to_owned(),
            access_token_expire_time: Some(timestamp(token.expire_time)),
        }
    }
}

impl SignedIn {
    pub(super) fn into_parts(self) -> (Option<User>, Option<Tokens>) {
        (Some(self.user.into()), Some(self.token.into()))
    }
}

pub(super) fn verdict(judged: Result<authn::Caller, Rejection>) -> ValidateTokenResponse {
    let verdict = match judged {
        Ok(caller) => Verdict::Caller((&caller).into()),
        Err(rejection) => Verdict::Rejection(proto::auth::v1::Rejection { reason: rejection_reason(rejection).into() }),
    };
    ValidateTokenResponse { verdict: Some(verdict) }
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
    }
}
