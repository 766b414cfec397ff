//! The seam between the layer and whoever judges tokens.

use std::{future::Future, sync::Arc};

use proto::auth::v1::RejectionReason;
use service_runtime::{clock::Clock, deadline::Deadline};

use crate::{Caller, Validity};

/// What became of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good, and this is whose it is.
    Accepted(Arc<Caller>),
    /// It is not, and this is why.
    Rejected(RejectionReason),
}

/// The token could not be judged: nothing is known about it, good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Judges tokens.
pub trait Verify: Clone + Send + Sync + 'static {
    /// Judges one token before `deadline`.
    fn verify(&self, token: &str, deadline: Deadline) -> impl Future<Output = Result<Verdict, Unavailable>> + Send;

    /// How long a caller whom it has accepted just now, by this token, stays so. Unless it is said otherwise, until the
    /// token expires by the system's clock.
    fn validity(&self, caller: Arc<Caller>, _token: &str) -> Validity {
        Validity::until_expiry(caller, Clock::system())
    }
}
