//! What a caller is told who is not let in.

use std::time::Duration;

use http::{HeaderMap, header::AUTHORIZATION};
use proto::auth::v1::{ErrorReason, RejectionReason};
use service_runtime::status::Refusal;
use tonic::{Code, Status};

/// The domain of every refusal that concerns who calls, in whatever service.
pub const DOMAIN: &str = "auth.duet";

/// The token of `authorization: Bearer …` (RFC 6750; the scheme in any case).
///
/// # Errors
/// TOKEN_MISSING without the header, TOKEN_INVALID with another scheme, more than one header, or anything but visible
/// ASCII.
pub fn bearer_token(headers: &HeaderMap) -> Result<&str, Status> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(token_missing)?;
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty())
        .map(|(_, token)| token.trim());
    match (token, values.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(unauthenticated(ErrorReason::TokenInvalid, "the authorization header must be one `Bearer <token>`")),
    }
}

/// What a rejected token is answered with.
pub fn rejection_status(reason: RejectionReason) -> Status {
    match reason {
        RejectionReason::Expired => unauthenticated(ErrorReason::TokenExpired, "the token has expired; log in again"),
        RejectionReason::Revoked | RejectionReason::UserDisabled => {
            unauthenticated(ErrorReason::TokenRevoked, "the token has been revoked; log in again")
        }
        _ => unauthenticated(ErrorReason::TokenInvalid, "the token cannot be accepted; log in again"),
    }
}

pub(crate) fn token_missing() -> Status {
    unauthenticated(ErrorReason::TokenMissing, "this call needs `authorization: Bearer <token>`; log in to get one")
}

pub(crate) fn auth_unavailable() -> Status {
    refusal(Code::Unavailable, ErrorReason::AuthUnavailable, "who calls cannot be told now; try again")
        .retry_after(Duration::from_secs(1))
        .into()
}

pub(crate) fn scope_missing(scope: &str) -> Status {
    refusal(Code::PermissionDenied, ErrorReason::ScopeMissing, format!("the token lacks the scope {scope}"))
        .metadata("scope", scope)
        .into()
}

pub(crate) fn access_denied() -> Status {
    refusal(Code::PermissionDenied, ErrorReason::AccessDenied, "this RPC cannot be called on this port").into()
}

pub(crate) fn method_unknown() -> Status {
    refusal(Code::Unimplemented, ErrorReason::MethodUnknown, "this port serves no such RPC").into()
}

fn unauthenticated(reason: ErrorReason, message: &str) -> Status {
    refusal(Code::Unauthenticated, reason, message).into()
}

fn refusal(code: Code, reason: ErrorReason, message: impl Into<String>) -> Refusal {
    Refusal::new(DOMAIN, code, reason.reason(), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_exactly_one_bearer_token() {
        let token = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            bearer_token(&headers).map(str::to_owned).map_err(|status| status.code())
        };
        assert_eq!(token(&["Bearer abc"]), Ok("abc".to_owned()));
        assert_eq!(token(&["bearer  abc "]), Ok("abc".to_owned()));
        for refused in [&[][..], &["Bearer"], &["Bearer "], &["Basic abc"], &["abc"], &["Bearer a", "Bearer b"]] {
            assert_eq!(token(refused), Err(Code::Unauthenticated), "{refused:?}");
        }
    }
}
