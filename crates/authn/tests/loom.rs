//! Every interleaving of answers, revocations and look-ups that the locks of the shipped memory allow, up to the bound
//! that loom explores exhaustively here.

#[path = "../src/memory.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a model uses a part of it")]
mod memory;
#[path = "../src/token_hash.rs"]
#[allow(dead_code, unreachable_pub, missing_docs, reason = "a model uses a part of it")]
mod token_hash;

/// The locks that loom knows.
mod sync {
    pub(crate) use std::sync::PoisonError;

    pub(crate) use loom::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard};
}

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use authn::{Caller, SessionId, Subject, TokenHash, UserId, Verdict};
use loom::{model::Builder, thread};
use memory::{Memory, MemoryBounds, TokenKey};
use proto::auth::v1::RejectionReason;
use uuid::Uuid;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;
const REVOKED: Verdict = Verdict::Rejected(RejectionReason::Revoked);

fn later() -> SystemTime {
    NOW + Duration::from_secs(3600)
}

fn session() -> SessionId {
    Uuid::nil().into()
}

fn caller() -> Arc<Caller> {
    Arc::new(Caller {
        user_id: Uuid::nil().into(),
        session_id: Some(session()),
        issuer: String::new(),
        subject: String::new(),
        client_id: String::new(),
        key_id: String::new(),
        scopes: Vec::new(),
        issue_time: NOW,
        expire_time: later(),
    })
}

fn key() -> TokenKey {
    TokenKey::of("token", "")
}

fn explore(model: impl Fn(Arc<Memory>) + Send + Sync + 'static) {
    let bounds = MemoryBounds { accepted: 16, rejected: 16, revoked: 4 };
    let mut builder = Builder::new();
    // However often a thread is interrupted: all interleavings.
    builder.preemption_bound = None;
    builder.check(move || model(Arc::new(Memory::new(bounds))));
}

#[test]
fn after_a_revocation_neither_an_answer_in_flight_nor_what_it_left_is_accepted() {
    explore(|memory| {
        let answering = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || memory.learn(key(), Verdict::Accepted(caller()), NOW))
        };
        let looking = {
            let memory = Arc::clone(&memory);
            thread::spawn(move || memory.recall(&key(), true, NOW))
        };
        memory.revoke(Subject::Session(session()), later(), NOW);
        // Whatever the others are doing: what begins now is refused.
        assert!(matches!(memory.recall(&key(), true, NOW), None | Some(REVOKED)));
        assert_eq!(memory.learn(key(), Verdict::Accepted(caller()), NOW), REVOKED);
        assert_eq!(memory.recall(&key(), true, NOW), Some(REVOKED));
        answering.join().unwrap();
        looking.join().unwrap();
        assert_eq!(memory.recall(&key(), true, NOW), Some(REVOKED));
    });
}

#[test]
fn who_learns_of_a_revocation_from_another_thread_accepts_nothing_either() {
    explore(|memory| {
        let told = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let telling = {
            let (memory, told) = (Arc::clone(&memory), Arc::clone(&told));
            thread::spawn(move || {
                memory.revoke(Subject::Session(session()), later(), NOW);
                told.store(true, loom::sync::atomic::Ordering::Release);
            })
        };
        let heard = told.load(loom::sync::atomic::Ordering::Acquire);
        let learnt = memory.learn(key(), Verdict::Accepted(caller()), NOW);
        assert!(!heard || learnt == REVOKED);
        let heard = told.load(loom::sync::atomic::Ordering::Acquire);
        let recalled = memory.recall(&key(), true, NOW);
        assert!(!heard || recalled == Some(REVOKED));
        telling.join().unwrap();
    });
}
