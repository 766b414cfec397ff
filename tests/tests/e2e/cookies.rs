//! The refresh token's cookie from outside: which page may use it, and where it travels.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
};

use e2e::{Clients, Engine, Pair, Person, Refusal, on_both_engines, web};
use h2::server;
use http::{HeaderMap, HeaderValue, Response};
use prost::Message;
use prost_reflect::DescriptorPool;
use proto::auth::v1::{
    LoginRequest, LogoutRequest, RefreshTokenDelivery, RefreshTokenRequest, SignUpRequest, SignUpResponse,
};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Request, Status, metadata::MetadataMap};
use xtask::{
    envoy::{self, Ports},
    port::free_port,
    process::Output,
};

use crate::edge_web::{framed, frames};

const SERVICE: &str = "/duet.auth.v1.AuthService/";
const TEXT: &str = "application/grpc-web-text";
const NAME: &str = "__Host-duet-refresh";
/// The calls that have a use for it.
const CALLS: [&str; 4] = ["SignUp", "Login", "RefreshToken", "Logout"];

fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// What a browser keeps of an answer: name and value of the cookie.
fn kept(metadata: &MetadataMap) -> Option<String> {
    let set = metadata.get("set-cookie")?.to_str().unwrap();
    Some(set.split(';').next().unwrap().to_owned())
}

fn from_page<T>(origin: &str, cookie: Option<&str>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("origin", origin.parse().unwrap());
    if let Some(cookie) = cookie {
        request.metadata_mut().insert("cookie", cookie.parse().unwrap());
    }
    request
}

fn login(person: &Person) -> LoginRequest {
    LoginRequest {
        email: person.email.clone(),
        password: person.password.clone(),
        refresh_token_delivery: RefreshTokenDelivery::Cookie.into(),
    }
}

/// Somebody whose page has the cookie of a new session, and the cookie.
async fn signed_in(clients: &Clients, person: &Person, origin: &str) -> (Person, String) {
    let answer = clients.auth().login(from_page(origin, None, login(person))).await.unwrap();
    let cookie = kept(answer.metadata()).expect("a cookie");
    let tokens = answer.into_inner().tokens.unwrap();
    (Person { token: tokens.access_token, refresh_token: tokens.refresh_token, ..person.clone() }, cookie)
}

on_both_engines! {
    async fn a_page_of_another_port_can_do_nothing_with_the_cookie(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        let own = origin(pair.edge());
        let person = pair.direct().sign_up().await;
        let (page, cookie) = signed_in(&pair.through_edge(), &person, &own).await;
        assert_eq!(page.refresh_token, "");
        let others = [origin(pair.address("AUTH_LISTEN")), format!("http://127.0.0.1:{}", free_port()), "null".to_owned()];
        for (clients, other) in [pair.through_edge(), pair.direct()].iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
            let mut auth = clients.auth();
            let refusals: [Result<MetadataMap, Status>; 3] = [
                auth.login(from_page(other, Some(&cookie), login(&person))).await.map(|answer| answer.metadata().clone()),
                auth.refresh_token(from_page(other, Some(&cookie), RefreshTokenRequest::default())).await.map(|answer| answer.metadata().clone()),
                auth.logout(from_page(other, Some(&cookie), LogoutRequest::default())).await.map(|answer| answer.metadata().clone()),
            ];
            for refusal in refusals {
                let status = refusal.unwrap_err();
                assert_eq!(status.metadata().get("set-cookie"), None);
                Refusal::of(&status).assert(Code::PermissionDenied, "ORIGIN_NOT_ALLOWED");
            }
        }
        // Without a preflight a page may send this; nobody reads it.
        for address in [pair.edge(), pair.address("AUTH_LISTEN")] {
            for (call, message) in [("Login", login(&person).encode_to_vec()), ("RefreshToken", Vec::new()), ("Logout", Vec::new())] {
                let body = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat();
                for origin in [&own, &others[1]] {
                    for kind in ["text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
                        let headers = [("content-type", kind), ("origin", origin), ("cookie", &cookie)];
                        let answer = web::request(address, "POST", &format!("{SERVICE}{call}"), &headers, &body).await;
                        assert_eq!((answer.status, answer.header("set-cookie")), (415, None), "{call} as {kind}: {answer:?}");
                    }
                }
            }
        }
        // Nothing has changed.
        pair.direct().list(&page).await.expect("the session lives");
        let request = from_page(&own, Some(&cookie), RefreshTokenRequest::default());
        let answer = pair.through_edge().auth().refresh_token(request).await.expect("the cookie is good");
        let next = kept(answer.metadata()).unwrap();
        assert_ne!(next, cookie);
        // Through Envoy and straight, an allowed page of either name of loopback can.
        let localhost = format!("http://localhost:{}", pair.edge().port());
        let request = from_page(&localhost, Some(&next), LogoutRequest::default());
        let answer = pair.direct().auth().logout(request).await.unwrap();
        assert_eq!(kept(answer.metadata()).unwrap(), format!("{NAME}="));
        pair.direct().revoked_within(e2e::PROMPT, &page).await;
    }
}

/// As a page's own script calls, by gRPC-web.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_gets_and_shows_its_cookie_by_grpc_web() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let own = origin(pair.edge());
    let call = async |name: &str, origin: &str, cookie: &str, body: Vec<u8>| {
        let path = format!("{SERVICE}{name}");
        let own = [("content-type", TEXT), ("accept", TEXT), ("x-grpc-web", "1"), ("accept-encoding", "gzip, br")];
        let headers = [&own[..], &[("origin", origin), ("cookie", cookie)]].concat();
        web::request(pair.edge(), "POST", &path, &headers, &body).await
    };
    let somebody = SignUpRequest {
        email: "ada@example.org".to_owned(),
        password: "Xk4mPq9z".to_owned(),
        display_name: "Ada".to_owned(),
        refresh_token_delivery: RefreshTokenDelivery::Cookie.into(),
    };
    let answer = call("SignUp", &own, "a=b", framed(&somebody)).await;
    let set = answer.header("set-cookie").expect("a cookie").to_owned();
    assert!(set.starts_with("__Host-duet-refresh=duet_rt_"), "{set}");
    let (_, age) = set.split_once("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=").expect(&set);
    assert!((2_591_990..=2_592_000).contains(&age.parse::<i32>().unwrap()), "{set}");
    let [(0, message), ..] = &frames(&answer.text())[..] else { panic!("a message: {answer:?}") };
    assert_eq!(SignUpResponse::decode(&message[..]).unwrap().tokens.unwrap().refresh_token, "");
    assert!(!answer.text().contains("duet_rt_"));
    assert_eq!(answer.header("content-encoding"), None, "what holds a secret is not compressed");

    let cookie = format!("a=b; {}", set.split(';').next().unwrap());
    let answer = call("RefreshToken", &own, &cookie, framed(&RefreshTokenRequest::default())).await;
    assert!(answer.header("set-cookie").is_some_and(|next| next != set), "{answer:?}");
    // Another page of this machine may ask without credentials; what it reads of a refusal is the refusal.
    let other = format!("http://127.0.0.1:{}", free_port());
    let answer = call("RefreshToken", &other, &cookie, framed(&RefreshTokenRequest::default())).await;
    assert_eq!(answer.header("grpc-status"), Some((Code::PermissionDenied as i32).to_string().as_str()), "{answer:?}");
    for name in ["set-cookie", "access-control-allow-credentials"] {
        assert_eq!(answer.header(name), None, "{answer:?}");
    }
}

/// In the place of both services: tells the cookie that it was sent, and tries to set one.
async fn telltale(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(tell(stream));
    }
}

async fn tell(stream: TcpStream) -> Result<(), h2::Error> {
    let mut connection = server::handshake(stream).await?;
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request?;
        let cookies = request.headers().get_all("cookie").iter().filter_map(|value| value.to_str().ok());
        let saw = cookies.collect::<Vec<_>>().join("; ");
        let answer = Response::builder()
            .header("content-type", "application/grpc")
            .header("x-saw", saw)
            .header("set-cookie", "planted=1")
            .header("access-control-allow-credentials", "true");
        let mut sending = respond.send_response(answer.body(()).expect("an answer"), false)?;
        sending
            .send_trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cookie_reaches_four_calls_and_no_other() {
    let mut services = Vec::new();
    for _ in 0..2 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        services.push(listener.local_addr().unwrap().port());
        tokio::spawn(telltale(listener));
    }
    let ports = Ports { listener: free_port(), admin: free_port(), auth: services[0], task: services[1] };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let start = move || envoy::start(ports, None, &path, Output::File(path.join("envoy.log")));
    let _envoy = tokio::task::spawn_blocking(start).await.unwrap().unwrap();

    let pool = DescriptorPool::decode(proto::PUBLIC_DESCRIPTORS).unwrap();
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut paths: BTreeSet<String> =
        methods.map(|method| format!("/{}/{}", method.parent_service().full_name(), method.name())).collect();
    let own: BTreeSet<String> = CALLS.iter().map(|call| format!("{SERVICE}{call}")).collect();
    assert!(own.is_subset(&paths) && paths.len() > 30, "{paths:?}");
    paths.extend(CALLS.iter().flat_map(|call| [format!("{SERVICE}{call}/"), format!("{SERVICE}{call}s")]));
    paths.extend(
        [
            "/duet.task.v1.TaskService/Login",
            "/duet.auth.v1.AuthService/login",
            "/duet.auth.v1.AuthService/GetMe?/Login",
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            "/grpc.health.v1.Health/Check",
            "/.well-known/jwks.json",
        ]
        .map(str::to_owned),
    );
    let mut reached = BTreeSet::new();
    for path in &paths {
        for method in ["POST", "GET"] {
            let headers = [("content-type", "application/grpc"), ("cookie", "__Host-duet-refresh=secret; a=b")];
            let answer = web::request(ports.listener_address(), method, path, &headers, &[0; 5]).await;
            let saw =
                answer.header("x-saw").unwrap_or_else(|| panic!("{method} {path} reached no service: {answer:?}"));
            if saw.is_empty() {
                assert_eq!(answer.header("set-cookie"), None, "{path}");
            } else {
                assert_eq!((saw, answer.header("set-cookie")), ("__Host-duet-refresh=secret; a=b", Some("planted=1")));
                reached.insert(path.clone());
            }
            assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        }
    }
    assert_eq!(reached, own);
}
