//! How long a caller stays who it is: for calls that last.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::future::select_all;
use proto::auth::v1::RejectionReason;
use service_runtime::clock::Clock;
use tokio::time::sleep;
use tonic::{Request, Status};

use crate::{
    Caller, RemoteVerifier, TokenHash,
    knowledge::Knowledge,
    refusal::{self, auth_unavailable, rejection_status},
    subject::Ground,
};

/// The wall clock may be set; so it is looked at again after so long.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

/// Tells when a call that is still going on has to end, because its token is good no longer. The layer leaves one beside
/// the [`Caller`]. It costs nothing until [`ended`](Self::ended) is awaited; a call that is soon answered has no use for
/// it.
///
/// ```
/// # use authn::Validity;
/// # async fn next() -> u8 { 0 }
/// # async fn stream(validity: Validity) -> tonic::Status {
/// loop {
///     tokio::select! {
///         status = validity.ended() => return status,
///         _message = next() => { /* send it */ }
///     }
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Validity {
    caller: Arc<Caller>,
    /// By which the caller was accepted. That of a session's token is of no use, and is not reckoned.
    token: Option<TokenHash>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    /// Nothing but the time.
    Clock(Clock),
    /// What the verifier hears of; it goes on hearing while somebody waits.
    Verifier(RemoteVerifier),
}

impl Validity {
    /// Ends when the caller's token expires, and knows of nothing else.
    pub fn until_expiry(caller: Arc<Caller>, clock: Clock) -> Self {
        Self { caller, token: None, source: Source::Clock(clock) }
    }

    pub(crate) fn followed(caller: Arc<Caller>, token: &str, verifier: RemoteVerifier) -> Self {
        let token = caller.session_id.is_none().then(|| TokenHash::of(token));
        Self { caller, token, source: Source::Verifier(verifier) }
    }

    /// That of a request that came through the layer.
    ///
    /// # Errors
    /// UNAUTHENTICATED when it did not: the handler fails closed.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        request.extensions().get().cloned().ok_or_else(refusal::token_missing)
    }

    /// Waits until the token is good no longer. The status that the call has to end with: TOKEN_EXPIRED; TOKEN_REVOKED
    /// as soon as the verifier hears of it; AUTH_UNAVAILABLE once it has not heard from auth-service for so long that
    /// the session may have ended.
    ///
    /// It may be dropped and awaited again: what has happened meanwhile is noticed.
    pub async fn ended(&self) -> Status {
        match &self.source {
            Source::Clock(clock) => self.expired(clock).await,
            Source::Verifier(verifier) => self.refused(verifier.known()).await,
        }
    }

    async fn expired(&self, clock: &Clock) -> Status {
        loop {
            match self.caller.expire_time.duration_since(SystemTime::from(clock.now())) {
                Ok(left) if !left.is_zero() => sleep(left.min(LONGEST_SLEEP)).await,
                _ => return rejection_status(RejectionReason::Expired),
            }
        }
    }

    async fn refused(&self, known: &Knowledge) -> Status {
        loop {
            // First a place among those who are told, then a look at what is known: nothing falls between.
            let grounds = Ground::all_of(&self.caller, self.token);
            let ends: Vec<_> = grounds.into_iter().map(|ground| known.ends.of(ground)).collect();
            if known.is_revoked(&self.caller, self.token.as_ref()) {
                return rejection_status(RejectionReason::Revoked);
            }
            if !known.is_complete() {
                return auth_unavailable();
            }
            tokio::select! {
                biased;
                // News of a user or of an issuer need not touch this token.
                _ = select_all(ends.iter().map(|end| Box::pin(end.told()))) => {}
                status = self.expired(known.clock()) => return status,
                () = known.freshness.lost() => return auth_unavailable(),
            }
        }
    }
}

impl fmt::Debug for Validity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Validity").field("expire_time", &self.caller.expire_time).finish_non_exhaustive()
    }
}
