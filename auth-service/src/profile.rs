//! What people do with their own account: change it, and delete it.

use authn::Caller;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::{
    accounts::Accounts,
    client::Call,
    error::{Error, Result},
    store::{Checked, Removal},
    token::Rejection,
    user::{DisplayName, User},
};

/// How long ago a token may have been issued that takes the place of a password.
const JUST_NOW: TimeDelta = TimeDelta::minutes(5);

impl Accounts {
    /// Changes the caller's name, if there is a new one.
    pub(crate) async fn update(&self, caller: &Caller, name: Option<DisplayName>, call: &Call) -> Result<User> {
        let user = self.user(caller.user_id).await?;
        match name {
            Some(name) if name.as_str() != user.display_name => {
                let renamed = self.store.rename(caller, &name, call, self.clock.now()).await?;
                renamed.ok_or(Error::Token(Rejection::Revoked))
            }
            _ => Ok(user),
        }
    }

    /// Deletes the caller for good.
    pub(crate) async fn delete(&self, caller: &Caller, password: &SecretString, call: &Call) -> Result<()> {
        let known = self.known(caller).await?;
        if known.password_hash.is_none() {
            return self.delete_person(caller, call).await;
        }
        let confirmed = self.confirm_password(caller, password, call).await?;
        let checked = Checked::Password(&confirmed.checked_hash);
        if self.remove(caller, checked, &confirmed.admitted.address.account, call).await? {
            return Ok(());
        }
        // Meanwhile the user was deleted, or got another password.
        self.user(caller.user_id).await?;
        self.refuse(caller, call).await
    }

    /// Deletes somebody whom other issuers know, and whom one of them has just let in.
    async fn delete_person(&self, caller: &Caller, call: &Call) -> Result<()> {
        let issue_time = DateTime::<Utc>::from(caller.issue_time);
        if caller.session_id.is_some() || issue_time < self.clock.now() - JUST_NOW {
            return Err(Error::NoPassword);
        }
        let account = self.limiter.address(&caller.user_id.to_string(), call).account;
        match self.remove(caller, Checked::NoPassword, &account, call).await? {
            true => Ok(()),
            false => Err(Error::Token(Rejection::Revoked)),
        }
    }

    async fn remove(&self, caller: &Caller, checked: Checked<'_>, account: &str, call: &Call) -> Result<bool> {
        let now = self.clock.now();
        // The token at hand must not bring the user back, even if its issuer's clock is ahead.
        let refuse_up_to = match caller.session_id {
            Some(_) => now,
            None => now.max(caller.issue_time.into()),
        };
        let removal = Removal {
            user: caller.user_id,
            checked,
            former: &self.former,
            refuse_up_to,
            account,
            origin: &call.origin,
            deadline: call.deadline,
        };
        self.store.delete_user(&removal, now).await
    }
}
