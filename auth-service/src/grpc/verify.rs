//! Lets the public port's own layer ask the judge without a call.

use std::sync::Arc;

use authn::{Unavailable, Verdict, Verify};
use service_runtime::deadline::Deadline;

use super::convert::rejection_reason;
use crate::judge::Judge;

impl Verify for Judge {
    async fn verify(&self, token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        match self.judge(token, "").await {
            Ok(Ok(caller)) => Ok(Verdict::Accepted(Arc::new(caller))),
            Ok(Err(rejection)) => Ok(Verdict::Rejected(rejection_reason(rejection))),
            Err(error) => {
                tracing::warn!(cause = ?error, "a token cannot be judged");
                Err(Unavailable)
            }
        }
    }
}
