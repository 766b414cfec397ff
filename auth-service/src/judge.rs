//! Says whether a token is good, and who shows it.

use std::{sync::Arc, time::Duration};

use authn::{Caller, TokenKey, Verdict};
use service_runtime::{
    clock::Clock,
    operations::{Counter, Registry},
};
use tokio::time::timeout;

use crate::{
    error::{Error, Result},
    grpc::rejection_reason,
    revocations::Revocations,
    settings::TokenSettings,
    signing::{KeyState, SigningKeys},
    store::Store,
    token::{Grant, Rejection},
};

/// How long the database may take, where it has to be asked: whoever wants to know does not wait longer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Judges tokens. Clones share everything.
#[derive(Clone)]
pub(crate) struct Judge {
    store: Store,
    revocations: Arc<Revocations>,
    clock: Clock,
    keys: Arc<SigningKeys>,
    tokens: Arc<TokenSettings>,
    counts: Arc<Counts>,
}

/// What has been judged, and how; an operator sees it.
#[derive(Debug, Default)]
struct Counts {
    warm: Counter,
    cold: Counter,
    rejected: Counter,
    asked: Counter,
}

impl Judge {
    pub(crate) fn new(
        store: Store,
        revocations: Arc<Revocations>,
        clock: Clock,
        keys: Arc<SigningKeys>,
        tokens: TokenSettings,
    ) -> Self {
        Self { store, revocations, clock, keys, tokens: Arc::new(tokens), counts: Arc::default() }
    }

    /// Has the counts shown among the metrics.
    pub(crate) fn register(&self, metrics: &mut Registry) {
        let mut register = |name, help, counter: &Counter| metrics.register(name, help, counter.clone());
        register("auth_tokens_warm", "Tokens accepted that had been seen before", &self.counts.warm);
        register("auth_tokens_cold", "Tokens accepted after their signature was verified", &self.counts.cold);
        register("auth_tokens_rejected", "Tokens rejected", &self.counts.rejected);
        register(
            "auth_tokens_asked",
            "Tokens whose session was looked up, because memory could not vouch for it",
            &self.counts.asked,
        );
    }

    /// The caller that a token makes known to `audience`; to our own, if that is empty. It is told from memory, unless
    /// that cannot vouch for it: then the session and the key are asked for.
    ///
    /// # Errors
    /// Only when the database has to be asked and cannot be: a bad token is an answer.
    pub(crate) async fn judge(&self, token: &str, audience: &str) -> Result<Verdict> {
        let audience = if audience.is_empty() { &self.tokens.audience } else { audience };
        let key = TokenKey::of(token, audience);
        // Before anything is looked up: what is heard from here on is heeded.
        let fresh = self.revocations.is_fresh();
        let verdict = match self.revocations.memory().recall(&key, fresh, self.clock.now().into()) {
            Some(verdict) => {
                self.count(&verdict, &self.counts.warm);
                verdict
            }
            None => {
                let examined = self.examine(token, audience, fresh).await;
                let verdict = match examined {
                    Ok(grant) => Verdict::Accepted(Arc::new(caller(grant))),
                    Err(Error::Token(rejection)) => Verdict::Rejected(rejection_reason(rejection)),
                    Err(error) => return Err(error),
                };
                let verdict = self.revocations.memory().learn(key, verdict, self.clock.now().into());
                self.count(&verdict, &self.counts.cold);
                verdict
            }
        };
        Ok(verdict)
    }

    async fn examine(&self, token: &str, audience: &str, fresh: bool) -> Result<Grant> {
        let now = self.clock.now();
        let unverified = self.tokens.read(token).map_err(Error::Token)?;
        let key = self.keys.find(&unverified.kid).await?.ok_or(Error::Token(Rejection::UnknownKey))?;
        let grant = unverified.verify(&key, &self.tokens, audience, now).map_err(Error::Token)?;
        if grant.is_over(now) {
            return Err(Error::Token(Rejection::Expired));
        }
        // No token that it signed is as young: somebody else has the key.
        if key.state == KeyState::Retired {
            return Err(Error::Token(Rejection::UnknownKey));
        }
        // No token outlives its session, and each session that ends sooner is among those revoked, as is each key.
        if !(fresh && self.revocations.memory().is_complete(now.into())) {
            self.look_up(&grant).await?;
        }
        Ok(grant)
    }

    async fn look_up(&self, grant: &Grant) -> Result<()> {
        self.counts.asked.inc();
        let asking = async {
            let life = self.store.session_life(grant.user_id, grant.session_id).await?;
            Ok::<_, Error>((life, self.store.signing_key(&grant.key_id).await?))
        };
        let (life, key) = timeout(PATIENCE, asking).await.map_err(|_elapsed| Error::DatabaseSilent)??;
        let lasts = life.is_some_and(|life| life.lasts(self.clock.now()));
        let is_good = lasts && key.is_some_and(|key| key.state.is_published());
        if is_good { Ok(()) } else { Err(Error::Token(Rejection::Revoked)) }
    }

    fn count(&self, verdict: &Verdict, accepted: &Counter) {
        match verdict {
            Verdict::Accepted(_) => accepted.inc(),
            Verdict::Rejected(_) => self.counts.rejected.inc(),
        };
    }
}

fn caller(grant: Grant) -> Caller {
    Caller {
        subject: grant.user_id.to_string(),
        user_id: grant.user_id,
        session_id: grant.session_id,
        issuer: grant.issuer,
        client_id: grant.client_id,
        key_id: grant.key_id,
        scopes: grant.scopes,
        issue_time: grant.issue_time.into(),
        expire_time: grant.expire_time.into(),
    }
}

#[cfg(test)]
mod tests;
