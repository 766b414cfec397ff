//! The seam between the layer and whoever judges tokens.

use std::{future::Future, sync::Arc};

use proto::auth::v1::RejectionReason;
use service_runtime::deadline::Deadline;

use crate::Caller;

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
}
