use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::{FutureExt, future::join_all, stream};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::{sleep, timeout},
};

use super::*;

/// Quick enough for a test, and far enough apart to be told from each other.
const QUICK: Pace = Pace {
    interval: Duration::from_millis(50),
    retry: Duration::from_millis(100),
    keep: Duration::from_secs(3600),
    patience: Duration::from_millis(1500),
    absent: Duration::from_secs(10),
    most_absent: 100,
    most_waiting: 64,
};

/// How an issuer answers.
#[derive(Clone, Debug)]
enum Conduct {
    Publish(Vec<&'static str>),
    Tagged(Vec<&'static str>),
    Text(&'static str),
    Huge,
    Endless,
    Redirect,
    Refuse,
    Slow,
    SlowHeads,
}

/// An issuer that publishes keys, and misbehaves on command.
#[derive(Clone)]
struct Issuer {
    conduct: Arc<Mutex<Conduct>>,
    asked: Arc<AtomicUsize>,
    unchanged: Arc<AtomicUsize>,
    now: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    address: SocketAddr,
}

fn set(names: &[&str]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
    let keys = names.iter().map(|kid| json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid }));
    json!({ "keys": keys.collect::<Vec<_>>() }).to_string()
}

impl Issuer {
    async fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let count = Arc::<AtomicUsize>::default;
        let issuer = Self {
            conduct: Arc::new(Mutex::new(conduct)),
            asked: count(),
            unchanged: count(),
            now: count(),
            most_at_once: count(),
            address: listener.local_addr().unwrap(),
        };
        let served = Router::new().fallback(answer).with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
        issuer
    }

    async fn as_told(&self, asked: &HeaderMap) -> Response {
        let conduct = self.conduct.lock().unwrap().clone();
        // Long enough for another one to come meanwhile.
        sleep(Duration::from_millis(20)).await;
        let body_of = |part: Duration| {
            let spaces = move |()| async move {
                sleep(part).await;
                Some((Ok::<_, Infallible>(Bytes::from(vec![b' '; 1024])), ()))
            };
            Body::from_stream(stream::unfold((), spaces))
        };
        match conduct {
            Conduct::Publish(names) => set(&names).into_response(),
            Conduct::Tagged(names) => {
                let tag = format!("\"{}\"", names.join(","));
                if asked.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag) {
                    self.unchanged.fetch_add(1, SeqCst);
                    return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
                }
                ([(header::ETAG, tag)], set(&names)).into_response()
            }
            Conduct::Text(text) => text.into_response(),
            Conduct::Huge => (set(&["new"]) + &" ".repeat(64 * 1024)).into_response(),
            Conduct::Endless => body_of(Duration::ZERO).into_response(),
            Conduct::Redirect => {
                let elsewhere = format!("http://{}/elsewhere", self.address);
                (StatusCode::FOUND, [(header::LOCATION, elsewhere)], set(&["new"])).into_response()
            }
            Conduct::Refuse => (StatusCode::INTERNAL_SERVER_ERROR, set(&["new"])).into_response(),
            Conduct::Slow => body_of(Duration::from_millis(50)).into_response(),
            Conduct::SlowHeads => {
                sleep(Duration::from_secs(60)).await;
                set(&["new"]).into_response()
            }
        }
    }

    fn behave(&self, conduct: Conduct) {
        *self.conduct.lock().unwrap() = conduct;
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    fn followed(&self, pace: Pace) -> (Arc<Published>, CancellationToken) {
        let url = format!("http://{}/jwks", self.address).parse().unwrap();
        follow(url, pace)
    }
}

async fn answer(State(issuer): State<Issuer>, uri: Uri, headers: HeaderMap) -> Response {
    if uri.path() == "/elsewhere" {
        return set(&["new"]).into_response();
    }
    issuer.asked.fetch_add(1, SeqCst);
    issuer.most_at_once.fetch_max(issuer.now.fetch_add(1, SeqCst) + 1, SeqCst);
    let answer = issuer.as_told(&headers).await;
    issuer.now.fetch_sub(1, SeqCst);
    answer
}

fn follow(url: Uri, pace: Pace) -> (Arc<Published>, CancellationToken) {
    let fetcher = Fetcher::new(url).with_patience(Duration::from_millis(300));
    let allowed = KeyAlgorithm::ALL.to_vec();
    let published = Published::new("test".to_owned(), fetcher, allowed, pace, FetchCounts::default());
    let (published, end) = (Arc::new(published), CancellationToken::new());
    tokio::spawn(Arc::clone(&published).run(end.clone()));
    (published, end)
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Found,
    Absent,
    Unavailable,
}

async fn find(published: &Published, name: &str) -> Outcome {
    match published.find(Some(name)).await {
        Found::Key(_) => Outcome::Found,
        Found::None => Outcome::Absent,
        Found::Unavailable => Outcome::Unavailable,
    }
}

async fn failures(published: &Published, more: u64) {
    let before = published.counts.failed.get();
    eventually(|| published.counts.failed.get() >= before + more).await;
}

async fn eventually(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("in vain");
}

#[tokio::test]
async fn whatever_goes_wrong_the_last_good_keys_stay_good_and_then_new_ones_come() {
    let issuer = Issuer::start(Conduct::Publish(vec!["old"])).await;
    let (published, _end) = issuer.followed(QUICK);
    assert_eq!(find(&published, "old").await, Outcome::Found);
    for trouble in [
        Conduct::Text("garbage"),
        Conduct::Text("<html>"),
        Conduct::Text("{\"keys\": []}"),
        Conduct::Huge,
        Conduct::Endless,
        Conduct::Redirect,
        Conduct::Refuse,
        Conduct::Slow,
        Conduct::SlowHeads,
    ] {
        issuer.behave(trouble.clone());
        // It has an old set, so nobody would ask but for this.
        assert_eq!(find(&published, &format!("{trouble:?}")).await, Outcome::Unavailable, "{trouble:?}");
        assert_eq!(find(&published, "new").await, Outcome::Unavailable, "{trouble:?}");
        assert_eq!(find(&published, "old").await, Outcome::Found, "{trouble:?}");
    }
    issuer.behave(Conduct::Publish(vec!["new"]));
    assert_eq!(find(&published, "new").await, Outcome::Found);
    assert_eq!(find(&published, "old").await, Outcome::Absent, "what is published no longer is good no longer");
}

#[tokio::test]
async fn an_issuer_that_was_never_reached_is_unavailable_and_then_it_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (published, _end) = follow(format!("http://{address}/jwks").parse().unwrap(), QUICK);
    assert_eq!(find(&published, "any").await, Outcome::Unavailable);
    let listener = TcpListener::bind(address).await.unwrap();
    let answering = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let text = set(&["any"]);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    });
    assert_eq!(find(&published, "any").await, Outcome::Found);
    drop(answering.await.unwrap());
}

#[tokio::test]
async fn keys_are_kept_for_a_time_and_no_longer() {
    let issuer = Issuer::start(Conduct::Publish(vec!["old"])).await;
    let (published, _end) = issuer.followed(Pace { keep: Duration::from_millis(400), ..QUICK });
    assert_eq!(find(&published, "old").await, Outcome::Found);
    issuer.behave(Conduct::Refuse);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(find(&published, "old").await, Outcome::Unavailable, "and not unknown");
    issuer.behave(Conduct::Publish(vec!["old"]));
    assert_eq!(find(&published, "old").await, Outcome::Found);
}

#[tokio::test]
async fn a_set_that_has_not_changed_is_not_sent_again_and_stays_good() {
    let issuer = Issuer::start(Conduct::Tagged(vec!["old"])).await;
    let (published, _end) = issuer.followed(Pace { keep: Duration::from_millis(400), ..QUICK });
    for number in 0..10 {
        assert_eq!(find(&published, "old").await, Outcome::Found, "{number}");
        assert_eq!(find(&published, &format!("{number}")).await, Outcome::Absent);
        sleep(Duration::from_millis(60)).await;
    }
    assert!(issuer.unchanged.load(SeqCst) >= 9);
    issuer.behave(Conduct::Tagged(vec!["old", "new"]));
    assert_eq!(find(&published, "new").await, Outcome::Found);
}

#[tokio::test]
async fn after_a_failure_it_is_tried_again_though_nobody_asks() {
    let issuer = Issuer::start(Conduct::Refuse).await;
    let (published, end) = issuer.followed(QUICK);
    failures(&published, 3).await;
    issuer.behave(Conduct::Publish(vec!["any"]));
    eventually(|| published.counts.succeeded.get() > 0).await;
    let asked = issuer.asked();
    sleep(Duration::from_millis(400)).await;
    assert_eq!(issuer.asked(), asked, "it is good for ten minutes");
    end.cancel();
    assert_eq!(find(&published, "any").await, Outcome::Found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_unknown_keys_costs_one_fetch_at_a_time_and_keeps_nobody_waiting() {
    let issuer = Issuer::start(Conduct::Publish(vec!["old"])).await;
    let (published, _end) = issuer.followed(QUICK);
    assert_eq!(find(&published, "old").await, Outcome::Found);
    let begun = Instant::now();
    let flood: Vec<_> = (0..10_000)
        .map(|number| {
            let published = Arc::clone(&published);
            tokio::spawn(async move { find(&published, &format!("flood {number}")).await })
        })
        .collect();
    for _ in 0..100 {
        let known = find(&published, "old").now_or_never();
        assert_eq!(known, Some(Outcome::Found), "and waits for nothing");
        tokio::task::yield_now().await;
    }
    let mut absent = 0;
    for one in flood {
        match one.await.unwrap() {
            Outcome::Absent => absent += 1,
            Outcome::Unavailable => {}
            Outcome::Found => panic!("there is none"),
        }
    }
    // As many as may wait at once, for each fetch.
    let rounds = 2 + begun.elapsed().as_millis() as usize / 50;
    assert!((1..=64 * rounds).contains(&absent), "{absent} in {rounds} rounds");
    assert_eq!(issuer.most_at_once.load(SeqCst), 1);
    // The flood goes on, and a key that is really new is found.
    let flooding = {
        let published = Arc::clone(&published);
        tokio::spawn(async move {
            for number in 0_u64.. {
                let waiting = (0..32).map(|each| {
                    let (published, name) = (Arc::clone(&published), format!("more {number} {each}"));
                    async move { find(&published, &name).await }
                });
                join_all(waiting).await;
            }
        })
    };
    issuer.behave(Conduct::Publish(vec!["old", "new"]));
    assert_eq!(find(&published, "new").await, Outcome::Found);
    flooding.abort();
}

#[tokio::test]
async fn whatever_is_asked_for_fetches_keep_their_distance_and_few_names_are_remembered() {
    let issuer = Issuer::start(Conduct::Publish(vec!["old"])).await;
    let begun = Instant::now();
    let (published, _end) = issuer.followed(QUICK);
    for round in 0..5 {
        let names: Vec<_> = (0..QUICK.most_waiting).map(|number| format!("{round} {number}")).collect();
        let outcomes = join_all(names.iter().map(|name| find(&published, name))).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Absent), "{outcomes:?}");
    }
    let most = 1 + begun.elapsed().as_millis() / QUICK.interval.as_millis();
    assert!(issuer.asked() as u128 <= most, "{} instead of {most}", issuer.asked());
    assert_eq!(published.kept().absent.len(), QUICK.most_absent);
}

#[tokio::test]
async fn a_key_that_there_is_not_is_remembered_for_a_while() {
    let issuer = Issuer::start(Conduct::Publish(vec!["old"])).await;
    let (published, _end) = issuer.followed(Pace { absent: Duration::from_millis(300), ..QUICK });
    assert_eq!(find(&published, "odd").await, Outcome::Absent);
    let asked = issuer.asked();
    for _ in 0..20 {
        assert_eq!(find(&published, "odd").await, Outcome::Absent);
    }
    assert_eq!(issuer.asked(), asked);
    issuer.behave(Conduct::Publish(vec!["old", "odd"]));
    sleep(Duration::from_millis(300)).await;
    assert_eq!(find(&published, "odd").await, Outcome::Found);
}

#[tokio::test]
async fn what_was_asked_before_a_key_was_shown_does_not_say_that_there_is_none() {
    let issuer = Issuer::start(Conduct::Publish(vec!["old"])).await;
    let (published, _end) = issuer.followed(QUICK);
    assert_eq!(find(&published, "old").await, Outcome::Found);
    let first = {
        let published = Arc::clone(&published);
        tokio::spawn(async move { find(&published, "first").await })
    };
    let asked = issuer.asked();
    while issuer.asked() == asked {
        sleep(Duration::from_millis(1)).await;
    }
    // The answer that is under way is of before.
    issuer.behave(Conduct::Publish(vec!["old", "second"]));
    assert_eq!(find(&published, "second").await, Outcome::Found);
    assert_eq!(first.await.unwrap(), Outcome::Absent);
}

#[tokio::test]
async fn https_is_https() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/jwks", listener.local_addr().unwrap().port());
    let (published, _end) = follow(url.parse().unwrap(), QUICK);
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(first, [22], "a TLS handshake and nothing else");
    assert_eq!(find(&published, "any").await, Outcome::Unavailable);
}
