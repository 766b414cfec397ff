//! People's accounts as administrators look after them.

use std::{fmt, str::FromStr, time::Duration};

use authn::UserId;
use chrono::{DateTime, Utc};
use service_runtime::{clock::Clock, deadline::Deadline};

use crate::{
    email::Email,
    error::Result,
    event::Origin,
    identities::FormerNames,
    limiter::Names,
    store::{Checked, Removal, Store, UserFilter},
    user::User,
};

/// How long a command waits for others to make way.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// By what an administrator names a user.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum UserName {
    /// By the id.
    Id(UserId),
    /// By the address, in any case.
    Email(Email),
}

impl FromStr for UserName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains('@') {
            return Email::parse(text).map(Self::Email).map_err(|rules| format!("the address {}", rules.join(", ")));
        }
        text.parse().map(Self::Id).map_err(|_| "it is neither an id (a UUID) nor an e-mail address".to_owned())
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(formatter, "{id}"),
            Self::Email(email) => email.fmt(formatter),
        }
    }
}

/// A user as an administrator sees one.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) user: User,
    /// Since when the user cannot log in.
    pub(crate) disable_time: Option<DateTime<Utc>>,
    /// What the user logs in with.
    pub(crate) email_key: Option<String>,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was made, and so many sessions ended.
    Made(usize),
    /// It had been made before.
    MadeBefore,
    /// There is no such user.
    NoSuchUser,
}

/// All users.
pub(crate) struct Users {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl Users {
    /// The user of that name.
    pub(crate) async fn find(&self, name: &UserName) -> Result<Option<Account>> {
        self.store.account(name).await
    }

    /// Some of the users that the filter lets through, the oldest first, behind the one named; none at the end.
    pub(crate) async fn page(&self, filter: &UserFilter, after: Option<UserId>) -> Result<Vec<Account>> {
        self.store.accounts_after(filter, after).await
    }

    /// Keeps a user from logging in, and ends every session.
    pub(crate) async fn disable(&self, user: UserId, origin: &Origin) -> Result<Change> {
        self.store.set_disabled(user, true, origin, &self.clock).await
    }

    /// Lets a user log in again. No session comes back.
    pub(crate) async fn enable(&self, user: UserId, origin: &Origin) -> Result<Change> {
        self.store.set_disabled(user, false, origin, &self.clock).await
    }

    /// Deletes a user for good, and tells whether there was one. `names` are those of the limits and of the identities.
    pub(crate) async fn delete(
        &self,
        account: &Account,
        (names, former): &(Names, FormerNames),
        origin: &Origin,
    ) -> Result<bool> {
        let (user, now) = (account.user.id, self.clock.now());
        let id = user.to_string();
        let removal = Removal {
            user,
            checked: Checked::Nothing,
            former,
            refuse_up_to: now,
            account: &names.account(account.email_key.as_deref().unwrap_or(&id)),
            origin,
            deadline: Deadline::within(PATIENCE),
        };
        self.store.delete_user(&removal, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_id_or_address() {
        let id = "0190b0b0-0000-7000-8000-00000000002a";
        assert_eq!(id.parse(), Ok(UserName::Id(id.parse().unwrap())));
        assert_eq!("Ada@example.org".parse(), Ok(UserName::Email(Email::parse("Ada@example.org").unwrap())));
        for malformed in ["", "ada", "ada@", "a@b@c", "0190b0b0"] {
            assert!(malformed.parse::<UserName>().is_err(), "{malformed}");
        }
        assert!(!format!("{:?}", "ada@example.org".parse::<UserName>()).contains("ada"));
    }
}
