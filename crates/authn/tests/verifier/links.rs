//! A slow link makes nothing look newer than it is.

use std::time::Instant;

use tokio::{task::JoinSet, time::sleep};

use crate::{
    Outcome, double::Double, double::token, link::Link, milliseconds, new_session, show, until_fresh, verifier,
};

/// Echoes come, one each second, and each of them proves what was true longer ago than the bound.
#[tokio::test]
async fn echoes_that_come_late_never_make_the_memory_fresh() {
    for delay in [Link::delay_up, Link::delay_down] {
        let double = Double::start();
        let link = Link::to(double.address()).await;
        let verifier = verifier(&link.url(), milliseconds(1200));
        let warm = token(new_session(), 0);
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
        until_fresh(&verifier, &double.replica).await;
        delay(&link, milliseconds(1250));
        // What was echoed before expires; a stream that fell silent is left for another.
        sleep(milliseconds(4000)).await;
        let (begun, streams) = (Instant::now(), double.replica.cursors().len());
        while begun.elapsed() < milliseconds(4000) {
            // The memory would accept it, and an answer comes too late.
            assert_eq!(show(&verifier, &warm).await, Outcome::Unavailable);
            sleep(milliseconds(5)).await;
        }
        assert_eq!(double.replica.cursors().len(), streams, "the stream was not left: echoes did come");
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_is_thrown_away_for_all_who_wait_for_it() {
    for delay in [Link::delay_up, Link::delay_down] {
        let double = Double::start();
        let link = Link::to(double.address()).await;
        let verifier = verifier(&link.url(), milliseconds(1500));
        until_fresh(&verifier, &double.replica).await;
        let (cold, before) = (token(new_session(), 0), double.replica.calls());
        delay(&link, milliseconds(700));
        let mut callers = JoinSet::new();
        for _ in 0..50 {
            let (verifier, cold) = (verifier.clone(), cold.clone());
            callers.spawn(async move { show(&verifier, &cold).await });
        }
        assert_eq!(callers.join_all().await, [Outcome::Unavailable; 50]);
        sleep(milliseconds(800)).await;
        assert_eq!(double.replica.calls(), before + 1, "it was answered, too late");
    }
}

#[tokio::test]
async fn a_link_that_is_slow_but_within_the_bound_is_good_enough() {
    let double = Double::start();
    let link = Link::to(double.address()).await;
    link.delay_up(milliseconds(100));
    link.delay_down(milliseconds(100));
    let verifier = verifier(&link.url(), milliseconds(3000));
    let warm = token(new_session(), 0);
    assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    until_fresh(&verifier, &double.replica).await;
    let before = double.replica.calls();
    let begun = Instant::now();
    while begun.elapsed() < milliseconds(3000) {
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
        sleep(milliseconds(10)).await;
    }
    assert_eq!(double.replica.calls(), before);
}
