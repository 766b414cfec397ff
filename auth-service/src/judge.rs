//! Says whether a token is good, and who shows it.

use std::{sync::Arc, time::Duration};

use authn::{Caller, SessionId, TokenHash, TokenKey, UserId, Verdict};
use service_runtime::{
    clock::Clock,
    operations::{Counter, Registry},
};
use tokio::time::timeout;

use crate::{
    error::{Error, Result},
    grpc::rejection_reason,
    identities::Identities,
    issuers::{Issuers, Person},
    revocations::Revocations,
    store::Store,
    token::{Grant, Holder, Rejection},
};

/// How long the database may take, where it has to be asked: whoever wants to know does not wait longer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Judges tokens. Clones share everything.
#[derive(Clone)]
pub(crate) struct Judge {
    store: Store,
    revocations: Arc<Revocations>,
    clock: Clock,
    issuers: Arc<Issuers>,
    identities: Arc<Identities>,
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
        issuers: Arc<Issuers>,
        identities: Arc<Identities>,
    ) -> Self {
        Self { store, revocations, clock, issuers, identities, counts: Arc::default() }
    }

    /// Has the counts shown among the metrics.
    pub(crate) fn register(&self, metrics: &mut Registry) {
        let mut register = |name, help, counter: &Counter| metrics.register(name, help, counter.clone());
        register("auth_tokens_warm", "Tokens accepted that had been seen before", &self.counts.warm);
        register("auth_tokens_cold", "Tokens accepted after their signature was verified", &self.counts.cold);
        register("auth_tokens_rejected", "Tokens rejected", &self.counts.rejected);
        register(
            "auth_tokens_asked",
            "Tokens whose end was looked up, because memory could not vouch for them",
            &self.counts.asked,
        );
    }

    /// The caller that a token makes known to `audience`; to our own, if that is empty. It is told from memory, unless
    /// that cannot vouch for it: then it is looked up. Another issuer's token that is new is looked up too, and whoever is
    /// seen for the first time becomes a user.
    ///
    /// # Errors
    /// Only when somebody has to be asked and cannot be: a bad token is an answer.
    pub(crate) async fn judge(&self, token: &str, audience: &str) -> Result<Verdict> {
        let audience = if audience.is_empty() { self.issuers.audience() } else { audience };
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
                    Ok(caller) => Verdict::Accepted(Arc::new(caller)),
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

    async fn examine(&self, token: &str, audience: &str, fresh: bool) -> Result<Caller> {
        let now = self.clock.now();
        let grant = self.issuers.read(token, audience, now).await?;
        if grant.is_over(now) {
            return Err(Error::Token(Rejection::Expired));
        }
        // Each token that is refused before its time, or its session or key, is among what is revoked.
        let vouched = fresh && self.revocations.memory().is_complete(now.into());
        let (user, session) = match &grant.holder {
            Holder::Session(user, session) if vouched => (*user, Some(*session)),
            Holder::Session(user, session) => {
                in_time(self.look_up_session(*user, *session, &grant.key_id)).await?;
                (*user, Some(*session))
            }
            Holder::Person(person) => {
                let user = in_time(self.identities.user(person, grant.issue_time, now)).await?;
                if !vouched {
                    in_time(self.look_up_token(token, user, &grant)).await?;
                }
                (user, None)
            }
        };
        Ok(caller(grant, user, session))
    }

    async fn look_up_session(&self, user: UserId, session: SessionId, key_id: &str) -> Result<()> {
        self.counts.asked.inc();
        let life = self.store.session_life(user, session).await?;
        let key = self.store.signing_key(key_id).await?;
        let lasts = life.is_some_and(|life| life.lasts(self.clock.now()));
        let is_good = lasts && key.is_some_and(|key| key.state.is_published());
        if is_good { Ok(()) } else { Err(Error::Token(Rejection::Revoked)) }
    }

    async fn look_up_token(&self, token: &str, user: UserId, grant: &Grant) -> Result<()> {
        self.counts.asked.inc();
        match self.store.is_revoked(TokenHash::of(token), user, &grant.issuer, grant.issue_time).await? {
            false => Ok(()),
            true => Err(Error::Token(Rejection::Revoked)),
        }
    }

    fn count(&self, verdict: &Verdict, accepted: &Counter) {
        match verdict {
            Verdict::Accepted(_) => accepted.inc(),
            Verdict::Rejected(_) => self.counts.rejected.inc(),
        };
    }
}

async fn in_time<T>(looking: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, looking).await.map_err(|_elapsed| Error::DatabaseSilent)?
}

fn caller(grant: Grant, user_id: UserId, session_id: Option<SessionId>) -> Caller {
    let subject = match grant.holder {
        Holder::Session(user, _) => user.to_string(),
        Holder::Person(Person { identity, .. }) => identity.subject,
    };
    Caller {
        user_id,
        session_id,
        issuer: grant.issuer,
        subject,
        client_id: grant.client_id,
        key_id: grant.key_id,
        scopes: grant.scopes,
        issue_time: grant.issue_time.into(),
        expire_time: grant.expire_time.into(),
    }
}

#[cfg(test)]
mod tests;
