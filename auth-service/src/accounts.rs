//! Signing up, logging in and out.

use std::sync::Arc;

use authn::{SessionId, UserId};
use secrecy::SecretString;
use service_runtime::{clock::Clock, status::Violations};

use crate::{
    client::Call,
    email::Email,
    error::{Error, Result},
    hasher::Verdict,
    hashing::HashPool,
    identifier::new_id,
    limiter::{Attempt, Limiter},
    password::{Password, PasswordPolicy},
    settings::TokenSettings,
    signing::SigningKeys,
    store::{Credentials, NewAccount, NewSession, Store},
    token::{AccessToken, Rejection},
    user::{DisplayName, User},
};

/// What somebody who signs up says.
pub(crate) struct Application {
    pub(crate) email: String,
    pub(crate) password: SecretString,
    pub(crate) display_name: String,
}

/// A user in a new session.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) token: AccessToken,
}

/// People's accounts.
pub(crate) struct Accounts {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) hashes: HashPool,
    pub(crate) policy: PasswordPolicy,
    pub(crate) tokens: TokenSettings,
    pub(crate) keys: Arc<SigningKeys>,
}

impl Accounts {
    /// Makes a user and logs it in.
    pub(crate) async fn sign_up(&self, application: Application, call: &Call) -> Result<SignedIn> {
        self.limiter.admit(Attempt::SignUp, call).await?;
        let (email, password, display_name) = self.examine(application)?;
        let password_hash = self.hashes.hash(&password, call.deadline).await?;
        let session = self.new_session();
        let id = UserId::from(new_id(session.create_time));
        let token = self.issue(id, &session)?;
        let account = NewAccount { id, email, display_name, password_hash };
        let user = self.store.sign_up(account, &session, call).await?;
        Ok(SignedIn { user, token })
    }

    /// Begins a session. An unknown address and a wrong password are one case, which takes one time.
    pub(crate) async fn log_in(&self, email: &str, password: &SecretString, call: &Call) -> Result<SignedIn> {
        self.limiter.admit(Attempt::Password, call).await?;
        let known = match Email::parse(email) {
            Ok(email) => self.store.credentials(&email).await?,
            Err(_) => None,
        };
        let password = Password::new(password);
        let hash = known.as_ref().and_then(|known| known.password_hash.as_deref()).filter(|_| !password.is_too_long());
        let verdict = self.hashes.verify(&password, hash, call.deadline).await?;
        let user = known.as_ref().map(|known| known.user_id);
        let (Some(Credentials { user_id, .. }), Some(hash), Verdict::Right | Verdict::RightButWeak) =
            (known.as_ref(), hash, verdict)
        else {
            self.store.record_refused_login(user, call, self.clock.now()).await?;
            return Err(Error::InvalidCredentials);
        };
        let new_hash = self.stronger(verdict, &password, call).await;
        let session = self.new_session();
        let token = self.issue(*user_id, &session)?;
        let user = self.store.log_in(*user_id, (hash, new_hash), &session, call).await?;
        Ok(SignedIn { user: user.ok_or(Error::InvalidCredentials)?, token })
    }

    /// Ends the session of a token, which need not be good for anything else any more.
    pub(crate) async fn log_out(&self, token: &str, call: &Call) -> Result<()> {
        let now = self.clock.now();
        let unverified = self.tokens.read(token).map_err(Error::Token)?;
        let key = self.keys.find(&unverified.kid).await?.ok_or(Error::Token(Rejection::UnknownKey))?;
        let grant = unverified.verify(&key, &self.tokens, &self.tokens.audience, now).map_err(Error::Token)?;
        self.store.end_session(grant.user_id, grant.session_id, call, now).await
    }

    /// A user who has been let in. One who is gone since then has no session either.
    pub(crate) async fn user(&self, id: UserId) -> Result<User> {
        self.store.user(id).await?.ok_or(Error::Token(Rejection::Revoked))
    }

    fn examine(&self, application: Application) -> Result<(Email, Password, DisplayName)> {
        let password = Password::new(&application.password);
        let email = Email::parse(&application.email);
        let name = DisplayName::parse(application.display_name);
        let mut violations = Violations::default();
        email.as_ref().err().into_iter().flatten().for_each(|rule| violations.add("email", *rule));
        self.policy.broken_rules(&password).into_iter().for_each(|rule| violations.add("password", rule));
        name.as_ref().err().into_iter().flatten().for_each(|rule| violations.add("display_name", *rule));
        match (email, name) {
            (Ok(email), Ok(name)) if violations.is_empty() => Ok((email, password, name)),
            _ => Err(Error::Invalid(violations)),
        }
    }

    /// A hash with today's parameters, where the old one costs less. For want of a thread it may wait for the next
    /// login.
    async fn stronger(&self, verdict: Verdict, password: &Password, call: &Call) -> Option<String> {
        match verdict {
            Verdict::RightButWeak => self.hashes.hash(password, call.deadline).await.ok(),
            Verdict::Right | Verdict::Wrong => None,
        }
    }

    fn new_session(&self) -> NewSession {
        let now = self.clock.now();
        NewSession {
            id: SessionId::from(new_id(now)),
            create_time: now,
            expire_time: now + self.tokens.session_lifetime,
        }
    }

    fn issue(&self, user: UserId, session: &NewSession) -> Result<AccessToken> {
        self.tokens.issue(&self.keys, (user, session.id), session.create_time, session.expire_time)
    }
}
