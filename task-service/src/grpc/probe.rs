//! Whether auth-service is where it should be.

use std::time::Duration;

use anyhow::{Context, anyhow};
use proto::auth::v1::{ValidateTokenRequest, token_service_client::TokenServiceClient};
use tonic::transport::Endpoint;

/// How long auth-service may take to accept a connection, and then to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks about a token that is none: the answer tells that it is the right port of the right service.
///
/// # Errors
/// When nothing answers there, or something else does.
pub(crate) async fn judges_tokens(url: &str) -> anyhow::Result<()> {
    let endpoint = Endpoint::from_shared(url.to_owned())?.connect_timeout(PATIENCE).timeout(PATIENCE);
    let mut tokens = TokenServiceClient::new(endpoint.connect().await.context("nothing answers there")?);
    let answer = tokens.validate_token(ValidateTokenRequest::default()).await;
    answer.map(drop).map_err(|status| anyhow!("it answers {:?}: {}", status.code(), status.message()))
}
