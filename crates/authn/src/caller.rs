//! Who calls.

use std::{fmt, str::FromStr, sync::Arc, time::SystemTime};

use http::Extensions;
use proto::auth::v1 as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::refusal;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The UUID itself.
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id!(
    /// Names a user.
    UserId
);
id!(
    /// Names a session of a user.
    SessionId
);

/// Whose token a call carries, and what the token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The session that the token belongs to; none, if another issuer gave it.
    pub session_id: Option<SessionId>,
    /// Who issued the token.
    pub issuer: String,
    /// Whom the issuer calls by this name.
    pub subject: String,
    /// The software that the token was issued to.
    pub client_id: String,
    /// The key that signed the token; empty, if it is another issuer's.
    pub key_id: String,
    /// What the token allows.
    pub scopes: Vec<String>,
    /// When the token was issued.
    pub issue_time: SystemTime,
    /// From then on the token is refused.
    pub expire_time: SystemTime,
}

impl Caller {
    /// The caller of a request that came through the layer.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it did not: the handler fails closed.
    pub fn of<T>(request: &Request<T>) -> Result<Arc<Self>, Status> {
        Self::of_extensions(request.extensions())
    }

    fn of_extensions(extensions: &Extensions) -> Result<Arc<Self>, Status> {
        extensions.get().cloned().ok_or_else(refusal::token_missing)
    }

    /// Whether the token allows `scope`.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|held| held == scope)
    }
}

impl From<&Caller> for pb::Caller {
    fn from(caller: &Caller) -> Self {
        Self {
            principal: Some(pb::caller::Principal::User(pb::UserPrincipal {
                user_id: caller.user_id.to_string(),
                session_id: caller.session_id.map(|session| session.to_string()).unwrap_or_default(),
            })),
            issuer: caller.issuer.clone(),
            subject: caller.subject.clone(),
            client_id: caller.client_id.clone(),
            key_id: caller.key_id.clone(),
            scopes: caller.scopes.clone(),
            issue_time: Some(caller.issue_time.into()),
            expire_time: Some(caller.expire_time.into()),
        }
    }
}

impl TryFrom<pb::Caller> for Caller {
    type Error = MalformedCaller;

    fn try_from(caller: pb::Caller) -> Result<Self, MalformedCaller> {
        let pb::caller::Principal::User(user) = caller.principal.ok_or(MalformedCaller)?;
        let time = |time: Option<_>| SystemTime::try_from(time.ok_or(MalformedCaller)?).map_err(|_| MalformedCaller);
        let session_id = match user.session_id.as_str() {
            "" => None,
            session => Some(session.parse().map_err(|_| MalformedCaller)?),
        };
        Ok(Self {
            user_id: user.user_id.parse().map_err(|_| MalformedCaller)?,
            session_id,
            issuer: caller.issuer,
            subject: caller.subject,
            client_id: caller.client_id,
            key_id: caller.key_id,
            scopes: caller.scopes,
            issue_time: time(caller.issue_time)?,
            expire_time: time(caller.expire_time)?,
        })
    }
}

/// An answer of auth-service that does not say who calls.
#[derive(Debug)]
pub struct MalformedCaller;
