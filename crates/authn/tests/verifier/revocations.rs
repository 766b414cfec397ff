//! What has been revoked is refused, whoever says otherwise.

use std::time::{Duration, Instant, SystemTime};

use authn::TokenHash;
use proto::auth::v1::revocation::{Issuer, Subject, User};
use tokio::time::sleep;
use tonic::Code;

use crate::{
    Outcome, REVOKED,
    double::{Double, ISSUER, issue_time, token},
    milliseconds, new_session, show, until, until_fresh, verifier,
};

#[tokio::test]
async fn a_session_that_ends_is_refused_at_once_with_all_its_tokens() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    let (ended, other) = (new_session(), new_session());
    for warm in [token(ended, 0), token(ended, 1), token(other, 0)] {
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    }
    until_fresh(&verifier, &double.replica).await;
    let before = double.replica.calls();
    let revoked = Instant::now();
    double.replica.revoke(ended);
    until("it is refused", async || show(&verifier, &token(ended, 0)).await == REVOKED).await;
    assert!(revoked.elapsed() < milliseconds(2500), "{:?}", revoked.elapsed());
    assert_eq!(show(&verifier, &token(ended, 1)).await, REVOKED);
    assert_eq!(show(&verifier, &token(other, 0)).await, Outcome::Accepted);
    assert_eq!(double.replica.calls(), before, "nobody was asked");
}

#[tokio::test]
async fn a_key_that_is_revoked_takes_every_token_with_it_whoever_is_asked() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    let warm = token(new_session(), 0);
    assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    until_fresh(&verifier, &double.replica).await;
    double.replica.revoke_the_key();
    until("it is refused", async || show(&verifier, &warm).await == REVOKED).await;
    // The replica goes on accepting what it is asked about.
    let asked = double.replica.calls();
    assert_eq!(show(&verifier, &token(new_session(), 0)).await, REVOKED);
    assert_eq!(double.replica.calls(), asked + 1);
}

#[tokio::test]
async fn another_issuers_token_is_refused_by_itself_its_user_or_its_issuer() {
    let double = Double::start();
    double.replica.conduct().foreign = true;
    let verifier = verifier(&double.url(), milliseconds(3000));
    let (ada, eve, grace) = (new_session(), new_session(), new_session());
    for warm in [token(ada, 0), token(ada, 1), token(eve, 0), token(grace, 0)] {
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
    }
    until_fresh(&verifier, &double.replica).await;
    let refused = async |shown: String| until("it is refused", async || show(&verifier, &shown).await == REVOKED).await;
    double.replica.tell_of(Subject::TokenHash(TokenHash::of(&token(ada, 0)).as_bytes().to_vec()));
    refused(token(ada, 0)).await;
    let otherwise_signed = token(ada, 0).replace("signature", "another");
    assert_eq!(show(&verifier, &otherwise_signed).await, REVOKED, "though the replica accepts it");
    assert_eq!(show(&verifier, &token(ada, 1)).await, Outcome::Accepted);
    let second = Duration::from_secs(1);
    let user = |time: SystemTime| Subject::User(User { user_id: eve.to_string(), not_before: Some(time.into()) });
    let issuer = |time: SystemTime| Subject::Issuer(Issuer { issuer: ISSUER.into(), not_before: Some(time.into()) });
    // Of before it was issued, twice; and then of when it was.
    double.replica.tell_of(user(issue_time() - second));
    double.replica.tell_of(issuer(issue_time() - second));
    double.replica.tell_of(user(issue_time()));
    refused(token(eve, 0)).await;
    double.replica.tell_of(user(issue_time() - second));
    assert_eq!(show(&verifier, &token(ada, 1)).await, Outcome::Accepted);
    double.replica.tell_of(issuer(issue_time()));
    refused(token(grace, 0)).await;
    assert_eq!(show(&verifier, &token(ada, 1)).await, REVOKED);
    assert_eq!(show(&verifier, &token(eve, 1)).await, REVOKED, "though the replica accepts it");
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_no_trouble_of_the_replica_that_says_so() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    until_fresh(&verifier, &double.replica).await;
    double.replica.conduct().without_issuer = true;
    for number in 0..20 {
        assert_eq!(show(&verifier, &token(new_session(), number)).await, Outcome::Unavailable);
    }
    double.replica.conduct().without_issuer = false;
    assert_eq!(show(&verifier, &token(new_session(), 0)).await, Outcome::Accepted, "it is asked at once");
}

#[tokio::test]
async fn an_answer_of_a_replica_that_has_not_heard_of_a_revocation_is_not_believed() {
    let (told, deaf) = (Double::start(), Double::start());
    // One is followed and does not answer, the other answers and is not followed.
    told.replica.conduct().refusal = Some(Code::Unavailable);
    *deaf.replica.conduct() =
        crate::double::Conduct { deaf: true, unfollowable: Some(Code::Unimplemented), ..Default::default() };
    let verifier = verifier(&format!("{},{}", told.url(), deaf.url()), milliseconds(3000));
    until("it is followed", async || told.replica.watchers() == 1).await;
    let session = new_session();
    assert_eq!(show(&verifier, &token(session, 0)).await, Outcome::Accepted);
    told.replica.revoke(session);
    until("it is heard of", async || show(&verifier, &token(session, 0)).await == REVOKED).await;
    let asked = deaf.replica.calls();
    assert_eq!(show(&verifier, &token(session, 1)).await, REVOKED, "a token that was never seen before");
    assert_eq!(deaf.replica.calls(), asked + 1, "it was asked, and said that the token is good");
}

#[tokio::test]
async fn a_stream_goes_on_where_the_one_before_ended() {
    let double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    until_fresh(&verifier, &double.replica).await;
    let sessions = [new_session(), new_session()];
    double.replica.revoke(sessions[0]);
    until("it is refused", async || show(&verifier, &token(sessions[0], 0)).await == REVOKED).await;
    double.replica.cut_streams();
    until("there is another", async || double.replica.cursors().len() == 2).await;
    assert_eq!(double.replica.cursors(), ["", "1"]);
    double.replica.revoke(sessions[1]);
    until_fresh(&verifier, &double.replica).await;
    for session in sessions {
        until("it is refused", async || show(&verifier, &token(session, 0)).await == REVOKED).await;
    }
}

#[tokio::test]
async fn a_cursor_that_has_expired_begins_again_and_what_was_heard_stays() {
    let mut double = Double::start();
    let verifier = verifier(&double.url(), milliseconds(3000));
    until_fresh(&verifier, &double.replica).await;
    let session = new_session();
    double.replica.revoke(session);
    until("it is refused", async || show(&verifier, &token(session, 0)).await == REVOKED).await;

    // Another replica takes its place, which has not heard of it.
    let address = double.address();
    double.kill();
    let other = Double::start_at(address, Default::default());
    *other.replica.conduct() = crate::double::Conduct { deaf: true, forgets_cursors: true, ..Default::default() };
    until("it has begun again", async || other.replica.cursors().len() == 2).await;
    until_fresh(&verifier, &other.replica).await;
    assert_eq!(other.replica.cursors(), ["1", ""]);
    assert_eq!(show(&verifier, &token(session, 0)).await, REVOKED);
    assert_eq!(show(&verifier, &token(session, 1)).await, REVOKED);
}

#[tokio::test]
async fn a_snapshot_that_breaks_off_is_asked_for_again() {
    let double = Double::start();
    let session = new_session();
    double.replica.revoke(session);
    double.replica.conduct().breaks_off = true;
    let verifier = verifier(&double.url(), milliseconds(3000));
    until("some have broken off", async || double.replica.cursors().len() >= 3).await;
    assert!(double.replica.cursors().iter().all(String::is_empty), "{:?}", double.replica.cursors());
    double.replica.conduct().breaks_off = false;
    until_fresh(&verifier, &double.replica).await;
    assert_eq!(show(&verifier, &token(session, 0)).await, REVOKED);
}

#[tokio::test]
async fn a_revocation_that_cannot_be_understood_is_not_passed_over() {
    let double = Double::start();
    double.replica.revoke_the_unknown();
    let verifier = verifier(&double.url(), milliseconds(3000));
    let warm = token(new_session(), 0);
    let mut calls = 0;
    while double.replica.cursors().len() < 4 {
        assert_eq!(show(&verifier, &warm).await, Outcome::Accepted);
        calls += 1;
        assert_eq!(double.replica.calls(), calls, "nothing is accepted from memory");
        sleep(milliseconds(10)).await;
    }
}
