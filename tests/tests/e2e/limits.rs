//! What is too much is refused, and nobody else notices.

use std::time::Duration;

use e2e::{Engine, Pair, Refusal, web};
use proto::{
    auth::v1::SignUpRequest,
    task::v1::{CreateTaskRequest, Task},
};
use tokio::time::timeout;
use tonic::Code;

use crate::{
    frames::{Connection, DATA, END_STREAM, HEADERS, RST_STREAM},
    outsider::{self, EMPTY_MESSAGE},
};

const HEALTH: &str = "/grpc.health.v1.Health/Check";
const PORTS: [&str; 3] = ["AUTH_LISTEN", "AUTH_INTERNAL_LISTEN", "TASK_LISTEN"];
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_201st_stream_of_a_connection_is_refused_and_the_others_live() {
    let pair = Pair::on(Engine::Sqlite).await.start().await;
    let person = pair.direct().sign_up().await;
    for port in PORTS {
        let mut connection = Connection::open(pair.address(port)).await;
        for number in 0..=200 {
            connection.begin_call(2 * number + 1, HEALTH).await;
        }
        let refused = timeout(Duration::from_secs(5), connection.next()).await.expect("a refusal in time").unwrap();
        assert_eq!((refused.kind, refused.stream), (RST_STREAM, 401), "{port}: {refused:?}");
        assert_eq!(refused.payload, REFUSED_STREAM, "{port}");

        pair.direct().list(&person).await.expect("others are served");
        for stream in [1, 399] {
            connection.send(DATA, END_STREAM, stream, &EMPTY_MESSAGE).await;
            let answer = timeout(Duration::from_secs(5), connection.next()).await.expect("an answer").unwrap();
            assert_eq!((answer.kind, answer.stream), (HEADERS, stream), "{port}: {answer:?}");
            while connection.next().await.expect("trailers").kind != HEADERS {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_of_17_kib_is_refused() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let (fitting, large) = ("x".repeat(12 * 1024), "x".repeat(17 * 1024));
    for address in PORTS.map(|port| pair.address(port)).into_iter().chain([pair.edge()]) {
        let answer = outsider::call(address, HEALTH, &[("x-much", &fitting)], &EMPTY_MESSAGE).await.unwrap();
        assert_eq!(answer.status.map(|status| status.code()), Some(Code::Ok));
        match outsider::call(address, HEALTH, &[("x-much", &large)], &EMPTY_MESSAGE).await {
            Ok(answer) => assert_eq!(answer.http, 431, "{answer:?}"),
            Err(error) => assert!(error.is_reset() || error.is_go_away(), "{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_message_is_refused_with_a_reason() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let person = pair.direct().sign_up().await;
    for clients in [pair.direct(), pair.through_edge()] {
        let task = Task { title: "long".to_owned(), notes: "n".repeat(300 * 1024), ..Task::default() };
        let message = CreateTaskRequest { task: Some(task), ..CreateTaskRequest::default() };
        let refusal = Refusal::expect(clients.tasks().create_task(person.request(message)).await);
        refusal.assert(Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
        assert_eq!(refusal.domain, "task.duet");
        let message = SignUpRequest { password: "p".repeat(300 * 1024), ..SignUpRequest::default() };
        let refusal = Refusal::expect(clients.auth().sign_up(message).await);
        refusal.assert(Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
        assert_eq!(refusal.domain, "auth.duet");
    }
    // The largest task that the contract allows is not oversized.
    let task = Task { title: "t".repeat(500), notes: "n".repeat(16 * 1024), ..Task::default() };
    let message = CreateTaskRequest { task: Some(task), ..CreateTaskRequest::default() };
    pair.through_edge().tasks().create_task(person.request(message)).await.expect("a task of the greatest size");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_grpc_is_answered_415_before_any_handler() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let person = pair.direct().sign_up().await;
    let bearer = format!("Bearer {}", person.token);
    let calls = [
        ("AUTH_LISTEN", "/duet.auth.v1.AuthService/Logout"),
        ("AUTH_INTERNAL_LISTEN", "/duet.auth.v1.TokenService/ValidateToken"),
        ("TASK_LISTEN", "/duet.task.v1.TaskService/CreateTask"),
    ];
    let direct = calls.map(|(port, path)| (pair.address(port), path));
    let by_edge = [calls[0], calls[2]].map(|(_, path)| (pair.edge(), path));
    for (address, path) in direct.into_iter().chain(by_edge) {
        for kind in ["text/plain", "application/json", "application/x-www-form-urlencoded", "application/grpcx"] {
            let headers = [("content-type", kind), ("authorization", bearer.as_str())];
            let answer = web::request(address, "POST", path, &headers, &EMPTY_MESSAGE).await;
            assert_eq!(answer.status, 415, "{path} as {kind}: {answer:?}");
            let answer = outsider::call(address, path, &headers, &EMPTY_MESSAGE).await.unwrap();
            assert_eq!(answer.http, 415, "{path} as {kind}: {answer:?}");
        }
    }
    pair.direct().list(&person).await.expect("the Logout of another content type did nothing");
}
