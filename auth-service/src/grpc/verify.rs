//! Lets the public port's own layer ask the judge without a call.

use authn::{Unavailable, Verdict, Verify};
use service_runtime::deadline::Deadline;

use crate::{error::Error, judge::Judge};

impl Verify for Judge {
    async fn verify(&self, token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        self.judge(token, "").await.map_err(|error| {
            // That an issuer cannot be reached is told by whoever tried to.
            if !matches!(error, Error::IssuerUnavailable) {
                tracing::warn!(cause = ?error, "a token cannot be judged");
            }
            Unavailable
        })
    }
}
