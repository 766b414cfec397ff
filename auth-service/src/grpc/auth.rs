//! `duet.auth.v1.AuthService`.

use std::sync::Arc;

use authn::Caller;
use proto::auth::v1::{
    ChangePasswordRequest, ChangePasswordResponse, DeleteMeRequest, DeleteMeResponse, GetMeRequest, GetMeResponse,
    ListAuthEventsRequest, ListAuthEventsResponse, ListSessionsRequest, ListSessionsResponse, LoginRequest,
    LoginResponse, LogoutRequest, LogoutResponse, RefreshTokenRequest, RefreshTokenResponse,
    RevokeOtherSessionsRequest, RevokeOtherSessionsResponse, RevokeSessionRequest, RevokeSessionResponse,
    SignUpRequest, SignUpResponse, UpdateMeRequest, UpdateMeResponse, auth_service_server::AuthService,
};
use secrecy::SecretString;
use tonic::{Request, Response, Status, async_trait, metadata::MetadataMap};

use super::{call::Calls, convert, read};
use crate::{
    accounts::{Accounts, Application, PasswordChange},
    sessions::{Sessions, Shown},
    trail::Trail,
};

/// The public service.
pub(crate) struct AuthApi {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) trail: Trail,
    pub(crate) calls: Calls,
}

#[async_trait]
impl AuthService for AuthApi {
    async fn sign_up(&self, request: Request<SignUpRequest>) -> Result<Response<SignUpResponse>, Status> {
        let call = self.calls.of(&request)?;
        let SignUpRequest { email, password, display_name, refresh_token_delivery: _ } = request.into_inner();
        let application = Application { email, password: SecretString::from(password), display_name };
        let (user, tokens) = self.accounts.sign_up(application, &call).await?.into_parts();
        Ok(Response::new(SignUpResponse { user, tokens }))
    }

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let call = self.calls.of(&request)?;
        let LoginRequest { email, password, refresh_token_delivery: _ } = request.into_inner();
        let (user, tokens) = self.accounts.log_in(&email, &SecretString::from(password), &call).await?.into_parts();
        Ok(Response::new(LoginResponse { user, tokens }))
    }

    async fn refresh_token(
        &self,
        request: Request<RefreshTokenRequest>,
    ) -> Result<Response<RefreshTokenResponse>, Status> {
        let call = self.calls.of(&request)?;
        let token = SecretString::from(request.into_inner().refresh_token);
        let tokens = self.sessions.refresh(&token, &call).await?;
        Ok(Response::new(RefreshTokenResponse { tokens: Some(tokens.into()) }))
    }

    async fn logout(&self, request: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        let call = self.calls.of(&request)?;
        let (metadata, _, LogoutRequest { refresh_token }) = request.into_parts();
        self.sessions.log_out(shown(metadata, refresh_token)?, &call).await?;
        Ok(Response::new(LogoutResponse {}))
    }

    async fn get_me(&self, request: Request<GetMeRequest>) -> Result<Response<GetMeResponse>, Status> {
        let caller = Caller::of(&request)?;
        let user = self.accounts.user(caller.user_id).await?;
        Ok(Response::new(GetMeResponse { user: Some(user.into()) }))
    }

    async fn update_me(&self, request: Request<UpdateMeRequest>) -> Result<Response<UpdateMeResponse>, Status> {
        let (caller, call) = (Caller::of(&request)?, self.calls.of(&request)?);
        let UpdateMeRequest { user, update_mask } = request.into_inner();
        let name = read::new_display_name(user, update_mask)?;
        let user = self.accounts.update(&caller, name, &call).await?;
        Ok(Response::new(UpdateMeResponse { user: Some(user.into()) }))
    }

    async fn delete_me(&self, request: Request<DeleteMeRequest>) -> Result<Response<DeleteMeResponse>, Status> {
        let (caller, call) = (Caller::of(&request)?, self.calls.of(&request)?);
        let password = SecretString::from(request.into_inner().password);
        self.accounts.delete(&caller, &password, &call).await?;
        Ok(Response::new(DeleteMeResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let (caller, call) = (Caller::of(&request)?, self.calls.of(&request)?);
        let ChangePasswordRequest { current_password, new_password, revoke_other_sessions } = request.into_inner();
        let change = PasswordChange {
            current: SecretString::from(current_password),
            new: SecretString::from(new_password),
            revoke_other_sessions: revoke_other_sessions.unwrap_or(true),
        };
        self.accounts.change_password(&caller, &change, &call).await?;
        Ok(Response::new(ChangePasswordResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let ListSessionsRequest { page_size, page_token } = request.into_inner();
        let (sessions, next_page_token) = self.sessions.list(&caller, &read::page(page_size, page_token)?).await?;
        let sessions = sessions.into_iter().map(|session| convert::session(session, &caller)).collect();
        Ok(Response::new(ListSessionsResponse { sessions, next_page_token }))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let (caller, call) = (Caller::of(&request)?, self.calls.of(&request)?);
        let session = read::session_id(&request.get_ref().session_id)?;
        self.sessions.revoke(&caller, session, &call).await?;
        Ok(Response::new(RevokeSessionResponse {}))
    }

    async fn revoke_other_sessions(
        &self,
        request: Request<RevokeOtherSessionsRequest>,
    ) -> Result<Response<RevokeOtherSessionsResponse>, Status> {
        let (caller, call) = (Caller::of(&request)?, self.calls.of(&request)?);
        self.sessions.revoke_others(&caller, &call).await?;
        Ok(Response::new(RevokeOtherSessionsResponse {}))
    }

    async fn list_auth_events(
        &self,
        request: Request<ListAuthEventsRequest>,
    ) -> Result<Response<ListAuthEventsResponse>, Status> {
        let caller = Caller::of(&request)?;
        let ListAuthEventsRequest { page_size, page_token } = request.into_inner();
        let (events, next_page_token) = self.trail.list(&caller, &read::page(page_size, page_token)?).await?;
        let events = events.into_iter().map(convert::event).collect();
        Ok(Response::new(ListAuthEventsResponse { events, next_page_token }))
    }
}

/// The token that a call to Logout shows: the bearer's, if it has one.
fn shown(metadata: MetadataMap, refresh_token: String) -> Result<Shown, Status> {
    let headers = metadata.into_headers();
    match refresh_token {
        token if token.is_empty() || headers.contains_key(http::header::AUTHORIZATION) => {
            authn::bearer_token(&headers).map(|token| Shown::Access(SecretString::from(token)))
        }
        token => Ok(Shown::Refresh(SecretString::from(token))),
    }
}
