//! What was revoked before its tokens expired, sessions and signing keys, in memory: each replica knows all of it, and
//! tells whoever watches.
//!
//! Truth is in the database, where the transaction that revokes something writes it down. The [`Follower`] reads from
//! there what is new, four times a second and whenever a doorbell rings; what this process itself has committed is
//! taken in at once. Whether nothing is missing is told by the time at which the last complete reading began:
//! everything that had been committed by then is known.

mod follower;
mod log;
mod metrics;
mod watcher;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use authn::{Memory, MemoryBounds, Subject};
use chrono::{DateTime, Utc};
use service_runtime::clock::Clock;
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::Instant,
};
use uuid::Uuid;

use crate::token::LONGEST_LIFETIME;
pub(crate) use follower::Follower;
use log::{Log, Position};
pub(crate) use watcher::{Told, Watcher};

/// How long after its beginning a reading proves that nothing is missing.
const FRESH: Duration = Duration::from_secs(1);

/// How much longer a revocation is remembered than the tokens that it touches are good: their session may have been
/// read as living by a call that gives out a token a moment after its end, and clocks differ.
const MARGIN: Duration = Duration::from_secs(60);

/// How many may watch at once.
const MOST_WATCHERS: usize = 1000;

/// Something that was revoked before its tokens expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    /// A UUIDv7, which tells when it was revoked.
    pub(crate) id: Uuid,
    pub(crate) subject: Subject,
    /// From then on no token that it touches would be good anyway.
    pub(crate) expire_time: DateTime<Utc>,
}

/// When it may be forgotten that other issuers' tokens are refused up to a time.
pub(crate) fn forget_rule_time(not_before: DateTime<Utc>) -> DateTime<Utc> {
    not_before + LONGEST_LIFETIME + MARGIN
}

/// When the end of a session may be forgotten that would have lasted until `expire_time`.
pub(crate) fn forget_time(expire_time: DateTime<Utc>, end: DateTime<Utc>) -> DateTime<Utc> {
    expire_time.min(end + LONGEST_LIFETIME) + MARGIN
}

/// A complete reading.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// Everything that had been committed by then is known.
    begun: Instant,
    /// And stands before this in the log.
    end: Position,
}

/// What is known of revocations, and with it of tokens.
#[derive(Debug)]
pub(crate) struct Revocations {
    clock: Clock,
    memory: Memory,
    /// The same revocations as in the memory, in the order in which they came.
    log: Mutex<Log>,
    /// Where the log ends.
    end: watch::Sender<Position>,
    /// The last complete reading.
    read: watch::Sender<Option<Reading>>,
    /// This process has committed something that others are to hear of.
    rung_here: Notify,
    /// Another process may have.
    rung_there: Notify,
    /// A signing key has been revoked.
    key_revoked: Notify,
    places: Arc<Semaphore>,
}

impl Revocations {
    /// Knows nothing yet.
    pub(crate) fn new(clock: Clock) -> Self {
        Self::bounded(clock, MemoryBounds::default())
    }

    /// As [`new`](Self::new), with other bounds.
    pub(crate) fn bounded(clock: Clock, bounds: MemoryBounds) -> Self {
        Self {
            clock,
            memory: Memory::new(bounds),
            log: Mutex::new(Log::new(bounds.revoked)),
            end: watch::Sender::default(),
            read: watch::Sender::default(),
            rung_here: Notify::new(),
            rung_there: Notify::new(),
            key_revoked: Notify::new(),
            places: Arc::new(Semaphore::new(MOST_WATCHERS)),
        }
    }

    /// What is known of tokens.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whether all that was revoked more than a second ago has gone into the memory.
    pub(crate) fn is_fresh(&self) -> bool {
        self.read.borrow().is_some_and(|read| read.begun.elapsed() < FRESH)
    }

    /// Takes in what this process has just committed, and has others told of it.
    pub(crate) fn committed(&self, revocations: &[Revocation]) {
        if !revocations.is_empty() {
            self.take_in(revocations);
            self.rung_here.notify_one();
        }
    }

    /// Whether this process has revoked anything.
    pub(crate) fn are_any(&self) -> bool {
        !self.log().is_empty()
    }

    fn take_in(&self, revocations: &[Revocation]) {
        let now = self.clock.now();
        let mut log = self.log();
        for revocation in revocations {
            if revocation.expire_time <= now || self.memory.is_revoked(&revocation.subject) {
                continue;
            }
            self.memory.revoke(revocation.subject.clone(), revocation.expire_time.into(), now.into());
            // If the memory had no room for it, it knows that it is incomplete: nothing is vouched for then.
            if self.memory.is_revoked(&revocation.subject) {
                log.push(revocation.clone(), now);
            }
            if matches!(revocation.subject, Subject::Key(_)) {
                self.key_revoked.notify_one();
            }
        }
        self.end.send_if_modified(|end| std::mem::replace(end, log.end()) != log.end());
    }

    /// Waits until it is known that a signing key has been revoked. For one who waits.
    pub(crate) async fn key_revoked(&self) {
        self.key_revoked.notified().await;
    }

    /// Every revocation that was committed before `begun` has been taken in.
    fn has_read(&self, begun: Instant) {
        let end = self.log().end();
        self.read.send_replace(Some(Reading { begun, end }));
    }

    fn forget_expired(&self) {
        let now = self.clock.now();
        self.memory.forget_expired(now.into());
        self.log().forget_expired(now);
    }

    /// Whether the memory has had room for all that was taken in. If not, nothing can be vouched for.
    fn is_complete(&self) -> bool {
        self.memory.is_complete(self.clock.now().into())
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
