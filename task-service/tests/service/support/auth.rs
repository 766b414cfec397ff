//! A TokenService for which a token says itself who shows it: `user:<uuid>`, or `user:<uuid>:<scope>` for one scope.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use futures::{StreamExt, stream::BoxStream};
use proto::auth::v1::{
    Caller, ErrorReason, ListUserDeletionsRequest, ListUserDeletionsResponse, Rejection, RejectionReason, UserDeletion,
    UserPrincipal, ValidateTokenRequest, ValidateTokenResponse, WatchRevocationsRequest, WatchRevocationsResponse,
    caller::Principal,
    token_service_server::{TokenService, TokenServiceServer},
    validate_token_response::Verdict,
    watch_revocations_request::Kind as Ask,
    watch_revocations_response::{Echo, Kind as Told},
};
use service_runtime::{CancellationToken, status::Refusal};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    Code, Request, Response, Status, Streaming,
    transport::{Server, server::TcpIncoming},
};

pub(crate) struct Auth {
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<()>,
    believer: Believer,
}

impl Auth {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), Believer::default()).await
    }

    /// Another one that knows of the same deletions.
    pub(crate) async fn replica(&self) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), self.believer.clone()).await
    }

    async fn start_at(address: SocketAddr, believer: Believer) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let stopped = shutdown.clone();
        let believer = Believer { shutdown: shutdown.clone(), ..believer };
        let service = TokenServiceServer::new(believer.clone());
        let running = tokio::spawn(async move {
            let server = Server::builder().add_service(service);
            server.serve_with_incoming_shutdown(TcpIncoming::from(listener), stopped.cancelled_owned()).await.unwrap();
        });
        Self { address, shutdown, running, believer }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        (&mut self.running).await.unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        *self = Self::start_at(self.address, self.believer.clone()).await;
    }

    /// The user of this token is no more. Whoever shows it is believed all the same.
    pub(crate) fn delete(&self, token: &str) {
        let user_id = token.strip_prefix("user:").unwrap().to_owned();
        let deletion = UserDeletion { user_id, delete_time: Some(SystemTime::now().into()) };
        self.believer.deleted.lock().unwrap().push(deletion);
    }

    /// How often it was asked who is no more.
    pub(crate) fn asked(&self) -> usize {
        *self.believer.asked.lock().unwrap()
    }
}

#[derive(Clone, Default)]
struct Believer {
    /// Ends what it tells.
    shutdown: CancellationToken,
    deleted: Arc<Mutex<Vec<UserDeletion>>>,
    asked: Arc<Mutex<usize>>,
}

/// When every token expires: no clock of a test goes so far.
const EXPIRE_TIME: Duration = Duration::from_secs(10_000_000_000);

#[tonic::async_trait]
impl TokenService for Believer {
    type WatchRevocationsStream = BoxStream<'static, Result<WatchRevocationsResponse, Status>>;

    /// No session ends here.
    async fn watch_revocations(
        &self,
        request: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let echoes = request.into_inner().filter_map(async |asked| match asked.ok()?.kind? {
            Ask::Start(_) => None,
            Ask::Probe(probe) => {
                let kind = Some(Told::Echo(Echo { id: probe.id }));
                Some(Ok(WatchRevocationsResponse { kind, cursor: String::new() }))
            }
        });
        Ok(Response::new(echoes.take_until(self.shutdown.clone().cancelled_owned()).boxed()))
    }

    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let rejection = Rejection { reason: RejectionReason::Malformed.into() };
        let verdict = believe(&request.into_inner().token).map_or(Verdict::Rejection(rejection), Verdict::Caller);
        Ok(Response::new(ValidateTokenResponse { verdict: Some(verdict) }))
    }

    async fn list_user_deletions(
        &self,
        request: Request<ListUserDeletionsRequest>,
    ) -> Result<Response<ListUserDeletionsResponse>, Status> {
        let ListUserDeletionsRequest { cursor, page_size } = request.into_inner();
        *self.asked.lock().unwrap() += 1;
        let deleted = self.deleted.lock().unwrap();
        let expired =
            || Refusal::new("auth.duet", Code::OutOfRange, ErrorReason::CursorExpired.reason(), "begin again");
        let after = if cursor.is_empty() { Ok(0) } else { cursor.parse() };
        let after = after.ok().filter(|after| *after <= deleted.len()).ok_or_else(|| expired().into_status())?;
        let deletions: Vec<_> = deleted[after..].iter().take(page_size.try_into().unwrap()).cloned().collect();
        let next = after + deletions.len();
        let next_cursor = if next == 0 { String::new() } else { next.to_string() };
        Ok(Response::new(ListUserDeletionsResponse { deletions, next_cursor }))
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
        key_id: "key".to_owned(),
        scopes,
        issue_time: Some(SystemTime::UNIX_EPOCH.into()),
        expire_time: Some((SystemTime::UNIX_EPOCH + EXPIRE_TIME).into()),
    })
}
