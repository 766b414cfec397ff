//! Many who want to know the same ask once, and leave without harm.

use tokio::task::JoinSet;

use crate::{
    LONG, Outcome, double::Double, double::token, milliseconds, new_session, show, show_within, until, verifier,
};

#[tokio::test]
async fn a_thousand_first_uses_of_one_token_make_one_call() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    let token = token(new_session(), 0);
    double.replica.conduct().delay = milliseconds(200);
    let mut callers = JoinSet::new();
    for _ in 0..1000 {
        let (verifier, token) = (verifier.clone(), token.clone());
        callers.spawn(async move { show(&verifier, &token).await });
    }
    assert_eq!(callers.join_all().await, [Outcome::Accepted; 1000]);
    assert_eq!(double.replica.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_do_a_thousand_who_come_while_the_answer_arrives() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    crate::until_fresh(&verifier, &double.replica).await;
    for _ in 0..20 {
        let (token, before) = (token(new_session(), 0), double.replica.calls());
        let mut callers = JoinSet::new();
        for _ in 0..1000 {
            let (verifier, token) = (verifier.clone(), token.clone());
            callers.spawn(async move { show(&verifier, &token).await });
        }
        assert_eq!(callers.join_all().await, [Outcome::Accepted; 1000]);
        assert_eq!(double.replica.calls() - before, 1);
    }
}

#[tokio::test]
async fn nine_hundred_who_leave_take_nothing_from_the_hundred_who_stay() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    let token = token(new_session(), 0);
    double.replica.conduct().delay = milliseconds(300);
    let mut callers = Vec::new();
    for _ in 0..1000 {
        let (verifier, token) = (verifier.clone(), token.clone());
        callers.push(tokio::spawn(async move { show(&verifier, &token).await }));
    }
    until("it is asked", async || double.replica.calls() == 1).await;
    // The one that asked is among them.
    callers.drain(..900).for_each(|caller| caller.abort());
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Outcome::Accepted);
    }
    assert_eq!(double.replica.calls(), 1);
}

/// A server closes a connection on which 1,024 calls have been given up.
#[tokio::test]
async fn whoever_leaves_gives_up_no_call() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    crate::until_fresh(&verifier, &double.replica).await;
    double.replica.conduct().delay = milliseconds(300);
    let (before, mut callers) = (double.replica.calls(), JoinSet::new());
    for _ in 0..100 {
        let (verifier, token) = (verifier.clone(), token(new_session(), 0));
        callers.spawn(async move { show(&verifier, &token).await });
    }
    until("all have asked", async || double.replica.calls() == before + 100).await;
    callers.shutdown().await;
    until("all are answered", async || double.replica.answers() == before + 100).await;
}

#[tokio::test]
async fn each_waits_as_long_as_its_own_deadline_allows() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    let token = token(new_session(), 0);
    double.replica.conduct().delay = milliseconds(300);
    let (hasty, patient) =
        tokio::join!(show_within(&verifier, &token, milliseconds(50)), show_within(&verifier, &token, LONG));
    assert_eq!((hasty, patient), (Outcome::Unavailable, Outcome::Accepted));
    assert_eq!(double.replica.calls(), 1);
}
