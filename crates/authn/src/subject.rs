//! What a revocation is about.

use std::{sync::Arc, time::SystemTime};

use proto::auth::v1::revocation as pb;

use crate::{Caller, SessionId, TokenHash, UserId};

/// What is good no longer, and with it every token that it touches. A token is touched by its session and by the key
/// that signed it, if it is of auth-service's own; if it is another issuer's, by itself, its user and its issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A session.
    Session(SessionId),
    /// A signing key, by its `kid`.
    Key(Arc<str>),
    /// A token.
    Token(TokenHash),
    /// What other issuers gave a user up to a time.
    User {
        /// The user.
        user_id: UserId,
        /// Tokens are touched whose `iat` is not later.
        not_before: SystemTime,
    },
    /// What another issuer gave anybody up to a time.
    Issuer {
        /// As the [`Caller`] names it.
        issuer: Arc<str>,
        /// Tokens are touched whose `iat` is not later.
        not_before: SystemTime,
    },
}

/// What a token depends on; whoever waits for its end waits for news of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ground {
    Session(SessionId),
    Key(Arc<str>),
    Token(TokenHash),
    User(UserId),
    Issuer(Arc<str>),
}

impl Subject {
    /// What it is news of.
    pub(crate) fn ground(&self) -> Ground {
        match self {
            Self::Session(session) => Ground::Session(*session),
            Self::Key(key) => Ground::Key(Arc::clone(key)),
            Self::Token(token) => Ground::Token(*token),
            Self::User { user_id, .. } => Ground::User(*user_id),
            Self::Issuer { issuer, .. } => Ground::Issuer(Arc::clone(issuer)),
        }
    }
}

impl Ground {
    /// All that a caller's token depends on.
    pub(crate) fn all_of(caller: &Caller, token: Option<TokenHash>) -> Vec<Self> {
        match caller.session_id {
            Some(session) => vec![Self::Session(session), Self::Key(caller.key_id.as_str().into())],
            None => {
                let others = [Self::User(caller.user_id), Self::Issuer(caller.issuer.as_str().into())];
                others.into_iter().chain(token.map(Self::Token)).collect()
            }
        }
    }
}

impl From<Subject> for pb::Subject {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Session(session) => Self::SessionId(session.to_string()),
            Subject::Key(key) => Self::KeyId(key.to_string()),
            Subject::Token(token) => Self::TokenHash(token.as_bytes().to_vec()),
            Subject::User { user_id, not_before } => {
                Self::User(pb::User { user_id: user_id.to_string(), not_before: Some(not_before.into()) })
            }
            Subject::Issuer { issuer, not_before } => {
                Self::Issuer(pb::Issuer { issuer: issuer.to_string(), not_before: Some(not_before.into()) })
            }
        }
    }
}

impl Subject {
    /// As the contract has it; nothing, if it is not well-formed.
    pub(crate) fn read(subject: &pb::Subject) -> Option<Self> {
        Some(match subject {
            pb::Subject::SessionId(session) => Self::Session(session.parse().ok()?),
            pb::Subject::KeyId(key) => Self::Key(key.as_str().into()),
            pb::Subject::TokenHash(token) => Self::Token(token.as_slice().try_into().ok()?),
            pb::Subject::User(user) => {
                let not_before = user.not_before?.try_into().ok()?;
                Self::User { user_id: user.user_id.parse().ok()?, not_before }
            }
            pb::Subject::Issuer(issuer) => {
                let not_before = issuer.not_before?.try_into().ok()?;
                Self::Issuer { issuer: issuer.issuer.as_str().into(), not_before }
            }
        })
    }
}
