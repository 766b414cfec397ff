//! `duet.auth.v1.TokenService`.

use proto::auth::v1::{
    ListUserDeletionsRequest, ListUserDeletionsResponse, ValidateTokenRequest, ValidateTokenResponse,
    token_service_server::TokenService,
};
use tonic::{Request, Response, Status, async_trait};

use super::{convert, read};
use crate::{deletions::Deletions, judge::Judge};

/// The internal service.
pub(crate) struct TokenApi {
    pub(crate) judge: Judge,
    pub(crate) deletions: Deletions,
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

    async fn list_user_deletions(
        &self,
        request: Request<ListUserDeletionsRequest>,
    ) -> Result<Response<ListUserDeletionsResponse>, Status> {
        let ListUserDeletionsRequest { cursor, page_size } = request.into_inner();
        let (cursor, size) = read::deletions(&cursor, page_size)?;
        let (deletions, next_cursor) = self.deletions.list(cursor, size).await?;
        let deletions = deletions.iter().map(convert::deletion).collect();
        Ok(Response::new(ListUserDeletionsResponse { deletions, next_cursor: next_cursor.to_string() }))
    }
}
