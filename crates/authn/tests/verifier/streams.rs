//! Calls that last end when their caller is no longer who it was; over the example, as a service author writes it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant, SystemTime},
};

use authn::{SessionId, TokenHash};
use proto::auth::v1::revocation::{Issuer, Subject, User};
use tokio::{net::TcpListener, time::timeout};
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::{
    LONG,
    double::{Double, ISSUER, issue_time, token},
    greeter::{
        self,
        service::{GreetRequest, Greeting},
    },
    milliseconds, new_session, until,
};

struct Greeter(Grpc<Channel>);

impl Greeter {
    /// The example, asking this double.
    async fn start(double: &Double) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, urls): (SocketAddr, _) = (listener.local_addr().unwrap(), double.url());
        tokio::spawn(async move { greeter::serve(listener, &urls).await.unwrap() });
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        Self(Grpc::new(channel))
    }

    async fn greet(&mut self, token: Option<&str>) -> Result<Greeting, Status> {
        self.0.ready().await.unwrap();
        let path = PathAndQuery::from_static("/example.v1.Greeter/Greet");
        Ok(self.0.unary(request(token), path, ProstCodec::default()).await?.into_inner())
    }

    async fn keep_greeting(&mut self, session: SessionId) -> Result<Streaming<Greeting>, Status> {
        self.0.ready().await.unwrap();
        let path = PathAndQuery::from_static("/example.v1.Greeter/KeepGreeting");
        let request = request(Some(&token(session, 0)));
        Ok(self.0.server_streaming(request, path, ProstCodec::default()).await?.into_inner())
    }

    /// A stream that has begun.
    async fn greeted(&mut self, double: &Double, session: SessionId) -> Streaming<Greeting> {
        until("it is heard", async || double.replica.watchers() == 1).await;
        let start = Instant::now();
        loop {
            let mut greetings = self.keep_greeting(session).await.unwrap();
            match greetings.message().await {
                Ok(greeting) if greeting.is_some() => {
                    // Until it is fresh, no stream lasts.
                    if let Ok(Ok(_)) = timeout(milliseconds(30), greetings.message()).await {
                        return greetings;
                    }
                }
                _ => assert!(start.elapsed() < LONG, "no stream lasts"),
            }
        }
    }
}

fn request(token: Option<&str>) -> Request<GreetRequest> {
    let mut request = Request::new(GreetRequest {});
    if let Some(token) = token {
        let value = MetadataValue::try_from(format!("Bearer {token}")).unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

/// How a stream ends, and after how long.
async fn end(mut greetings: Streaming<Greeting>) -> (Code, String, Duration) {
    let start = Instant::now();
    let status = loop {
        match timeout(LONG, greetings.message()).await.expect("it ends") {
            Ok(greeting) => assert!(greeting.is_some(), "it ends with a status"),
            Err(status) => break status,
        }
    };
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    (status.code(), reason, start.elapsed())
}

#[tokio::test]
async fn the_example_knows_its_callers() {
    let double = Double::start();
    let mut greeter = Greeter::start(&double).await;
    let greeting = greeter.greet(Some(&token(new_session(), 0))).await.unwrap();
    assert_eq!(greeting.text, "Hello, 00000000-0000-0000-0000-000000000000");
    for stranger in [None, Some("garbage")] {
        assert_eq!(greeter.greet(stranger).await.unwrap_err().code(), Code::Unauthenticated, "{stranger:?}");
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_session_does_and_others_go_on() {
    let double = Double::start();
    let mut greeter = Greeter::start(&double).await;
    let (ended, other) = (new_session(), new_session());
    let greetings = [greeter.greeted(&double, ended).await, greeter.greeted(&double, ended).await];
    let mut others = greeter.greeted(&double, other).await;
    double.replica.revoke(ended);
    for greetings in greetings {
        let (code, reason, took) = end(greetings).await;
        assert_eq!((code, reason.as_str()), (Code::Unauthenticated, "TOKEN_REVOKED"));
        assert!(took < milliseconds(2500), "{took:?}");
    }
    for _ in 0..20 {
        others.message().await.unwrap().unwrap();
    }
    // Whoever comes after it was heard of is not even let in.
    assert_eq!(greeter.keep_greeting(ended).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_stream_ends_when_the_key_of_its_token_is_revoked() {
    let double = Double::start();
    let mut greeter = Greeter::start(&double).await;
    let greetings = [greeter.greeted(&double, new_session()).await, greeter.greeted(&double, new_session()).await];
    double.replica.revoke_the_key();
    for greetings in greetings {
        let (code, reason, took) = end(greetings).await;
        assert_eq!((code, reason.as_str()), (Code::Unauthenticated, "TOKEN_REVOKED"));
        assert!(took < milliseconds(2500), "{took:?}");
    }
}

#[tokio::test]
async fn a_stream_of_another_issuers_token_ends_with_that_token_and_by_no_news_of_others() {
    let double = Double::start();
    double.replica.conduct().foreign = true;
    let mut greeter = Greeter::start(&double).await;
    let (ada, eve, grace) = (new_session(), new_session(), new_session());
    let (mut first, second, third) = (
        greeter.greeted(&double, ada).await,
        greeter.greeted(&double, eve).await,
        greeter.greeted(&double, grace).await,
    );
    let user = |user: SessionId, time: SystemTime| {
        Subject::User(User { user_id: user.to_string(), not_before: Some(time.into()) })
    };
    // It touches none of the streams.
    double.replica.tell_of(user(ada, issue_time() - Duration::from_secs(1)));
    double.replica.tell_of(user(eve, issue_time()));
    double.replica.tell_of(Subject::TokenHash(TokenHash::of(&token(grace, 0)).as_bytes().to_vec()));
    for greetings in [second, third] {
        let (code, reason, took) = end(greetings).await;
        assert_eq!((code, reason.as_str()), (Code::Unauthenticated, "TOKEN_REVOKED"));
        assert!(took < milliseconds(2500), "{took:?}");
    }
    for _ in 0..20 {
        first.message().await.unwrap().unwrap();
    }
    let issuer = Issuer { issuer: ISSUER.to_owned(), not_before: Some(issue_time().into()) };
    double.replica.tell_of(Subject::Issuer(issuer));
    assert_eq!(end(first).await.1, "TOKEN_REVOKED");
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let double = Double::start();
    let mut greeter = Greeter::start(&double).await;
    let expire_time = crate::now() + milliseconds(1500);
    double.replica.conduct().expire_time = Some(expire_time);
    let greetings = greeter.greeted(&double, new_session()).await;
    let (code, reason, _) = end(greetings).await;
    assert_eq!((code, reason.as_str()), (Code::Unauthenticated, "TOKEN_EXPIRED"));
    let late = crate::now().duration_since(expire_time).expect("not before");
    assert!(late < milliseconds(1000), "{late:?}");
}

#[tokio::test]
async fn a_stream_ends_when_auth_service_has_not_been_heard_for_too_long() {
    let mut double = Double::start();
    let mut greeter = Greeter::start(&double).await;
    let mut greetings = greeter.greeted(&double, new_session()).await;
    double.kill();
    let gone = Instant::now();
    while gone.elapsed() < milliseconds(1500) {
        greetings.message().await.expect("it is fresh still");
    }
    let (code, reason, _) = end(greetings).await;
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "AUTH_UNAVAILABLE"));
    assert!(gone.elapsed() < milliseconds(4000), "{:?}", gone.elapsed());
}
