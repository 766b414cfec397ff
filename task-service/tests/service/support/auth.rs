//! A TokenService for which a token says itself who shows it: `user:<uuid>`, or `user:<uuid>:<scope>` for one scope.

use std::{net::SocketAddr, time::SystemTime};

use proto::auth::v1::{
    Caller, Rejection, RejectionReason, UserPrincipal, ValidateTokenRequest, ValidateTokenResponse,
    caller::Principal,
    token_service_server::{TokenService, TokenServiceServer},
    validate_token_response::Verdict,
};
use service_runtime::CancellationToken;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

pub(crate) struct Auth {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
}

impl Auth {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let running = tokio::spawn(async move {
            let server = Server::builder().add_service(TokenServiceServer::new(Believer));
            server.serve_with_incoming_shutdown(TcpIncoming::from(listener), stopped.cancelled_owned()).await.unwrap();
        });
        Self { address, shutdown, running }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        (&mut self.running).await.unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        *self = Self::start_at(self.address).await;
    }
}

struct Believer;

#[tonic::async_trait]
impl TokenService for Believer {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let rejection = Rejection { reason: RejectionReason::Malformed.into() };
        let verdict = believe(&request.into_inner().token).map_or(Verdict::Rejection(rejection), Verdict::Caller);
        Ok(Response::new(ValidateTokenResponse { verdict: Some(verdict) }))
    }
}

fn believe(token: &str) -> Option<Caller> {
    let claim = token.strip_prefix("user:")?;
    let (user_id, scopes) = match claim.split_once(':') {
        Some((user_id, scope)) => (user_id, vec![scope.to_owned()]),
        None => (claim, ["account", "tasks.read", "tasks.write"].map(str::to_owned).to_vec()),
    };
    let user = UserPrincipal { user_id: user_id.to_owned(), session_id: uuid::Uuid::now_v7().to_string() };
    Some(Caller {
        principal: Some(Principal::User(user)),
        issuer: "http://127.0.0.1:8080".to_owned(),
        subject: user_id.to_owned(),
        client_id: "duet".to_owned(),
        scopes,
        issue_time: Some(SystemTime::UNIX_EPOCH.into()),
        expire_time: Some(SystemTime::UNIX_EPOCH.into()),
    })
}
