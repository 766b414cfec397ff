//! What a browser finds at Envoy's port, by plain HTTP.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{Engine, Pair, web};
use prost::Message;
use proto::auth::v1::{SignUpRequest, SignUpResponse};
use tonic::Code;

const OWN: &str = "http://localhost:5173";
const EVIL: &str = "https://evil.example";
const TEXT: &str = "application/grpc-web-text";

/// The frames of a gRPC-web answer in text form: base64 may end anywhere, and begin again.
pub(crate) fn frames(text: &str) -> Vec<(u8, Vec<u8>)> {
    let mut bytes = Vec::new();
    for quantum in text.trim().as_bytes().chunks(4) {
        bytes.extend(BASE64_STANDARD.decode(quantum).expect("base64"));
    }
    let (mut rest, mut frames) = (bytes.as_slice(), Vec::new());
    while let [flag, a, b, c, d, after @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        frames.push((*flag, after[..length].to_vec()));
        rest = &after[length..];
    }
    frames
}

pub(crate) fn framed(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    BASE64_STANDARD.encode([&[0][..], &length, &message].concat()).into_bytes()
}

async fn call(pair: &Pair, path: &str, origin: &str, more: &[(&str, &str)], body: &[u8]) -> web::Answer {
    let own = [("content-type", TEXT), ("accept", TEXT), ("x-grpc-web", "1"), ("origin", origin)];
    web::request(pair.edge(), "POST", path, &[&own, more].concat(), body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_signs_up_and_lists_tasks_by_grpc_web() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let somebody = SignUpRequest {
        email: "ada@example.org".to_owned(),
        password: "Xk4mPq9z".to_owned(),
        display_name: "Ada".to_owned(),
        ..SignUpRequest::default()
    };
    let answer = call(&pair, "/duet.auth.v1.AuthService/SignUp", OWN, &[], &framed(&somebody)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.header("content-type").unwrap().starts_with(TEXT), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some(OWN));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(["grpc-status", "grpc-message", "grpc-status-details-bin"].iter().all(|name| exposed.contains(name)));
    let frames = frames(&answer.text());
    let [(0, message), (0x80, trailers)] = frames.as_slice() else { panic!("a message and trailers: {frames:?}") };
    let signed_up = SignUpResponse::decode(message.as_slice()).unwrap();
    assert_eq!(signed_up.user.unwrap().email, somebody.email);
    assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"), "{trailers:?}");

    let bearer = format!("Bearer {}", signed_up.tokens.unwrap().access_token);
    let empty = BASE64_STANDARD.encode([0; 5]);
    let list = "/duet.task.v1.TaskService/ListTasks";
    let answer = call(&pair, list, OWN, &[("authorization", &bearer)], empty.as_bytes()).await;
    assert_eq!((answer.status, answer.header("grpc-status").unwrap_or("0")), (200, "0"), "{answer:?}");

    // Refused: the page sees code and details.
    let answer = call(&pair, list, OWN, &[], empty.as_bytes()).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(OWN), "{answer:?}");
    assert_eq!(answer.header("grpc-status"), Some((Code::Unauthenticated as i32).to_string().as_str()), "{answer:?}");
    assert!(answer.header("grpc-status-details-bin").is_some(), "{answer:?}");

    let answer = call(&pair, list, EVIL, &[("authorization", &bearer)], empty.as_bytes()).await;
    assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_this_machine_may_call_and_no_others() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type,x-grpc-web,grpc-timeout,traceparent"),
        ];
        web::request(pair.edge(), "OPTIONS", "/duet.task.v1.TaskService/ListTasks", &headers, b"").await
    };
    for origin in [OWN, "http://127.0.0.1:8080", "http://localhost"] {
        let answer = preflight(origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{answer:?}");
        let allowed = answer.header("access-control-allow-headers").unwrap();
        assert!(["authorization", "x-grpc-web", "traceparent"].iter().all(|name| allowed.contains(name)), "{allowed}");
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    for origin in [EVIL, "https://localhost.evil.example", "http://localhost.evil.example:80", "null"] {
        let answer = preflight(origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envoy_serves_the_page_the_keys_and_nothing_internal() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let page = web::request(pair.edge(), "GET", "/", &[], b"").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html") && page.text().contains("Duet"));
    for address in [pair.edge(), pair.address("AUTH_LISTEN")] {
        let keys = web::request(address, "GET", "/.well-known/jwks.json", &[], b"").await;
        assert_eq!(keys.status, 200, "{keys:?}");
        let parsed: serde_json::Value = serde_json::from_slice(&keys.body).unwrap();
        assert_eq!(parsed["keys"][0]["crv"], "Ed25519", "{parsed}");
        assert!(parsed["keys"][0]["d"].is_null(), "the private part must never be served");
        let etag = keys.header("etag").expect("an etag").to_owned();
        let again = web::request(address, "GET", "/.well-known/jwks.json", &[("if-none-match", &etag)], b"").await;
        assert_eq!(again.status, 304, "{again:?}");
    }
    let empty = BASE64_STANDARD.encode([0; 5]);
    for path in ["/duet.auth.v1.TokenService/ValidateToken", "/duet.auth.v1.Nothing/AtAll", "/metrics", "/readyz"] {
        let answer = call(&pair, path, OWN, &[], empty.as_bytes()).await;
        assert_ne!(answer.header("grpc-status").unwrap_or("missing"), "0", "{path}: {answer:?}");
        let get = web::request(pair.edge(), "GET", path, &[], b"").await;
        assert_eq!(get.status, 404, "{path}: {get:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn identity_sent_by_a_client_counts_for_nothing() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let (owner, stranger) = (pair.direct().sign_up().await, pair.direct().sign_up().await);
    let task = pair.direct().create(&owner, "mine").await.unwrap();
    for clients in [pair.direct(), pair.through_edge()] {
        let mut request = stranger.request(proto::task::v1::GetTaskRequest { task_id: task.id.clone() });
        for name in ["x-duet-user-id", "x-duet-subject", "x-duet-caller"] {
            request.metadata_mut().insert(name, owner.id.parse().unwrap());
        }
        let refusal = clients.tasks().get_task(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        let mut request = tonic::Request::new(proto::task::v1::ListTasksRequest::default());
        request.metadata_mut().insert("x-duet-user-id", owner.id.parse().unwrap());
        let refusal = clients.tasks().list_tasks(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    }
}
