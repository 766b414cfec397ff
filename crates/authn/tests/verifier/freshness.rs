//! Judged from memory while auth-service is heard, asked while it is not, refused when it is gone.

use std::time::Instant;

use proto::auth::v1::RejectionReason;
use tokio::{task::JoinSet, time::sleep};
use tonic::Code;

use crate::{
    Outcome, double::Double, double::token, link::Link, milliseconds, new_session, show, until, until_fresh, verifier,
};

#[tokio::test]
async fn a_thousand_calls_with_a_warm_token_ask_nobody() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    until_fresh(&verifier, &double.replica).await;
    let warm = token(new_session(), 0);
    show(&verifier, &warm).await;
    let before = double.replica.calls();
    for _ in 0..1000 {
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    }
    assert_eq!(double.replica.calls(), before);
}

#[tokio::test]
async fn who_is_not_heard_is_asked_each_time() {
    for silence in [
        |double: &Double| double.replica.conduct().mute = true,
        |double: &Double| {
            double.replica.conduct().lies = true;
        },
        |double: &Double| double.replica.conduct().unfollowable = Some(Code::Unimplemented),
    ] {
        let double = Double::start();
        silence(&double);
        let verifier = verifier(&double.url(), milliseconds(3000));
        let warm = token(new_session(), 0);
        for call in 1..=50 {
            assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
            assert_eq!(double.replica.calls(), call);
            sleep(milliseconds(10)).await;
        }
    }
}

#[tokio::test]
async fn a_token_that_is_rejected_for_good_is_not_asked_about_again() {
    let double = Double::start();
    double.replica.conduct().mute = true;
    let verifier = verifier(&double.url(), milliseconds(3000));
    for _ in 0..10 {
        assert_eq!(show(&verifier, "garbage").await, Outcome::Rejected(RejectionReason::Malformed));
    }
    assert_eq!(double.replica.calls(), 1);
    let long = "x".repeat(8 * 1024 + 1);
    assert_eq!(show(&verifier, &long).await, Outcome::Rejected(RejectionReason::Malformed));
    assert_eq!(double.replica.calls(), 1, "the contract says so already");
}

#[tokio::test]
async fn without_auth_service_warm_tokens_are_good_until_the_bound_and_then_nobody_is_let_in() {
    let bound = milliseconds(2000);
    let mut double = Double::start();
    let verifier = verifier(&double.url(), bound);
    let warm = token(new_session(), 0);
    show(&verifier, &warm).await;
    until_fresh(&verifier, &double.replica).await;
    let gone = Instant::now();
    double.kill();
    assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Unavailable, "nobody knows it");
    let mut last = gone;
    until("it is refused", async || {
        let asked = Instant::now();
        match show(&verifier, &warm).await {
            Outcome::Accepted => last = asked,
            refused => return refused == Outcome::Unavailable,
        }
        false
    })
    .await;
    let served = last - gone;
    assert!(served > bound - milliseconds(1100) && served < bound, "{served:?}");
    for _ in 0..100 {
        assert_eq!(show(&verifier, &warm).await, Outcome::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_it_is_back_calls_are_served_within_a_second_and_nobody_storms_it() {
    let mut double = Double::start();
    let link = Link::to(double.address()).await;
    let verifier = verifier(&link.url(), milliseconds(1100));
    let tokens: Vec<_> = (0..10).map(|_| token(new_session(), 0)).collect();
    for token in &tokens {
        assert_eq!(show(&verifier, token).await, Outcome::Accepted);
    }
    let before = (link.attempts(), Instant::now());
    double.kill();
    // Many callers, all the time.
    while before.1.elapsed() < milliseconds(4000) {
        let callers: JoinSet<_> = (0..200)
            .map(|number| {
                let (verifier, token) = (verifier.clone(), tokens[number % tokens.len()].clone());
                async move { show(&verifier, &token).await }
            })
            .collect();
        callers.join_all().await;
        sleep(milliseconds(5)).await;
    }
    let attempts = link.attempts() - before.0;
    assert!((8..=60).contains(&attempts), "{attempts} attempts to connect in 4 s");

    let calls = double.replica.calls();
    double.start_again();
    let back = Instant::now();
    until("it is served", async || show(&verifier, &tokens[0]).await == Outcome::Accepted).await;
    assert!(back.elapsed() < milliseconds(2500), "{:?}", back.elapsed());
    until_fresh(&verifier, &double.replica).await;
    assert!(back.elapsed() < milliseconds(3000), "{:?}", back.elapsed());
    let before = double.replica.calls();
    assert!(before - calls < 150, "{} calls until it was heard again", before - calls);
    for token in tokens.iter().cycle().take(1000) {
        assert_eq!(show(&verifier, token).await, Outcome::Accepted);
    }
    assert_eq!(double.replica.calls(), before, "what was known is known still");
}

/// The process stands still, not the time.
#[tokio::test]
async fn after_a_pause_of_its_own_the_verifier_trusts_neither_its_memory_nor_an_answer() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(1200));
    let warm = token(new_session(), 0);
    show(&verifier, &warm).await;
    until_fresh(&verifier, &double.replica).await;
    let before = double.replica.calls();
    std::thread::sleep(milliseconds(1300));
    assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    assert_eq!(double.replica.calls(), before + 1, "it was asked again");

    // The answer comes after 50 ms, in time; the verifier hears of it when it is too old.
    double.replica.conduct().delay = milliseconds(50);
    let cold = token(new_session(), 0);
    let asking = tokio::spawn({
        let (verifier, cold) = (verifier.clone(), cold.clone());
        async move { show(&verifier, &cold).await }
    });
    until("it is asked", async || double.replica.calls() == before + 2).await;
    std::thread::sleep(milliseconds(400));
    assert_eq!(asking.await.unwrap(), Outcome::Unavailable);
    let asked = double.replica.calls();
    until_fresh(&verifier, &double.replica).await;
    let fresh = double.replica.calls();
    assert!(fresh > asked);
    assert_eq!(show(&verifier, &cold).await, Outcome::Accepted);
    assert_eq!(double.replica.calls(), fresh + 1, "it was not remembered");
}
