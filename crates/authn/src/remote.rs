//! Has tokens judged by auth-service.

use std::{sync::Arc, time::Duration};

use proto::auth::v1::{
    RejectionReason, ValidateTokenRequest, token_service_client::TokenServiceClient,
    validate_token_response::Verdict as Answer,
};
use service_runtime::{deadline::Deadline, telemetry};
use tokio::time::timeout_at;
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

use crate::{Unavailable, Verdict, Verify};

/// How long auth-service may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long it may take to answer, if the caller's deadline leaves as much.
const LONGEST_CALL: Duration = Duration::from_secs(2);

/// Asks `TokenService.ValidateToken` for every call, with the caller's deadline and trace.
#[derive(Clone, Debug)]
pub struct RemoteVerifier(TokenServiceClient<Channel>);

impl RemoteVerifier {
    /// Connects to auth-service's internal port when it is first needed, and again whenever the connection is lost.
    ///
    /// # Errors
    /// When `url` is not one.
    pub fn connect_lazy(url: &str) -> Result<Self, tonic::transport::Error> {
        Ok(Self(TokenServiceClient::new(channel(url)?)))
    }

    async fn ask(&self, token: &str, deadline: Deadline) -> Result<Answer, Unavailable> {
        let mut request = Request::new(ValidateTokenRequest { token: token.to_owned(), audience: String::new() });
        let patience = deadline.remaining().min(LONGEST_CALL);
        request.set_timeout(patience);
        telemetry::inject(request.metadata_mut());
        let mut client = self.0.clone();
        let answer = timeout_at(Deadline::within(patience).at(), client.validate_token(request)).await;
        let answer = answer.map_err(|_elapsed| "it did not answer in time".to_owned());
        match answer.and_then(|answer| answer.map_err(|status| status.to_string())) {
            Ok(answer) => answer.into_inner().verdict.ok_or(Unavailable),
            Err(cause) => {
                tracing::warn!(cause, "auth-service could not be asked");
                Err(Unavailable)
            }
        }
    }
}

/// A channel to auth-service's internal port that connects when it is first needed, and again whenever the connection
/// is lost.
pub(crate) fn channel(url: &str) -> Result<Channel, tonic::transport::Error> {
    let endpoint = Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true);
    Ok(endpoint.connect_lazy())
}

impl Verify for RemoteVerifier {
    async fn verify(&self, token: &str, deadline: Deadline) -> Result<Verdict, Unavailable> {
        match self.ask(token, deadline).await? {
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
}
