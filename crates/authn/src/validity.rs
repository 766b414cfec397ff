//! How long a caller stays who it is: for calls that last.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use proto::auth::v1::RejectionReason;
use service_runtime::clock::Clock;
use tokio::time::sleep;
use tonic::{Request, Status};

use crate::{
    Caller, RemoteVerifier, Subject,
    knowledge::Knowledge,
    refusal::{self, auth_unavailable, rejection_status},
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
        Self { caller, source: Source::Clock(clock) }
    }

    pub(crate) fn followed(caller: Arc<Caller>, verifier: RemoteVerifier) -> Self {
        Self { caller, source: Source::Verifier(verifier) }
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
        // First a place among those who are told, then a look at what is known: nothing falls between.
        let [session, key] = Subject::all_of(&self.caller).map(|subject| known.ends.of(subject));
        if known.is_revoked(&self.caller) {
            return rejection_status(RejectionReason::Revoked);
        }
        if !known.is_complete() {
            return auth_unavailable();
        }
        tokio::select! {
            biased;
            () = session.told() => rejection_status(RejectionReason::Revoked),
            () = key.told() => rejection_status(RejectionReason::Revoked),
            status = self.expired(known.clock()) => status,
            () = known.freshness.lost() => auth_unavailable(),
        }
    }
}

impl fmt::Debug for Validity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Validity").field("expire_time", &self.caller.expire_time).finish_non_exhaustive()
    }
}
