//! Signing up and logging in, and what people change about themselves.

mod passwords;

use std::sync::Arc;

use authn::UserId;
use secrecy::SecretString;
use service_runtime::{clock::Clock, status::Violations};

use crate::{
    client::Call,
    email::Email,
    error::{Error, Result},
    hashing::{HashPool, Place},
    identifier::new_id,
    identities::FormerNames,
    limiter::Limiter,
    password::{ContextWords, Password, PasswordPolicy},
    sessions::{Delivery, Sessions, TokenPair},
    store::{NewAccount, Replacement, Store},
    token::Rejection,
    user::{DisplayName, User},
};

pub(crate) use passwords::PasswordChange;
use passwords::Right;

/// What somebody who signs up says.
pub(crate) struct Application {
    pub(crate) email: String,
    pub(crate) password: SecretString,
    pub(crate) display_name: String,
}

/// A user in a new session.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) tokens: TokenPair,
}

/// People's accounts.
pub(crate) struct Accounts {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) hashes: HashPool,
    pub(crate) policy: Arc<PasswordPolicy>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) former: FormerNames,
}

impl Accounts {
    /// Makes a user and logs it in.
    pub(crate) async fn sign_up(&self, application: Application, delivery: &Delivery, call: &Call) -> Result<SignedIn> {
        let mut place = self.hashes.place()?;
        self.limiter.admit_sign_up(call).await?;
        let (email, password, display_name) = self.examine(&mut place, application, call).await?;
        let password_hash = place.hash(&password, call.deadline).await?;
        let now = self.clock.now();
        let id = UserId::from(new_id(now));
        let (session, tokens) = self.sessions.begin(id, delivery, now).await?;
        let address = self.limiter.address(email.key(), call);
        let account = NewAccount { id, email, display_name, password_hash };
        let user = self.store.sign_up(account, &session, &address, call).await?;
        Ok(SignedIn { user, tokens })
    }

    /// Begins a session. An unknown address, a wrong password and a user without one are one case, which takes one
    /// time.
    pub(crate) async fn log_in(
        &self,
        email: &str,
        password: &SecretString,
        delivery: &Delivery,
        call: &Call,
    ) -> Result<SignedIn> {
        let mut place = self.hashes.place()?;
        let email = Email::parse(email).map_err(|_| email);
        let account = email.as_ref().map_or_else(|given| *given, Email::key);
        let admitted = self.limiter.admit_password(account, call).await?;
        let known = match &email {
            Ok(email) => self.store.credentials(email).await?,
            Err(_) => None,
        };
        let right = self.check(&mut place, known.as_ref(), password, call).await?;
        let user = known.as_ref().map(|known| known.user.id);
        let (Some(known), Some(Right { checked_hash, new_hash })) = (known, right) else {
            self.store.record_refused_login(user, None, call, self.clock.now()).await?;
            return Err(Error::InvalidCredentials);
        };
        let hashes = Replacement { checked: &checked_hash, new: new_hash.as_deref() };
        let (session, tokens) = self.sessions.begin(known.user.id, delivery, self.clock.now()).await?;
        let user = match known.disabled {
            false => self.store.log_in(known.user.id, hashes, &session, &admitted, call).await?,
            true => None,
        };
        match user {
            Some(user) => Ok(SignedIn { user, tokens }),
            None => {
                self.store.record_refused_login(Some(known.user.id), None, call, self.clock.now()).await?;
                Err(if known.disabled { Error::UserDisabled } else { Error::InvalidCredentials })
            }
        }
    }

    /// A user who has been let in. One who is gone since then has no session either.
    pub(crate) async fn user(&self, id: UserId) -> Result<User> {
        self.store.user(id).await?.ok_or(Error::Token(Rejection::Revoked))
    }

    async fn examine(
        &self,
        place: &mut Place,
        application: Application,
        call: &Call,
    ) -> Result<(Email, Password, DisplayName)> {
        let password = Password::new(&application.password);
        let email = Email::parse(&application.email);
        let name = DisplayName::parse(application.display_name);
        let known_email = email.as_ref().map(Email::address).ok();
        let context = ContextWords::of(known_email, name.as_ref().map_or("", DisplayName::as_str));
        let broken = place.examine(&password, &self.policy, context, call.deadline).await?;
        let mut violations = Violations::default();
        email.as_ref().err().into_iter().flatten().for_each(|rule| violations.add("email", *rule));
        broken.into_iter().for_each(|rule| violations.add("password", rule));
        name.as_ref().err().into_iter().flatten().for_each(|rule| violations.add("display_name", *rule));
        match (email, name) {
            (Ok(email), Ok(name)) if violations.is_empty() => Ok((email, password, name)),
            _ => Err(Error::Invalid(violations)),
        }
    }
}
