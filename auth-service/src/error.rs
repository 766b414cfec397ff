//! Everything that can go wrong, and what a caller is told of it.

use std::time::Duration;

use proto::auth::v1::ErrorReason;
use sea_orm::DbErr;
use service_runtime::status::{self, Refusal, Violations};
use tonic::{Code, Status};

use crate::{grpc::rejection_reason, token::Rejection};

/// The `domain` of every `ErrorInfo` of this service.
pub(crate) const DOMAIN: &str = "auth.duet";

/// How long to wait for a thread that hashes passwords, for a place, or for the database.
const RETRY_DELAY: Duration = Duration::from_secs(1);

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call is refused. What caused it is logged, never shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields broke rules.
    #[error("fields broke rules")]
    Invalid(Violations),
    /// Another user has the address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Wrong e-mail or password.
    #[error("wrong e-mail or password")]
    InvalidCredentials,
    /// The password is right, but the user is disabled.
    #[error("the user is disabled")]
    UserDisabled,
    /// There is no password to check.
    #[error("the user has no password")]
    NoPassword,
    /// The refresh token is not good.
    #[error("the refresh token is refused")]
    RefreshTokenInvalid,
    /// The page may not have a refresh token in a cookie.
    #[error("the origin is not allowed")]
    OriginNotAllowed,
    /// The caller has no such session.
    #[error("no such session")]
    SessionNotFound,
    /// The page token is not good.
    #[error("the page token is refused")]
    PageTokenInvalid,
    /// The cursor leads past the end.
    #[error("the cursor leads past the end")]
    CursorExpired,
    /// A message that does not belong there; the text says which does.
    #[error("a message does not belong there: {0}")]
    Malformed(&'static str),
    /// As many watch as may.
    #[error("too many watch")]
    TooManyWatchers,
    /// The database has not answered for so long that nothing can be vouched for.
    #[error("the database does not answer")]
    DatabaseSilent,
    /// The keys of a token's issuer cannot be had.
    #[error("the keys of the token's issuer cannot be had")]
    IssuerUnavailable,
    /// Too many attempts.
    #[error("too many attempts")]
    RateLimited {
        /// When the next one is let in.
        retry_after: Duration,
    },
    /// Too many hashes wait.
    #[error("too many password hashes wait")]
    Overloaded,
    /// The caller waits no longer.
    #[error("the deadline has passed")]
    DeadlineExceeded,
    /// The bearer token is not good.
    #[error("the token is refused")]
    Token(Rejection),
    /// Attempts cannot be counted, so none is let in.
    #[error("the attempts cannot be counted")]
    LimiterUnreadable(#[source] DbErr),
    /// The database.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// Our own fault.
    #[error("internal")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let refuse = |code, reason: ErrorReason, message| Refusal::new(DOMAIN, code, reason.reason(), message);
        match error {
            Error::Invalid(violations) => violations.into_status(DOMAIN),
            Error::EmailTaken => {
                let message = "the e-mail address belongs to another user; log in";
                refuse(Code::AlreadyExists, ErrorReason::EmailTaken, message).into()
            }
            Error::InvalidCredentials => {
                refuse(Code::Unauthenticated, ErrorReason::InvalidCredentials, "wrong e-mail or password").into()
            }
            Error::UserDisabled => {
                let message = "an administrator has disabled this user";
                refuse(Code::PermissionDenied, ErrorReason::UserDisabled, message).into()
            }
            Error::NoPassword => {
                let message = "the user logs in without a password, so there is none to check";
                refuse(Code::FailedPrecondition, ErrorReason::NoPassword, message).into()
            }
            Error::RefreshTokenInvalid => {
                let message = "the refresh token cannot be accepted; log in again";
                refuse(Code::Unauthenticated, ErrorReason::RefreshTokenInvalid, message).into()
            }
            Error::OriginNotAllowed => {
                let message = "the cookie of a refresh token is for pages of this installation; AUTH_BROWSER_ORIGINS \
                               names their origins, and `origin` is none of them";
                refuse(Code::PermissionDenied, ErrorReason::OriginNotAllowed, message).into()
            }
            Error::SessionNotFound => refuse(Code::NotFound, ErrorReason::SessionNotFound, "no such session").into(),
            Error::PageTokenInvalid => {
                let message = "the page token is not one of this list; begin with the first page";
                refuse(Code::InvalidArgument, ErrorReason::PageTokenInvalid, message).into()
            }
            Error::CursorExpired => {
                let message = "the cursor leads past the end of what is known; begin with an empty one";
                refuse(Code::OutOfRange, ErrorReason::CursorExpired, message).into()
            }
            Error::Malformed(message) => refuse(Code::InvalidArgument, ErrorReason::RequestMalformed, message).into(),
            Error::TooManyWatchers => {
                let message = "too many watch at once; try another replica, or again";
                refuse(Code::ResourceExhausted, ErrorReason::Overloaded, message).retry_after(RETRY_DELAY).into()
            }
            Error::DatabaseSilent => {
                let message = "the database does not answer; try again";
                refuse(Code::Unavailable, ErrorReason::DatabaseUnavailable, message).retry_after(RETRY_DELAY).into()
            }
            Error::IssuerUnavailable => {
                let message = "the token's issuer cannot be reached; try again";
                refuse(Code::Unavailable, ErrorReason::IssuerUnavailable, message).retry_after(RETRY_DELAY).into()
            }
            Error::RateLimited { retry_after } => {
                let message = "too many attempts; wait for the delay that is given";
                refuse(Code::ResourceExhausted, ErrorReason::RateLimited, message).retry_after(retry_after).into()
            }
            Error::Overloaded => {
                let message = "too many people log in at once; try again";
                refuse(Code::ResourceExhausted, ErrorReason::Overloaded, message).retry_after(RETRY_DELAY).into()
            }
            Error::DeadlineExceeded => {
                refuse(Code::DeadlineExceeded, ErrorReason::DeadlineExceeded, "the deadline has passed").into()
            }
            Error::Token(rejection) => authn::rejection_status(rejection_reason(rejection)),
            // Whatever keeps the attempts from being counted, callers may try again later.
            Error::LimiterUnreadable(cause) => status::unavailable(DOMAIN, &cause),
            Error::Database(cause) => status::database(DOMAIN, &cause),
            Error::Internal(cause) => status::internal(DOMAIN, &*cause),
        }
    }
}
