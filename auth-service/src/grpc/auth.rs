//! `duet.auth.v1.AuthService`.

use std::sync::Arc;

use proto::auth::v1::{
    GetMeRequest, GetMeResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse, SignUpRequest,
    SignUpResponse, auth_service_server::AuthService,
};
use secrecy::SecretString;
use service_runtime::{
    deadline::Deadline,
    request::{PeerAddr, RequestId},
};
use tonic::{Request, Response, Status, async_trait, metadata::MetadataMap};

use crate::{
    accounts::{Accounts, Application},
    client::{Call, TrustedProxies},
    error::{DOMAIN, Error},
};

/// The public service.
pub(crate) struct AuthApi {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) proxies: TrustedProxies,
}

#[async_trait]
impl AuthService for AuthApi {
    async fn sign_up(&self, request: Request<SignUpRequest>) -> Result<Response<SignUpResponse>, Status> {
        let call = self.call(&request)?;
        let SignUpRequest { email, password, display_name } = request.into_inner();
        let application = Application { email, password: SecretString::from(password), display_name };
        let (user, tokens) = self.accounts.sign_up(application, &call).await?.into_parts();
        Ok(Response::new(SignUpResponse { user, tokens }))
    }

    async fn login(&self, request: Request<LoginRequest>) -> Result<Response<LoginResponse>, Status> {
        let call = self.call(&request)?;
        let LoginRequest { email, password } = request.into_inner();
        let (user, tokens) = self.accounts.log_in(&email, &SecretString::from(password), &call).await?.into_parts();
        Ok(Response::new(LoginResponse { user, tokens }))
    }

    async fn logout(&self, request: Request<LogoutRequest>) -> Result<Response<LogoutResponse>, Status> {
        let call = self.call(&request)?;
        let metadata = request.into_parts().0.into_headers();
        self.accounts.log_out(authn::bearer_token(&metadata)?, &call).await?;
        Ok(Response::new(LogoutResponse {}))
    }

    async fn get_me(&self, request: Request<GetMeRequest>) -> Result<Response<GetMeResponse>, Status> {
        let caller = authn::Caller::of(&request)?;
        let user = self.accounts.user(caller.user_id).await?;
        Ok(Response::new(GetMeResponse { user: Some(user.into()) }))
    }
}

impl AuthApi {
    fn call<T>(&self, request: &Request<T>) -> Result<Call, Status> {
        let extensions = request.extensions();
        let peer = PeerAddr::of(extensions).ok_or_else(no_peer)?;
        let forwarded = request.metadata().get_all("x-forwarded-for");
        // An entry that is not even text ends the walk like any other that is no address.
        let forwarded: Vec<&str> = forwarded.iter().map(|value| value.to_str().unwrap_or("?")).collect();
        Ok(Call {
            address: self.proxies.client_of(peer.0.ip(), forwarded.into_iter()),
            user_agent: user_agent(request.metadata()),
            request_id: RequestId::of(extensions).to_string(),
            deadline: Deadline::of(extensions),
        })
    }
}

fn no_peer() -> Status {
    service_runtime::status::internal(DOMAIN, &Error::internal("a call came without its peer's address"))
}

fn user_agent(metadata: &MetadataMap) -> String {
    let text = metadata.get("user-agent").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let end = text.floor_char_boundary(Call::MAX_USER_AGENT_BYTES);
    text[..end].to_owned()
}
