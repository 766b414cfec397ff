//! `duet.auth.v1.TokenService`.

use proto::auth::v1::{ValidateTokenRequest, ValidateTokenResponse, token_service_server::TokenService};
use tonic::{Request, Response, Status, async_trait};

use super::convert;
use crate::judge::Judge;

/// The internal service.
pub(crate) struct TokenApi {
    pub(crate) judge: Judge,
}

#[async_trait]
impl TokenService for TokenApi {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let ValidateTokenRequest { token, audience } = request.into_inner();
        let judged = self.judge.judge(&token, &audience).await?;
        Ok(Response::new(convert::verdict(judged)))
    }
}
