//! What the audit trail tells: what happened, to whom, and what caused it.

use authn::{SessionId, UserId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

macro_rules! names {
    ($(#[$attribute:meta])* $kind:ident { $($(#[$variant_attribute:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $kind {
            $($(#[$variant_attribute])* $variant,)+
        }

        impl $kind {
            /// As it is kept.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// As it was kept; nothing if it is not known here.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

names! {
    /// What happened.
    EventType {
        SignedUp = "SIGNED_UP",
        LoginSucceeded = "LOGIN_SUCCEEDED",
        LoginFailed = "LOGIN_FAILED",
        LoggedOut = "LOGGED_OUT",
        RefreshReused = "REFRESH_REUSED",
        SessionRevoked = "SESSION_REVOKED",
        PasswordChanged = "PASSWORD_CHANGED",
        UserUpdated = "USER_UPDATED",
        UserImported = "USER_IMPORTED",
        UserDisabled = "USER_DISABLED",
        UserEnabled = "USER_ENABLED",
        UserDeleted = "USER_DELETED",
        RateLimited = "RATE_LIMITED",
        KeyRotated = "KEY_ROTATED",
        KeyRevoked = "KEY_REVOKED",
        IdentityLinked = "IDENTITY_LINKED",
    }
}

names! {
    /// What kind of cause.
    Source {
        Rpc = "RPC",
        Command = "COMMAND",
        Service = "SERVICE",
    }
}

/// What caused an event: a call, a command of an administrator, or the service by itself.
#[derive(Clone, Debug)]
pub struct Origin {
    pub(crate) source: Source,
    pub(crate) ip_address: String,
    pub(crate) user_agent: String,
    pub(crate) request_id: String,
}

impl Origin {
    /// A command, by its name, for example `auth-service users disable`. It has no address, and an id of its own.
    pub(crate) fn command(name: &str) -> Self {
        Self::without_address(Source::Command, name)
    }

    /// A token of the issuer that has this name here, which anybody may have sent on.
    pub(crate) fn issuer(name: &str) -> Self {
        Self::without_address(Source::Service, name)
    }

    /// The service, whose settings say that it is time.
    pub(crate) fn service() -> Self {
        Self::without_address(Source::Service, "auth-service")
    }

    fn without_address(source: Source, name: &str) -> Self {
        Self { source, ip_address: String::new(), user_agent: name.to_owned(), request_id: Uuid::new_v4().to_string() }
    }
}

/// One row of the trail. During a rolling restart a newer release may have written it, with a type or a source that
/// this one does not know: that hides neither the row nor the others.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: Uuid,
    pub(crate) event_type: Option<EventType>,
    pub(crate) source: Option<Source>,
    pub(crate) ip_address: String,
    pub(crate) user_agent: String,
    pub(crate) request_id: String,
    pub(crate) count: i64,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) user_id: Option<UserId>,
    pub(crate) session_id: Option<SessionId>,
}
