//! What the memory of verdicts and revocations promises.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use authn::{Caller, Memory, MemoryBounds, SessionId, Subject, TokenHash, TokenKey, Verdict};
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

fn foreign(user: u128, issued: u64) -> Arc<Caller> {
    let caller = Caller { user_id: Uuid::from_u128(user).into(), session_id: None, ..(*caller(1)).clone() };
    Arc::new(Caller { issuer: "other".to_owned(), key_id: String::new(), issue_time: at(issued), ..caller })
}

fn of_user(user: u128, not_before: u64) -> Subject {
    Subject::User { user_id: Uuid::from_u128(user).into(), not_before: at(not_before) }
}

#[test]
fn another_issuers_tokens_are_refused_up_to_the_latest_time_that_was_told() {
    let memory = memory(8);
    let accepted = |user, issued| {
        let verdict = Verdict::Accepted(foreign(user, issued));
        matches!(memory.learn(key(&format!("{user} {issued}")), verdict, START), Verdict::Accepted(_))
    };
    assert!(accepted(1, 10));
    for not_before in [9, 12, 11] {
        memory.revoke(of_user(1, not_before), at(200), START);
    }
    assert!(!accepted(1, 10) && !accepted(1, 12) && accepted(1, 13) && accepted(2, 10));
    assert_eq!(memory.recall(&key("1 10"), true, START), Some(Verdict::Rejected(RejectionReason::Revoked)));
    assert!(memory.is_revoked(&of_user(1, 12)) && !memory.is_revoked(&of_user(1, 13)));
    let issuer = |not_before: u64| Subject::Issuer { issuer: "other".into(), not_before: at(not_before) };
    memory.revoke(issuer(20), at(200), START);
    assert!(!accepted(1, 20) && !accepted(2, 20) && accepted(1, 21));
    assert!(memory.is_revoked(&issuer(20)) && !memory.is_revoked(&issuer(21)));
    // Our own tokens have sessions.
    let own =
        Arc::new(Caller { issuer: "other".to_owned(), user_id: Uuid::from_u128(1).into(), ..(*caller(1)).clone() });
    assert!(matches!(memory.learn(key("own"), Verdict::Accepted(own), START), Verdict::Accepted(_)));
    memory.forget_expired(at(200));
    assert!(accepted(1, 10));
}

#[test]
fn another_issuers_token_is_refused_by_itself() {
    let memory = memory(8);
    let learn = |token: &str| memory.learn(key(token), Verdict::Accepted(foreign(1, 10)), START);
    learn("one");
    memory.revoke(Subject::Token(TokenHash::of("one")), at(200), START);
    assert_eq!(memory.recall(&key("one"), false, START), Some(Verdict::Rejected(RejectionReason::Revoked)));
    assert!(matches!(learn("two"), Verdict::Accepted(_)));
    let token = TokenKey::of("one", "another audience");
    let verdict = memory.learn(token, Verdict::Accepted(foreign(1, 10)), START);
    assert_eq!(verdict, Verdict::Rejected(RejectionReason::Revoked), "for whatever audience");
}

#[test]
fn accepts_nothing_from_memory_while_what_other_issuers_revoked_has_no_room() {
    for subject in [
        |number: u64| Subject::Token(TokenHash::of(&number.to_string())),
        |number: u64| of_user(number.into(), 1),
        |number: u64| Subject::Issuer { issuer: number.to_string().into(), not_before: START },
    ] {
        let memory = memory(2);
        for (number, complete) in [(1, true), (2, true), (2, true), (3, false)] {
            memory.revoke(subject(number), at(50), START);
            assert_eq!(memory.is_complete(START), complete, "{:?}", subject(number));
        }
    }
}
