//! The verifier over TCP, against an auth-service that delays, hangs, lies, forgets and dies. The real pair is tested
//! elsewhere.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod coalescing;
mod double;
mod freshness;
#[path = "../../examples/greeter/main.rs"]
#[expect(dead_code, reason = "its main is not called")]
mod greeter;
mod link;
mod links;
mod metrics;
mod replicas;
mod revocations;
mod streams;

use std::time::{Duration, Instant, SystemTime};

use authn::{MaxStaleness, RemoteVerifier, SessionId, Unavailable, Verdict, Verify};
use double::{Replica, token};
use proto::auth::v1::RejectionReason;
use service_runtime::{clock::Clock, deadline::Deadline};
use tokio::time::sleep;
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(10);

fn milliseconds(amount: u64) -> Duration {
    Duration::from_millis(amount)
}

fn now() -> SystemTime {
    Clock::system().now().into()
}

fn verifier(urls: &str, max_staleness: Duration) -> RemoteVerifier {
    RemoteVerifier::start(urls, MaxStaleness::try_from(max_staleness).unwrap(), Clock::system()).unwrap()
}

fn new_session() -> SessionId {
    Uuid::now_v7().into()
}

/// What becomes of a token, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Rejected(RejectionReason),
    Unavailable,
}

const REVOKED: Outcome = Outcome::Rejected(RejectionReason::Revoked);

async fn show(verifier: &RemoteVerifier, token: &str) -> Outcome {
    show_within(verifier, token, LONG).await
}

async fn show_within(verifier: &RemoteVerifier, token: &str, patience: Duration) -> Outcome {
    match verifier.verify(token, Deadline::within(patience)).await {
        Ok(Verdict::Accepted(_)) => Outcome::Accepted,
        Ok(Verdict::Rejected(reason)) => Outcome::Rejected(reason),
        Err(Unavailable) => Outcome::Unavailable,
    }
}

/// Waits until tokens are judged from memory.
async fn until_fresh(verifier: &RemoteVerifier, replica: &Replica) {
    let warm = token(new_session(), 0);
    until("it is fresh", async || {
        let before = replica.calls();
        show(verifier, &warm).await == Outcome::Accepted && replica.calls() == before
    })
    .await;
}

async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !reached().await {
        assert!(start.elapsed() < LONG, "waiting until {what}");
        sleep(milliseconds(5)).await;
    }
}
