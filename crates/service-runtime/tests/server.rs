//! A real server on a port of its own: what it does for every call, and how it stops.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{net::SocketAddr, time::Duration};

use axum::{body::Body, routing::post};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use service_runtime::{
    CancellationToken, Router,
    connection::ConnectionLimits,
    database::Database,
    request::RequestId,
    service::{Port, ServerSettings, Service, healthcheck, serve},
    testing::{Engine, TestDatabase},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tonic::{Code, Status, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt;

struct Server {
    address: SocketAddr,
    operations: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
    client: Client<HttpConnector, Body>,
    _database: TestDatabase,
}

async fn panics() -> &'static str {
    panic!("a secret detail")
}

fn routes() -> Router {
    let ok = || async { Response::builder().header("grpc-status", "0").body(Body::empty()).unwrap() };
    Router::new()
        .route("/test.Service/Ok", post(ok))
        .route(
            "/test.Service/Slow",
            post(move || async move {
                sleep(Duration::from_millis(500)).await;
                ok().await
            }),
        )
        .route("/test.Service/Panic", post(panics))
        .route(
            "/test.Service/RequestId",
            post(|request: Request<Body>| async move { RequestId::of(request.extensions()).to_string() }),
        )
        .fallback(|| async { Status::unimplemented("").into_http::<Body>() })
}

impl Server {
    async fn start(settings: ServerSettings) -> Self {
        let test_database = TestDatabase::create(Engine::Sqlite).await;
        let database = Database::connect(&test_database.settings).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let operations = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, operations_address) = (listener.local_addr().unwrap(), operations.local_addr().unwrap());
        let descriptors = tonic_health::pb::FILE_DESCRIPTOR_SET;
        let port = Port { listener, routes: routes(), services: &["test.Service"], descriptors };
        let metrics = service_runtime::operations::Registry::default();
        let service = Service { domain: "test.duet", database, settings, ports: vec![port], operations, metrics };
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(service, shutdown.clone()));
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let server = Self { address, operations: operations_address, shutdown, task, client, _database: test_database };
        timeout(Duration::from_secs(5), async {
            while healthcheck(address).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap();
        server
    }

    async fn call(&self, method: &str, headers: &[(&str, &str)]) -> (u16, Option<Status>, Vec<u8>) {
        let mut request = Request::post(format!("http://{}/test.Service/{method}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.client.request(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        (head.status.as_u16(), Status::from_header_map(&head.headers), body)
    }

    async fn grpc(&self, method: &str, headers: &[(&str, &str)]) -> Status {
        let headers: Vec<_> = headers.iter().copied().chain([("content-type", "application/grpc")]).collect();
        self.call(method, &headers).await.1.unwrap()
    }
}

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, "test.duet");
    info.reason.clone()
}

#[tokio::test]
async fn a_passed_deadline_is_told_as_such() {
    let server = Server::start(ServerSettings::default()).await;
    let status = server.grpc("Slow", &[("grpc-timeout", "50m")]).await;
    assert_eq!((status.code(), reason(&status)), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED".to_owned()));
    assert_eq!(server.grpc("Slow", &[("grpc-timeout", "5S")]).await.code(), Code::Ok);
    assert_eq!(server.grpc("Ok", &[("grpc-timeout", "soon")]).await.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn the_servers_own_limit_holds_for_a_caller_without_a_deadline() {
    let settings = ServerSettings { longest_call: Duration::from_millis(50), ..ServerSettings::default() };
    let server = Server::start(settings).await;
    for headers in [&[][..], &[("grpc-timeout", "1H")]] {
        assert_eq!(server.grpc("Slow", headers).await.code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn a_panic_ends_one_call_and_tells_nothing() {
    let server = Server::start(ServerSettings::default()).await;
    let status = server.grpc("Panic", &[("x-request-id", "request-1")]).await;
    assert_eq!((status.code(), reason(&status)), (Code::Internal, "INTERNAL".to_owned()));
    assert_eq!(status.get_error_details().request_info().unwrap().request_id, "request-1");
    assert!(!format!("{status:?}").contains("secret"));
    assert_eq!(server.grpc("Ok", &[]).await.code(), Code::Ok);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_at_once() {
    let settings = ServerSettings { max_in_flight: 1, ..ServerSettings::default() };
    let server = Server::start(settings).await;
    let (slow, refused) = tokio::join!(server.grpc("Slow", &[]), async {
        sleep(Duration::from_millis(100)).await;
        server.grpc("Ok", &[]).await
    });
    assert_eq!(slow.code(), Code::Ok);
    assert_eq!((refused.code(), reason(&refused)), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    assert!(refused.get_error_details().retry_info().is_some());
    assert_eq!(server.grpc("Ok", &[]).await.code(), Code::Ok);
}

#[tokio::test]
async fn only_grpc_reaches_a_handler() {
    let server = Server::start(ServerSettings::default()).await;
    for kind in ["text/plain", "application/json", "application/grpc-web", "application/grpcish", ""] {
        let (code, status, _) = server.call("Ok", &[("content-type", kind)]).await;
        assert_eq!((code, status.is_none()), (415, true), "{kind:?}");
    }
    assert_eq!(server.call("Ok", &[]).await.0, 415);
    for kind in ["application/grpc", "application/grpc+proto", "application/grpc; charset=utf-8"] {
        assert_eq!(server.call("Ok", &[("content-type", kind)]).await.0, 200, "{kind:?}");
    }
    let unknown = server.grpc("Unknown", &[]).await;
    assert_eq!((unknown.code(), reason(&unknown)), (Code::Unimplemented, "METHOD_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn a_request_id_is_kept_if_it_is_sane() {
    let server = Server::start(ServerSettings::default()).await;
    let grpc = ("content-type", "application/grpc");
    let (_, _, kept) = server.call("RequestId", &[grpc, ("x-request-id", "given")]).await;
    assert_eq!(kept, b"given");
    let long = "x".repeat(129);
    let (_, _, made) = server.call("RequestId", &[grpc, ("x-request-id", &long)]).await;
    assert_eq!(made.len(), 36);
}

#[tokio::test]
async fn metrics_and_readiness_answer_over_http() {
    let server = Server::start(ServerSettings::default()).await;
    assert_eq!(server.grpc("Ok", &[]).await.code(), Code::Ok);
    let get = async |path: &str| {
        let url = format!("http://{}{path}", server.operations);
        let response = server.client.request(Request::get(url).body(Body::empty()).unwrap()).await.unwrap();
        let code = response.status().as_u16();
        (code, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    };
    assert_eq!(get("/readyz").await.0, 200);
    let (code, text) = get("/metrics").await;
    assert_eq!(code, 200);
    assert!(text.contains(r#"grpc_server_handled_total{method="/test.Service/Ok",code="OK"} 1"#), "{text}");
}

#[tokio::test]
async fn stopping_lets_calls_end_tells_streams_and_waits_for_nobody_silent() {
    let limits = ConnectionLimits { drain: Duration::from_secs(3), ..ConnectionLimits::default() };
    let server = Server::start(ServerSettings { connections: limits, ..ServerSettings::default() }).await;
    let _silent = TcpStream::connect(server.address).await.unwrap();
    let channel = Endpoint::from_shared(format!("http://{}", server.address)).unwrap().connect().await.unwrap();
    let mut watched = HealthClient::new(channel).watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert!(watched.message().await.unwrap().is_some());

    let started = Instant::now();
    let (slow, ()) = tokio::join!(server.grpc("Slow", &[]), async {
        sleep(Duration::from_millis(100)).await;
        server.shutdown.cancel();
    });
    assert_eq!(slow.code(), Code::Ok, "a call in flight ends well");
    let ending = loop {
        match watched.message().await {
            Ok(Some(_not_serving)) => {}
            Ok(None) => panic!("the stream must say why it ends"),
            Err(status) => break status,
        }
    };
    assert_eq!((ending.code(), reason(&ending)), (Code::Unavailable, "SHUTTING_DOWN".to_owned()));
    assert!(ending.get_error_details().retry_info().is_some());
    server.task.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_connection_that_says_nothing_whole_is_closed_and_one_too_many_too() {
    let limits =
        ConnectionLimits { first_head: Duration::from_secs(1), max_connections: 4, ..ConnectionLimits::default() };
    let server = Server::start(ServerSettings { connections: limits, ..ServerSettings::default() }).await;
    for start in [&b""[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /livez HTTP/1.1\r\nhost: here\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(start).await.unwrap();
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "not closed after {start:?}");
    }
    let mut open = Vec::new();
    for _ in 0..6 {
        open.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut last = open.pop().unwrap();
    let closed = timeout(Duration::from_millis(700), last.read(&mut [0; 1])).await;
    assert!(closed.is_ok(), "one connection more than allowed must be closed at once");
}

#[tokio::test]
async fn a_peer_that_only_gives_up_is_sent_away_and_others_are_served() {
    let limits = ConnectionLimits { max_abandoned: 100, ..ConnectionLimits::default() };
    let server = Server::start(ServerSettings { connections: limits, ..ServerSettings::default() }).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut attacker, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut given_up = 0;
    while !connection.is_finished() && given_up < 300 {
        let call = Request::post(format!("http://{}/test.Service/Slow", server.address));
        let call = call.header("content-type", "application/grpc").body(()).unwrap();
        let Ok((answer, _)) = attacker.send_request(call, true) else { break };
        // Long enough for the call to be accepted, not for it to end.
        drop(timeout(Duration::from_millis(3), answer).await);
        given_up += 1;
    }
    assert!((100..300).contains(&given_up), "cut after {given_up} calls");
    assert_eq!(server.grpc("Ok", &[]).await.code(), Code::Ok);
}
