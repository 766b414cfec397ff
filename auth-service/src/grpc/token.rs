//! `duet.auth.v1.TokenService`.

use std::sync::Arc;

use proto::auth::v1::{
    ListUserDeletionsRequest, ListUserDeletionsResponse, ValidateTokenRequest, ValidateTokenResponse,
    WatchRevocationsRequest, token_service_server::TokenService,
};
use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{
    convert, read,
    watch::{self, Responses},
};
use crate::{deletions::Deletions, judge::Judge, revocations::Revocations};

/// The internal service.
pub(crate) struct TokenApi {
    pub(crate) judge: Judge,
    pub(crate) revocations: Arc<Revocations>,
    pub(crate) deletions: Deletions,
}

#[async_trait]
impl TokenService for TokenApi {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let ValidateTokenRequest { token, audience } = request.into_inner();
        let verdict = self.judge.judge(&token, &audience).await?;
        Ok(Response::new(convert::verdict(&verdict)))
    }

    type WatchRevocationsStream = Responses;

    async fn watch_revocations(
        &self,
        request: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Responses>, Status> {
        watch::watch(&self.revocations, request.into_inner()).await.map(Response::new)
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
