//! Who a person of another issuer is here.
//!
//! A person is known by a source and the name that this has for the person, and becomes a user when seen for the first
//! time. What else an issuer says is shown and never looked for: whoever signed up here with the same address before is
//! somebody else. A user who was made so has neither a password nor an address to log in with.

use std::fmt;

use authn::UserId;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use service_runtime::sealed::HashingKey;

use crate::{
    error::{Error, Result},
    issuers::{Identity, Person},
    store::{FirstSight, Store},
    token::Rejection,
};

/// Finds the users of other issuers.
pub(crate) struct Identities {
    store: Store,
    former: FormerNames,
}

impl Identities {
    pub(crate) fn new(store: Store, former: FormerNames) -> Self {
        Self { store, former }
    }

    /// The user that a person is who shows a token of that time; a new one at first sight.
    ///
    /// # Errors
    /// `Token` with `UserDisabled`; with `Revoked` for a token of a time before the person's former user was deleted.
    pub(crate) async fn user(&self, person: &Person, issue_time: DateTime<Utc>, now: DateTime<Utc>) -> Result<UserId> {
        loop {
            if let Some(known) = self.store.identity(&person.identity).await? {
                return match known {
                    known if known.not_before.is_some_and(|deleted| issue_time <= deleted) => {
                        Err(Error::Token(Rejection::Revoked))
                    }
                    known if known.disabled => Err(Error::Token(Rejection::UserDisabled)),
                    known => Ok(known.user_id),
                };
            }
            match self.store.link(person, &self.former.of(&person.identity), issue_time, now).await? {
                FirstSight::Made(user) => return Ok(user),
                FirstSight::Deleted => return Err(Error::Token(Rejection::Revoked)),
                FirstSight::Raced => {}
            }
        }
    }
}

/// What is remembered of the identities of deleted users: names that tell nothing to whoever lacks the key.
#[derive(Clone, Debug)]
pub(crate) struct FormerNames(HashingKey);

/// What is remembered of one identity.
pub(crate) struct FormerName(String);

impl FormerNames {
    /// Under this installation's key.
    pub(crate) fn new(key: HashingKey) -> Self {
        Self(key)
    }

    pub(crate) fn of(&self, identity: &Identity) -> FormerName {
        // No source has this character, so no two identities are one text.
        let text = format!("{}\n{}", identity.source, identity.subject);
        FormerName(BASE64_URL_SAFE_NO_PAD.encode(self.0.hash(text.as_bytes())))
    }
}

impl FormerName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FormerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FormerName")
    }
}
