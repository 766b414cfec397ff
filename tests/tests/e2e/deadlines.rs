//! Nobody works for a caller who has stopped waiting.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use e2e::{Engine, Pair, Refusal};
use prost::Message;
use proto::{
    auth::v1::{
        Caller, ListUserDeletionsRequest, ListUserDeletionsResponse, UserPrincipal, ValidateTokenRequest,
        ValidateTokenResponse, WatchRevocationsRequest, WatchRevocationsResponse,
        caller::Principal,
        token_service_server::{TokenService, TokenServiceServer},
        validate_token_response::Verdict,
    },
    task::v1::{CreateTaskRequest, Task},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming, metadata::MetadataMap, transport::Server};
use uuid::Uuid;

use crate::{
    outsider::{self, EMPTY_MESSAGE},
    sqlite_lock::Lock,
};

const CREATE: &str = "/duet.task.v1.TaskService/CreateTask";
const LIST: &str = "/duet.task.v1.TaskService/ListTasks";

fn framed(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_passes_is_deadline_exceeded_and_nothing_is_committed_after_it() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    let bearer = format!("Bearer {}", person.token);
    clients.create(&person, "first").await.unwrap();
    for address in [pair.address("TASK_LISTEN"), pair.edge()] {
        let task_id = Uuid::now_v7().to_string();
        let task = Task { title: "late".to_owned(), ..Task::default() };
        let message = CreateTaskRequest { task: Some(task), task_id: task_id.clone(), ..Default::default() };
        let lock = Lock::take(pair.task.setting("TASK_DATABASE_URL")).await;
        let start = Instant::now();
        let headers = [("authorization", bearer.as_str()), ("grpc-timeout", "400m")];
        let answer = outsider::call(address, CREATE, &headers, &framed(&message)).await.unwrap();
        let took = start.elapsed();
        lock.release().await;
        assert!(took > Duration::from_millis(390) && took < Duration::from_secs(2), "{took:?}: {answer:?}");
        Refusal::of(&answer.status.unwrap()).assert(Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
        clients.create(&person, "after").await.expect("others are served again");
        Refusal::expect(clients.get(&person, &task_id).await).assert(Code::NotFound, "TASK_NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_has_passed_on_arrival_is_deadline_exceeded_and_a_malformed_one_is_refused() {
    let pair = Pair::on(Engine::Sqlite).await.start().await;
    let person = pair.direct().sign_up().await;
    let bearer = format!("Bearer {}", person.token);
    for (address, path) in
        [(pair.address("TASK_LISTEN"), LIST), (pair.address("AUTH_LISTEN"), "/duet.auth.v1.AuthService/GetMe")]
    {
        for (timeout, code) in [
            ("1n", Code::DeadlineExceeded),
            ("0S", Code::DeadlineExceeded),
            ("soon", Code::InvalidArgument),
            ("99999999H", Code::Ok),
        ] {
            let headers = [("authorization", bearer.as_str()), ("grpc-timeout", timeout)];
            let status = outsider::call(address, path, &headers, &EMPTY_MESSAGE).await.unwrap().status.unwrap();
            assert_eq!(status.code(), code, "{path} within {timeout}: {status:?}");
            if code != Code::Ok {
                Refusal::of(&status);
            }
        }
    }
}

/// Stands where auth-service does, and notes what it is sent along with a token.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<MetadataMap>>>);

/// When every token expires, from 1970.
const FAR: Duration = Duration::from_secs(10_000_000_000);

#[tonic::async_trait]
impl TokenService for Recorder {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        self.0.lock().unwrap().push(request.metadata().clone());
        let principal = UserPrincipal { user_id: Uuid::now_v7().to_string(), session_id: Uuid::now_v7().to_string() };
        let caller = Caller {
            principal: Some(Principal::User(principal)),
            scopes: vec!["tasks.read".to_owned()],
            issue_time: Some(prost_types::Timestamp::default()),
            expire_time: Some((SystemTime::UNIX_EPOCH + FAR).into()),
            ..Caller::default()
        };
        Ok(Response::new(ValidateTokenResponse { verdict: Some(Verdict::Caller(caller)) }))
    }

    type WatchRevocationsStream = tokio_stream::Empty<Result<WatchRevocationsResponse, Status>>;

    async fn watch_revocations(
        &self,
        _request: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        Err(Status::unimplemented("nothing is revoked here"))
    }

    async fn list_user_deletions(
        &self,
        _request: Request<ListUserDeletionsRequest>,
    ) -> Result<Response<ListUserDeletionsResponse>, Status> {
        Err(Status::unimplemented("nobody is deleted here"))
    }
}

impl Recorder {
    async fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = Server::builder().add_service(TokenServiceServer::new(self));
        tokio::spawn(serve.serve_with_incoming(TcpListenerStream::new(listener)));
        url
    }

    fn last(&self, name: &str) -> Option<String> {
        let seen = self.0.lock().unwrap();
        seen.last().expect("a call").get(name).map(|value| value.to_str().unwrap().to_owned())
    }
}

/// What a `grpc-timeout` says, in microseconds.
fn microseconds(timeout: &str) -> u64 {
    let (digits, unit) = timeout.split_at(timeout.len() - 1);
    let unit = match unit {
        "S" => 1_000_000,
        "m" => 1_000,
        "u" => 1,
        "n" => return digits.parse::<u64>().unwrap() / 1_000,
        other => panic!("an odd unit: {other}"),
    };
    digits.parse::<u64>().unwrap() * unit
}

/// The question about a token is asked for all who show it, so it has a deadline of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_travels_to_auth_service_and_identity_metadata_does_not() {
    let recorder = Recorder::default();
    let url = recorder.clone().serve().await;
    let mut pair = Pair::on(Engine::Sqlite).await.set("TASK_AUTH_URL", url).build();
    pair.task.start().await;
    for timeout in ["900m", "20S"] {
        let headers =
            [("authorization", "Bearer anything"), ("grpc-timeout", timeout), ("x-duet-user-id", "somebody-else")];
        let answer = outsider::call(pair.address("TASK_LISTEN"), LIST, &headers, &EMPTY_MESSAGE).await.unwrap();
        assert_eq!(answer.status.unwrap().code(), Code::Ok);
        let left = microseconds(&recorder.last("grpc-timeout").expect("a deadline"));
        assert!(left > 100_000 && left <= 2_000_000, "{left} µs");
        assert_eq!(recorder.last("x-duet-user-id"), None);
    }
}
