//! Says whether a token is good, and who shows it.

use std::sync::Arc;

use authn::Caller;
use service_runtime::clock::Clock;

use crate::{
    error::{Error, Result},
    settings::TokenSettings,
    signing::SigningKeys,
    store::Store,
    token::{Grant, Rejection},
};

/// Judges tokens. Clones share everything.
#[derive(Clone)]
pub(crate) struct Judge {
    store: Store,
    clock: Clock,
    keys: Arc<SigningKeys>,
    tokens: Arc<TokenSettings>,
}

impl Judge {
    pub(crate) fn new(store: Store, clock: Clock, keys: Arc<SigningKeys>, tokens: TokenSettings) -> Self {
        Self { store, clock, keys, tokens: Arc::new(tokens) }
    }

    /// The caller that a token makes known to `audience`; to our own, if that is empty. What can be told from memory
    /// is; then the session is asked for, in one query.
    ///
    /// # Errors
    /// Only when the database cannot be asked: a bad token is an answer.
    pub(crate) async fn judge(&self, token: &str, audience: &str) -> Result<Result<Caller, Rejection>> {
        let audience = if audience.is_empty() { &self.tokens.audience } else { audience };
        match self.examine(token, audience).await {
            Ok(grant) => Ok(Ok(caller(grant))),
            Err(Error::Token(rejection)) => Ok(Err(rejection)),
            Err(error) => Err(error),
        }
    }

    async fn examine(&self, token: &str, audience: &str) -> Result<Grant> {
        let now = self.clock.now();
        let unverified = self.tokens.read(token).map_err(Error::Token)?;
        let key = self.keys.find(&unverified.kid).await?.ok_or(Error::Token(Rejection::UnknownKey))?;
        let grant = unverified.verify(&key, &self.tokens, audience, now).map_err(Error::Token)?;
        if grant.is_over(now) {
            return Err(Error::Token(Rejection::Expired));
        }
        match self.store.session_life(grant.user_id, grant.session_id).await? {
            Some(life) if life.lasts(now) => Ok(grant),
            _ => Err(Error::Token(Rejection::Revoked)),
        }
    }
}

fn caller(grant: Grant) -> Caller {
    Caller {
        subject: grant.user_id.to_string(),
        user_id: grant.user_id,
        session_id: grant.session_id,
        issuer: grant.issuer,
        client_id: grant.client_id,
        scopes: grant.scopes,
        issue_time: grant.issue_time.into(),
        expire_time: grant.expire_time.into(),
    }
}
