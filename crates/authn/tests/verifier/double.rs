//! What stands where auth-service does, and misbehaves on command.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant, SystemTime},
};

use authn::SessionId;
use proto::auth::v1::{
    Caller, ErrorReason, ListUserDeletionsRequest, ListUserDeletionsResponse, Rejection, RejectionReason, Revocation,
    RevocationList, UserPrincipal, ValidateTokenRequest, ValidateTokenResponse, WatchRevocationsRequest,
    WatchRevocationsResponse,
    caller::Principal,
    revocation::Subject,
    token_service_server::{TokenService, TokenServiceServer},
    validate_token_response::Verdict,
    watch_revocations_request::Kind as Ask,
    watch_revocations_response::{Echo, Kind as Told},
};
use service_runtime::status::Refusal;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Response, Status, Streaming,
    transport::{Server, server::TcpIncoming},
};
use uuid::Uuid;

use crate::LONG;

/// A replica of auth-service, in a runtime of its own: it goes on while the test's stands still, and dies at once.
pub(crate) struct Double {
    pub(crate) replica: Replica,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

/// What it does, and what it has seen. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Replica(Arc<Shared>);

#[derive(Default)]
struct Shared {
    conduct: Mutex<Conduct>,
    log: watch::Sender<Vec<Revocation>>,
    /// Each change ends all streams.
    cut: watch::Sender<u64>,
    cursors: Mutex<Vec<String>>,
    calls: AtomicUsize,
    answers: AtomicUsize,
    watchers: AtomicUsize,
}

/// How it behaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conduct {
    /// Before each answer to ValidateToken.
    pub(crate) delay: Duration,
    /// Instead of it.
    pub(crate) refusal: Option<Code>,
    /// Probes are not answered.
    pub(crate) mute: bool,
    /// Echoes are of probes that were never sent.
    pub(crate) lies: bool,
    /// WatchRevocations is refused.
    pub(crate) unfollowable: Option<Code>,
    /// Cursors are not believed.
    pub(crate) forgets_cursors: bool,
    /// The stream ends within the snapshot.
    pub(crate) breaks_off: bool,
    /// ValidateToken does not know what has been revoked.
    pub(crate) deaf: bool,
    /// Says that the issuer of whatever it is shown cannot be reached.
    pub(crate) without_issuer: bool,
    /// Callers come with another issuer's tokens: whoever a session was of is the user, and there is no session.
    pub(crate) foreign: bool,
    /// When tokens expire, after the start of the epoch.
    pub(crate) expire_time: Option<SystemTime>,
}

impl Double {
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), Replica::default())
    }

    pub(crate) fn start_at(address: SocketAddr, replica: Replica) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = bind(address);
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let served = replica.clone();
        runtime.spawn(async move {
            let incoming = TcpIncoming::from(TcpListener::from_std(listener).unwrap()).with_nodelay(Some(true));
            Server::builder().add_service(TokenServiceServer::new(served)).serve_with_incoming(incoming).await.unwrap();
        });
        Self { replica, address, runtime: Some(runtime) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process is gone, and with it every connection.
    pub(crate) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    pub(crate) fn start_again(&mut self) {
        self.kill();
        *self = Self::start_at(self.address, self.replica.clone());
    }
}

/// Whoever has been killed at this address takes a moment to be gone.
fn bind(address: SocketAddr) -> std::net::TcpListener {
    let start = Instant::now();
    loop {
        match std::net::TcpListener::bind(address) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && start.elapsed() < LONG => {
                std::thread::sleep(Duration::from_millis(5));
            }
            bound => return bound.unwrap(),
        }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Replica {
    pub(crate) fn conduct(&self) -> MutexGuard<'_, Conduct> {
        self.0.conduct.lock().unwrap()
    }

    /// How often ValidateToken was called.
    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(SeqCst)
    }

    /// How often it was answered; what the caller has given up is not.
    pub(crate) fn answers(&self) -> usize {
        self.0.answers.load(SeqCst)
    }

    /// How many streams are open.
    pub(crate) fn watchers(&self) -> usize {
        self.0.watchers.load(SeqCst)
    }

    /// The cursors that streams began with.
    pub(crate) fn cursors(&self) -> Vec<String> {
        self.0.cursors.lock().unwrap().clone()
    }

    pub(crate) fn revoke(&self, session: SessionId) {
        self.tell(Some(Subject::SessionId(session.to_string())));
    }

    /// That of every token here.
    pub(crate) fn revoke_the_key(&self) {
        self.tell(Some(Subject::KeyId(KEY.to_owned())));
    }

    /// Tells of something that has a subject which is not in the contract yet.
    pub(crate) fn revoke_the_unknown(&self) {
        self.tell(None);
    }

    /// Tells that something has been revoked, and still accepts it itself.
    pub(crate) fn tell_of(&self, subject: Subject) {
        self.tell(Some(subject));
    }

    fn tell(&self, subject: Option<Subject>) {
        let expire_time = Some((crate::now() + Duration::from_secs(3600)).into());
        let revocation = Revocation { id: Uuid::now_v7().to_string(), subject, expire_time };
        self.0.log.send_modify(|log| log.push(revocation));
    }

    /// Ends every stream.
    pub(crate) fn cut_streams(&self) {
        self.0.cut.send_modify(|cut| *cut += 1);
    }

    async fn serve(&self, mut asked: Streaming<WatchRevocationsRequest>, cursor: String, told: &Tell) {
        let (mut log, mut cut) = (self.0.log.subscribe(), self.0.cut.subscribe());
        let mut position = cursor.parse().unwrap_or(0);
        tell_news(&mut log, &mut position, if cursor.is_empty() { Told::Snapshot } else { Told::Revocations }, told)
            .await;
        if self.conduct().breaks_off {
            return;
        }
        loop {
            tokio::select! {
                _ = cut.changed() => return,
                () = told.closed() => return,
                _ = log.changed() => tell_news(&mut log, &mut position, Told::Revocations, told).await,
                ask = asked.message() => {
                    let Ok(Some(WatchRevocationsRequest { kind: Some(Ask::Probe(probe)) })) = ask else { return };
                    tell_news(&mut log, &mut position, Told::Revocations, told).await;
                    let Conduct { mute, lies, .. } = *self.conduct();
                    let id = if lies { probe.id + 1000 } else { probe.id };
                    if !mute {
                        _ = told.send(message(Told::Echo(Echo { id }), position)).await;
                    }
                }
            }
        }
    }
}

type Tell = mpsc::Sender<Result<WatchRevocationsResponse, Status>>;

async fn tell_news(
    log: &mut watch::Receiver<Vec<Revocation>>,
    position: &mut usize,
    kind: fn(RevocationList) -> Told,
    told: &Tell,
) {
    let news = log.borrow_and_update()[*position..].to_vec();
    if !news.is_empty() {
        *position += news.len();
        _ = told.send(message(kind(RevocationList { revocations: news }), *position)).await;
    }
}

fn message(kind: Told, position: usize) -> Result<WatchRevocationsResponse, Status> {
    Ok(WatchRevocationsResponse { kind: Some(kind), cursor: position.to_string() })
}

fn refused(code: Code) -> Status {
    Refusal::new("auth.duet", code, "REFUSED", "on command").into()
}

#[tonic::async_trait]
impl TokenService for Replica {
    type WatchRevocationsStream = ReceiverStream<Result<WatchRevocationsResponse, Status>>;

    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        self.0.calls.fetch_add(1, SeqCst);
        let conduct = self.conduct().clone();
        sleep(conduct.delay).await;
        self.0.answers.fetch_add(1, SeqCst);
        if let Some(code) = conduct.refusal {
            return Err(refused(code));
        }
        if conduct.without_issuer {
            let reason = ErrorReason::IssuerUnavailable.reason();
            return Err(Refusal::new("auth.duet", Code::Unavailable, reason, "on command").into());
        }
        let verdict = match session(&request.get_ref().token) {
            Some(session) if conduct.deaf || !self.has_revoked(session) => Verdict::Caller(caller(session, &conduct)),
            Some(_) => rejection(RejectionReason::Revoked),
            None => rejection(RejectionReason::Malformed),
        };
        Ok(Response::new(ValidateTokenResponse { verdict: Some(verdict) }))
    }

    async fn watch_revocations(
        &self,
        request: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        let conduct = self.conduct().clone();
        if let Some(code) = conduct.unfollowable {
            return Err(refused(code));
        }
        let mut asked = request.into_inner();
        let Some(WatchRevocationsRequest { kind: Some(Ask::Start(start)) }) = asked.message().await? else {
            return Err(refused(Code::InvalidArgument));
        };
        self.0.cursors.lock().unwrap().push(start.cursor.clone());
        if conduct.forgets_cursors && !start.cursor.is_empty() {
            let expired = ErrorReason::CursorExpired.reason();
            return Err(Refusal::new("auth.duet", Code::OutOfRange, expired, "begin again").into());
        }
        let (told, tell) = mpsc::channel(16);
        let replica = self.clone();
        replica.0.watchers.fetch_add(1, SeqCst);
        tokio::spawn(async move {
            replica.serve(asked, start.cursor, &told).await;
            replica.0.watchers.fetch_sub(1, SeqCst);
        });
        Ok(Response::new(ReceiverStream::new(tell)))
    }

    async fn list_user_deletions(
        &self,
        _request: Request<ListUserDeletionsRequest>,
    ) -> Result<Response<ListUserDeletionsResponse>, Status> {
        match self.conduct().refusal {
            Some(code) => Err(refused(code)),
            None => Ok(Response::new(ListUserDeletionsResponse::default())),
        }
    }
}

impl Replica {
    fn has_revoked(&self, session: SessionId) -> bool {
        let subject = Some(Subject::SessionId(session.to_string()));
        self.0.log.borrow().iter().any(|revocation| revocation.subject == subject)
    }
}

/// The key that signed every token.
const KEY: &str = "key";

/// Who issued every token, and when.
pub(crate) const ISSUER: &str = "issuer";

pub(crate) fn issue_time() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1000)
}

/// A token of a session; a session may have several.
pub(crate) fn token(session: SessionId, number: usize) -> String {
    format!("{session}.{number}.signature")
}

fn session(token: &str) -> Option<SessionId> {
    token.split_once('.')?.0.parse().ok()
}

fn caller(session: SessionId, conduct: &Conduct) -> Caller {
    let user = match conduct.foreign {
        true => UserPrincipal { user_id: session.to_string(), session_id: String::new() },
        false => UserPrincipal { user_id: Uuid::nil().to_string(), session_id: session.to_string() },
    };
    let later = crate::now() + Duration::from_secs(3600);
    Caller {
        principal: Some(Principal::User(user)),
        scopes: vec!["account".to_owned()],
        key_id: if conduct.foreign { String::new() } else { KEY.to_owned() },
        issuer: ISSUER.to_owned(),
        issue_time: Some(issue_time().into()),
        expire_time: Some(conduct.expire_time.unwrap_or(later).into()),
        ..Caller::default()
    }
}

fn rejection(reason: RejectionReason) -> Verdict {
    Verdict::Rejection(Rejection { reason: reason.into() })
}
