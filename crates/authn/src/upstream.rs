//! Asks auth-service about a token.

use std::{sync::Arc, time::Duration};

use proto::auth::v1::{
    RejectionReason, ValidateTokenRequest, ValidateTokenResponse, validate_token_response::Verdict as Answer,
};
use service_runtime::{operations::Counter, telemetry};
use tokio::time::{Instant, timeout};
use tonic::{Request, Status, metadata::MetadataMap};

use crate::{
    Unavailable, Verdict,
    endpoints::{Endpoints, Turn, is_trouble},
};

/// What is to be asked, for one caller and as a part of that caller's trace.
#[derive(Debug)]
pub(crate) struct Question {
    message: ValidateTokenRequest,
    metadata: MetadataMap,
}

impl Question {
    /// About a token for the audience that the installation issues for, within the current span.
    pub(crate) fn about(token: &str) -> Self {
        let mut metadata = MetadataMap::new();
        telemetry::inject(&mut metadata);
        Self { message: ValidateTokenRequest { token: token.to_owned(), audience: String::new() }, metadata }
    }

    fn request(&self, patience: Duration) -> Request<ValidateTokenRequest> {
        let mut request = Request::new(self.message.clone());
        *request.metadata_mut() = self.metadata.clone();
        request.set_timeout(patience);
        request
    }
}

/// Asks one of the replicas, and if it does not answer, one other.
#[derive(Debug)]
pub(crate) struct Upstream {
    endpoints: Arc<Endpoints>,
    patience: Duration,
    calls: Counter,
}

impl Upstream {
    /// A question that nobody has answered within `patience` is given up.
    pub(crate) fn new(endpoints: Arc<Endpoints>, patience: Duration, calls: Counter) -> Self {
        Self { endpoints, patience, calls }
    }

    pub(crate) async fn ask(&self, question: &Question) -> Result<Verdict, Unavailable> {
        let give_up = Instant::now() + self.patience;
        let first = self.endpoints.pick(None).ok_or(Unavailable)?;
        // Somebody else must have time to answer, if there is somebody else.
        let patience = if self.endpoints.len() > 1 { self.patience / 2 } else { self.patience };
        match self.put(question, &first, patience).await {
            Some(outcome) => outcome,
            None => {
                let second = self.endpoints.pick(Some(first.index())).ok_or(Unavailable)?;
                let left = give_up.saturating_duration_since(Instant::now());
                self.put(question, &second, left).await.unwrap_or(Err(Unavailable))
            }
        }
    }

    /// What this address says; nothing, if it is in trouble.
    async fn put(
        &self,
        question: &Question,
        turn: &Turn<'_>,
        patience: Duration,
    ) -> Option<Result<Verdict, Unavailable>> {
        self.calls.inc();
        let mut client = turn.client();
        let answer = timeout(patience, client.validate_token(question.request(patience))).await;
        let answer = answer.unwrap_or_else(|_elapsed| Err(Status::deadline_exceeded("it did not answer in time")));
        match answer {
            Ok(answer) => {
                turn.answered();
                Some(verdict(answer.into_inner()))
            }
            Err(status) => {
                tracing::warn!(address = %turn.name(), cause = %status, "auth-service could not be asked");
                match is_trouble(&status) {
                    true => turn.failed(),
                    false => turn.answered(),
                }
                (!is_trouble(&status)).then_some(Err(Unavailable))
            }
        }
    }
}

fn verdict(answer: ValidateTokenResponse) -> Result<Verdict, Unavailable> {
    match answer.verdict.ok_or(Unavailable)? {
        Answer::Caller(caller) => {
            let caller = caller.try_into().map_err(|_malformed| Unavailable)?;
            Ok(Verdict::Accepted(Arc::new(caller)))
        }
        Answer::Rejection(rejection) => match rejection.reason() {
            RejectionReason::Unspecified => Err(Unavailable),
            reason => Ok(Verdict::Rejected(reason)),
        },
    }
}
