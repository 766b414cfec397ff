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

use super::{
    call::Calls,
    convert,
    cookie::{self, Cookies},
    read,
};
use crate::{
    accounts::{Accounts, Application, PasswordChange, SignedIn},
    error::Error,
    sessions::{Sessions, Shown},
    trail::Trail,
};

/// The public service.
pub(crate) struct AuthApi {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) trail: Trail,
    pub(crate) calls: Calls,
    pub(crate) cookies: Cookies,
}

#[async_trait]
impl AuthService for AuthApi {
    async fn sign_up(&self, request: Request<SignUpRequest>) -> Result<Response<SignUpResponse>, Status> {
        let call = self.calls.of(&request)?;
        let (metadata, _, message) = request.into_parts();
        let delivery = self.cookies.delivery(&metadata, message.refresh_token_delivery)?;
        let SignUpRequest { email, password, display_name, .. } = message;
        let application = Application { email, password: SecretString::from(password), display_name };
        let SignedIn { user, tokens } = self.accounts.sign_up(application, &delivery, &call).await?;
        let user = Some(user.into());
        self.cookies.answer(delivery.is_cookie(), tokens, |tokens| SignUpResponse { user, tokens: Some(tokens) })
    }

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let call = self.calls.of(&request)?;
        let (metadata, _, message) = request.into_parts();
        let delivery = self.cookies.delivery(&metadata, message.refresh_token_delivery)?;
        let password = SecretString::from(message.password);
        let SignedIn { user, tokens } = self.accounts.log_in(&message.email, &password, &delivery, &call).await?;
        let user = Some(user.into());
        self.cookies.answer(delivery.is_cookie(), tokens, |tokens| LoginResponse { user, tokens: Some(tokens) })
    }

    async fn refresh_token(
        &self,
        request: Request<RefreshTokenRequest>,
    ) -> Result<Response<RefreshTokenResponse>, Status> {
        let call = self.calls.of(&request)?;
        let (metadata, _, RefreshTokenRequest { refresh_token }) = request.into_parts();
        let in_cookie = refresh_token.is_empty();
        let token = match in_cookie {
            true => self.cookies.shown(&metadata)?.ok_or(Error::RefreshTokenInvalid)?,
            false => SecretString::from(refresh_token),
        };
        let tokens = self.sessions.refresh(&token, &call).await?;
        self.cookies.answer(in_cookie, tokens, |tokens| RefreshTokenResponse { tokens: Some(tokens) })
    }

    async fn logout(&self, request: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        let call = self.calls.of(&request)?;
        let (metadata, _, LogoutRequest { refresh_token }) = request.into_parts();
        let cookie = self.cookies.shown(&metadata);
        // Refused only if it is the cookie that says what ends.
        let kept = cookie.as_ref().ok().and_then(Option::clone);
        self.sessions.log_out(shown(metadata, refresh_token, cookie)?, &call).await?;
        let mut response = Response::new(LogoutResponse {});
        if let Some(cookie) = kept
            && self.sessions.is_over(&cookie).await?
        {
            cookie::clear(response.metadata_mut())?;
        }
        Ok(response)
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

/// The token that a call to Logout shows: the bearer's, if it has one, else that of the message, else that of the cookie.
fn shown(
    metadata: MetadataMap,
    refresh_token: String,
    cookie: Result<Option<SecretString>, Error>,
) -> Result<Shown, Status> {
    let headers = metadata.into_headers();
    let bearer = || authn::bearer_token(&headers).map(|token| Shown::Access(SecretString::from(token)));
    match refresh_token {
        _ if headers.contains_key(http::header::AUTHORIZATION) => bearer(),
        token if token.is_empty() => cookie?.map_or_else(bearer, |token| Ok(Shown::Refresh(token))),
        token => Ok(Shown::Refresh(SecretString::from(token))),
    }
}
