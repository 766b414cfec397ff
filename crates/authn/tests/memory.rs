//! What the memory of verdicts and revocations promises.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use authn::{Caller, Memory, MemoryBounds, SessionId, Subject, TokenKey, Verdict};
use proto::auth::v1::RejectionReason;
use uuid::Uuid;

const START: SystemTime = SystemTime::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(seconds)
}

fn session(number: u128) -> SessionId {
    Uuid::from_u128(number).into()
}

fn ended(number: u128) -> Subject {
    Subject::Session(session(number))
}

fn caller(number: u128) -> Arc<Caller> {
    Arc::new(Caller {
        user_id: Uuid::nil().into(),
        session_id: Some(session(number)),
        issuer: String::new(),
        subject: String::new(),
        client_id: String::new(),
        key_id: format!("key {}", number % 2),
        scopes: Vec::new(),
        issue_time: START,
        expire_time: at(100),
    })
}

fn memory(revoked: usize) -> Memory {
    Memory::new(MemoryBounds { accepted: 64, rejected: 64, revoked })
}

fn key(token: &str) -> TokenKey {
    TokenKey::of(token, "")
}

#[test]
fn a_key_tells_tokens_and_audiences_apart() {
    assert_eq!(key("token"), key("token"));
    assert_ne!(TokenKey::of("a", "bc"), TokenKey::of("ab", "c"));
    // A verdict on one signature says nothing of another, nor of none.
    let shown = ["a.b", "a.b.", "a.b.c", "a.b.d", "a.b.c.", "a.bc"].map(|token| TokenKey::of(token, "e"));
    let others = [TokenKey::of("a.b.c", "de"), TokenKey::of("a.b.", "ce"), TokenKey::of("a.b.cd", "e")];
    let all = [&shown[..], &others].concat();
    assert!(all.iter().enumerate().all(|(index, key)| !all[..index].contains(key)), "{all:?}");
    assert_ne!(key("a"), key("b"));
}

#[test]
fn an_accepted_token_is_recalled_while_fresh_until_it_expires() {
    let (memory, good) = (memory(8), Verdict::Accepted(caller(1)));
    assert_eq!(memory.recall(&key("a"), true, START), None);
    assert_eq!(memory.learn(key("a"), good.clone(), START), good);
    assert_eq!(memory.recall(&key("a"), true, at(99)), Some(good));
    assert_eq!(memory.recall(&key("a"), false, at(99)), None);
    assert_eq!(memory.recall(&key("a"), false, at(100)), Some(Verdict::Rejected(RejectionReason::Expired)));
}

#[test]
fn a_session_that_has_ended_is_refused_whatever_was_learnt_before_or_after() {
    let (memory, revoked) = (memory(8), Verdict::Rejected(RejectionReason::Revoked));
    memory.learn(key("before"), Verdict::Accepted(caller(1)), START);
    memory.revoke(ended(1), at(100), START);
    assert_eq!(memory.recall(&key("before"), true, START), Some(revoked.clone()));
    assert_eq!(memory.recall(&key("before"), false, START), Some(revoked.clone()), "known for certain, if not fresh");
    assert_eq!(memory.learn(key("after"), Verdict::Accepted(caller(1)), START), revoked);
    assert!(matches!(memory.learn(key("other"), Verdict::Accepted(caller(2)), START), Verdict::Accepted(_)));
}

#[test]
fn a_key_that_is_revoked_takes_with_it_what_it_signed_and_nothing_else() {
    let (memory, revoked) = (memory(8), Verdict::Rejected(RejectionReason::Revoked));
    memory.learn(key("before"), Verdict::Accepted(caller(1)), START);
    let subject = Subject::Key("key 1".into());
    memory.revoke(subject.clone(), at(100), START);
    assert_eq!(memory.recall(&key("before"), true, START), Some(revoked.clone()));
    assert_eq!(memory.learn(key("after"), Verdict::Accepted(caller(3)), START), revoked);
    assert!(memory.is_revoked(&subject) && memory.is_caller_revoked(&caller(5), None));
    assert!(matches!(memory.learn(key("other"), Verdict::Accepted(caller(2)), START), Verdict::Accepted(_)));
    memory.forget_expired(at(100));
    assert!(!memory.is_revoked(&subject));
}

#[test]
fn accepts_nothing_from_memory_while_a_revoked_key_has_no_room() {
    let (memory, good) = (memory(2), Verdict::Accepted(caller(1)));
    memory.learn(key("good"), good.clone(), START);
    for (number, complete) in [(2, true), (3, true), (4, false)] {
        memory.revoke(Subject::Key(format!("key {number}").into()), at(50), START);
        assert_eq!(memory.is_complete(START), complete);
    }
    assert_eq!(memory.recall(&key("good"), true, at(49)), None);
    assert_eq!(memory.recall(&key("good"), true, at(50)), Some(good));
}

#[test]
fn final_rejections_are_remembered_for_a_while_and_others_are_not() {
    let memory = memory(8);
    for (reason, kept) in [
        (RejectionReason::BadSignature, true),
        (RejectionReason::Malformed, true),
        (RejectionReason::UnknownKey, false),
        (RejectionReason::NotYetValid, false),
    ] {
        let (key, rejected) = (key(reason.as_str_name()), Verdict::Rejected(reason));
        memory.learn(key, rejected.clone(), START);
        assert_eq!(memory.recall(&key, false, at(9)), kept.then_some(rejected), "{reason:?}");
        assert_eq!(memory.recall(&key, true, at(10)), None, "{reason:?}");
    }
}

#[test]
fn garbage_drives_out_no_accepted_token() {
    let memory = memory(8);
    memory.learn(key("good"), Verdict::Accepted(caller(1)), START);
    for number in 0..10_000 {
        memory.learn(key(&number.to_string()), Verdict::Rejected(RejectionReason::Malformed), START);
    }
    assert!(memory.recall(&key("good"), true, START).is_some());
}

#[test]
fn accepts_nothing_from_memory_while_a_revocation_has_no_room() {
    let (memory, good) = (memory(2), Verdict::Accepted(caller(9)));
    memory.learn(key("good"), good.clone(), START);
    for number in [1, 2, 2] {
        memory.revoke(ended(number), at(10), START);
    }
    assert!(memory.is_complete(START));
    memory.revoke(ended(3), at(20), START);
    assert_eq!(memory.recall(&key("good"), true, at(19)), None);
    assert_eq!(memory.recall(&key("good"), true, at(20)), Some(good));
    memory.revoke(ended(4), at(50), at(20));
    assert!(memory.is_complete(at(20)), "what has expired makes room");
    assert!(memory.is_revoked(&ended(4)) && !memory.is_revoked(&ended(1)));
}
