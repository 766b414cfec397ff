//! Showing the password again, and replacing it.

use authn::Caller;
use secrecy::SecretString;
use service_runtime::status::Violations;

use super::Accounts;
use crate::{
    client::Call,
    error::{Error, Result},
    hashing::{Finding, Place},
    limiter::Admitted,
    password::{ContextWords, Password},
    store::{Credentials, Replacement},
    token::Rejection,
    user::User,
};

/// What somebody who replaces a password says.
pub(crate) struct PasswordChange {
    pub(crate) current: SecretString,
    pub(crate) new: SecretString,
    pub(crate) revoke_other_sessions: bool,
}

/// The caller has shown the right password. What is done then is done on condition that `checked_hash` is still kept,
/// and takes back what was `admitted`, in one transaction.
pub(crate) struct Confirmed {
    pub(crate) checked_hash: String,
    pub(crate) admitted: Admitted,
}

/// The password was right, by this hash; it may be worth another one.
pub(super) struct Right {
    pub(super) checked_hash: String,
    pub(super) new_hash: Option<String>,
}

impl Accounts {
    /// Makes sure that the caller knows the caller's password.
    ///
    /// # Errors
    /// `Overloaded` at once when too many passwords are checked, `RateLimited`, `NoPassword`; `InvalidCredentials` when
    /// it is another password, which is written down.
    pub(crate) async fn confirm_password(
        &self,
        caller: &Caller,
        password: &SecretString,
        call: &Call,
    ) -> Result<Confirmed> {
        let mut place = self.hashes.place()?;
        let (known, admitted) = self.admit(caller, call).await?;
        let checked_hash = self.confirm(&mut place, caller, &known, password, call).await?;
        Ok(Confirmed { checked_hash, admitted })
    }

    /// Replaces the caller's password.
    pub(crate) async fn change_password(&self, caller: &Caller, change: &PasswordChange, call: &Call) -> Result<()> {
        let mut place = self.hashes.place()?;
        let (known, admitted) = self.admit(caller, call).await?;
        let new = self.examine_new(&mut place, change, &known.user, call).await?;
        let checked_hash = self.confirm(&mut place, caller, &known, &change.current, call).await?;
        let new_hash = place.hash(&new, call.deadline).await?;
        let hashes = Replacement { checked: &checked_hash, new: Some(&new_hash) };
        let (end_others, now) = (change.revoke_other_sessions, self.clock.now());
        match self.store.change_password(caller, hashes, end_others, &admitted, (call, now)).await? {
            true => Ok(()),
            false => self.refuse(caller, call).await,
        }
    }

    /// Checks a password against what is known of an account, or against nothing. The answer takes the same time for
    /// every account.
    pub(super) async fn check(
        &self,
        place: &mut Place,
        known: Option<&Credentials>,
        password: &SecretString,
        call: &Call,
    ) -> Result<Option<Right>> {
        let kept = self.store.hash_schemes().await?;
        let password = Password::new(password);
        let hash = known.and_then(|known| known.password_hash.as_deref()).filter(|_| !password.is_too_long());
        let checked = place.check(&password, hash, kept, call.deadline).await?;
        match (checked.tell().await, hash) {
            (Finding::Right { new_hash }, Some(hash)) => Ok(Some(Right { checked_hash: hash.to_owned(), new_hash })),
            _ => Ok(None),
        }
    }

    /// What is known of a caller. One who is gone or disabled since the token was looked at has no session either.
    pub(crate) async fn known(&self, caller: &Caller) -> Result<Credentials> {
        let known = self.store.credentials_of(caller.user_id).await?;
        known.filter(|known| !known.disabled).ok_or(Error::Token(Rejection::Revoked))
    }

    /// Counts an attempt to show the caller's password.
    async fn admit(&self, caller: &Caller, call: &Call) -> Result<(Credentials, Admitted)> {
        let known = self.known(caller).await?;
        let id = known.user.id.to_string();
        let admitted = self.limiter.admit_password(known.email_key.as_deref().unwrap_or(&id), call).await?;
        Ok((known, admitted))
    }

    async fn confirm(
        &self,
        place: &mut Place,
        caller: &Caller,
        known: &Credentials,
        password: &SecretString,
        call: &Call,
    ) -> Result<String> {
        if known.password_hash.is_none() {
            return Err(Error::NoPassword);
        }
        match self.check(place, Some(known), password, call).await? {
            Some(right) => Ok(right.checked_hash),
            None => self.refuse(caller, call).await,
        }
    }

    /// Writes down that the caller does not know the password.
    pub(crate) async fn refuse<T>(&self, caller: &Caller, call: &Call) -> Result<T> {
        let (user, session) = (Some(caller.user_id), caller.session_id);
        self.store.record_refused_login(user, session, call, self.clock.now()).await?;
        Err(Error::InvalidCredentials)
    }

    async fn examine_new(
        &self,
        place: &mut Place,
        change: &PasswordChange,
        user: &User,
        call: &Call,
    ) -> Result<Password> {
        let new = Password::new(&change.new);
        let context = ContextWords::of(user.email.as_deref(), &user.display_name);
        let mut violations = Violations::default();
        let mut broken = place.examine(&new, &self.policy, context, call.deadline).await?;
        // What was typed is compared, which tells nothing about the password that is kept.
        if new.is(&Password::new(&change.current)) {
            broken.push("must be another than the current one");
        }
        broken.into_iter().for_each(|rule| violations.add("new_password", rule));
        if violations.is_empty() { Ok(new) } else { Err(Error::Invalid(violations)) }
    }
}
