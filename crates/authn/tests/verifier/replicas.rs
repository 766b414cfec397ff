//! Several replicas: whoever does not answer is left for another, and come back to.

use std::time::{Duration, Instant};

use authn::RemoteDeletions;
use tonic::Code;

use crate::{Outcome, double::Double, double::token, milliseconds, new_session, show, until, until_fresh, verifier};

fn pair() -> ([Double; 2], String) {
    let doubles = [Double::start(), Double::start()];
    let urls = format!("{}, {}", doubles[0].url(), doubles[1].url());
    (doubles, urls)
}

/// How often a replica in trouble may be asked in that time: some times at once, and ten times a second.
fn most(at_once: usize, took: Duration) -> usize {
    at_once + took.as_millis() as usize / 100
}

#[tokio::test]
async fn a_replica_that_is_gone_or_in_trouble_costs_no_call() {
    for trouble in [Double::kill, |double: &mut Double| double.replica.conduct().refusal = Some(Code::Unavailable)] {
        let (mut doubles, urls) = pair();
        let verifier = verifier(&urls, milliseconds(3000));
        for _ in 0..10 {
            assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Accepted);
        }
        assert!(doubles.iter().all(|double| double.replica.calls() > 0), "both are asked");
        trouble(&mut doubles[0]);
        let (before, start) = (doubles[0].replica.calls(), Instant::now());
        for _ in 0..100 {
            assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Accepted);
        }
        let (calls, took) = (doubles[0].replica.calls() - before, start.elapsed());
        assert!(calls <= most(3, took), "it is not left alone: {calls} calls in {took:?}");

        doubles[0].replica.conduct().refusal = None;
        doubles[0].start_again();
        let before = doubles[0].replica.calls();
        until("it is asked again", async || {
            assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Accepted);
            doubles[0].replica.calls() > before
        })
        .await;
    }
}

#[tokio::test]
async fn a_replica_that_hangs_leaves_time_for_the_other() {
    let (doubles, urls) = pair();
    let verifier = verifier(&urls, milliseconds(3000));
    doubles[0].replica.conduct().delay = milliseconds(60_000);
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Accepted);
        assert!(start.elapsed() < milliseconds(1900), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_question_is_put_twice_at_most_and_to_nobody_who_has_just_failed() {
    let (doubles, urls) = pair();
    let calls = || doubles.iter().map(|double| double.replica.calls()).sum::<usize>();
    for double in &doubles {
        double.replica.conduct().refusal = Some(Code::Unavailable);
        double.replica.conduct().mute = true;
    }
    let verifier = verifier(&urls, milliseconds(3000));
    let start = Instant::now();
    assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Unavailable);
    assert_eq!(calls(), 2);
    for _ in 0..300 {
        assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Unavailable);
        tokio::time::sleep(milliseconds(1)).await;
    }
    let (calls, took) = (calls(), start.elapsed());
    assert!(calls <= 2 * most(5, took), "{calls} calls in {took:?}");
}

#[tokio::test]
async fn an_answer_that_is_an_error_of_its_own_is_not_asked_for_elsewhere() {
    let (doubles, urls) = pair();
    for double in &doubles {
        double.replica.conduct().refusal = Some(Code::Internal);
    }
    let verifier = verifier(&urls, milliseconds(3000));
    for asked in 1..=20 {
        assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Unavailable);
        assert_eq!(doubles.iter().map(|double| double.replica.calls()).sum::<usize>(), asked);
    }
}

#[tokio::test]
async fn one_that_hangs_is_unavailable_after_two_seconds() {
    let double = Double::start();
    double.replica.conduct().delay = milliseconds(60_000);
    let verifier = verifier(&double.url(), milliseconds(10_000));
    let start = Instant::now();
    assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Unavailable);
    let took = start.elapsed();
    assert!(took > milliseconds(1900) && took < milliseconds(3000), "{took:?}");
}

#[tokio::test]
async fn whoever_falls_silent_is_left_for_another() {
    let (doubles, urls) = pair();
    let verifier = verifier(&urls, milliseconds(5000));
    let followed = || doubles.iter().position(|double| double.replica.watchers() == 1);
    until("one is followed", async || followed().is_some()).await;
    let (first, warm) = (followed().unwrap(), token(new_session(), 0));
    assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    until_fresh(&verifier, &doubles[first].replica).await;
    doubles[first].replica.conduct().mute = true;
    let calls = || doubles.iter().map(|double| double.replica.calls()).sum::<usize>();
    let before = calls();
    until("the other is followed", async || {
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
        doubles[1 - first].replica.watchers() == 1
    })
    .await;
    until("the first is left", async || doubles[first].replica.watchers() == 0).await;
    assert_eq!(calls(), before, "nobody noticed");
}

#[tokio::test]
async fn a_verifier_that_is_dropped_listens_no_longer() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    until("it is followed", async || double.replica.watchers() == 1).await;
    let clone = verifier.clone();
    drop(verifier);
    until_fresh(&clone, &double.replica).await;
    drop(clone);
    until("nobody listens", async || double.replica.watchers() == 0).await;
}

#[tokio::test]
async fn deletions_are_asked_of_whoever_answers() {
    let (doubles, urls) = pair();
    let deletions = RemoteDeletions::connect_lazy(&urls).unwrap();
    doubles[0].replica.conduct().refusal = Some(Code::Unavailable);
    let (mut failures, start) = (0, Instant::now());
    for _ in 0..20 {
        failures += usize::from(deletions.list("").await.is_err());
    }
    let took = start.elapsed();
    assert!(failures <= most(3, took), "{failures} of 20 in {took:?}");
}
