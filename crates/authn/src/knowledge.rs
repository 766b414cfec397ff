//! What one verifier knows: the memory, how fresh it is, and who wants to hear that something has been revoked.

use std::time::{Duration, SystemTime};

use service_runtime::clock::Clock;
use uuid::Uuid;

use crate::{
    Caller, Memory, MemoryBounds, Subject, TokenHash, TokenKey, Verdict, ended::Ends, freshness::Freshness,
    metrics::Metrics,
};

/// Shared by the calls, by the stream of revocations, and by those who wait for the end of their token.
#[derive(Debug)]
pub(crate) struct Knowledge {
    pub(crate) freshness: Freshness,
    pub(crate) metrics: Metrics,
    pub(crate) ends: Ends,
    memory: Memory,
    clock: Clock,
}

impl Knowledge {
    pub(crate) fn new(max_staleness: Duration, clock: Clock) -> Self {
        Self {
            freshness: Freshness::new(max_staleness),
            metrics: Metrics::default(),
            ends: Ends::default(),
            memory: Memory::new(MemoryBounds::default()),
            clock,
        }
    }

    /// What is known of a token for certain.
    pub(crate) fn recall(&self, key: &TokenKey) -> Option<Verdict> {
        // Before the memory is looked at: a revocation that comes in between is heeded, and proves nothing newer.
        let fresh = self.freshness.is_fresh();
        self.memory.recall(key, fresh, self.now())
    }

    /// Takes a verdict of auth-service's, and checks it against what is known here.
    pub(crate) fn learn(&self, key: TokenKey, verdict: Verdict) -> Verdict {
        self.memory.learn(key, verdict, self.now())
    }

    /// Something has been revoked. First it is known, then those who wait for it are told: whoever begins to wait in
    /// between finds it among what is known.
    pub(crate) fn revoke(&self, subject: &Subject, expire_time: SystemTime) {
        self.memory.revoke(subject.clone(), expire_time, self.now());
        self.ends.tell(&subject.ground());
    }

    /// Counts how long it took until a revocation was heard of here. Its UUIDv7 tells when it was made, by the clock of
    /// whoever made it.
    pub(crate) fn heard_of(&self, revocation: &str) {
        let made = Uuid::parse_str(revocation).ok().and_then(|id| id.get_timestamp()).map(|made| made.to_unix());
        if let Some((seconds, nanoseconds)) = made {
            let made = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
            self.metrics.heard_after(self.now().duration_since(made).unwrap_or_default());
        }
    }

    pub(crate) fn forget_expired(&self) {
        self.memory.forget_expired(self.now());
    }

    pub(crate) fn is_revoked(&self, caller: &Caller, token: Option<&TokenHash>) -> bool {
        self.memory.is_caller_revoked(caller, token)
    }

    /// Whether everything that has been revoked is known to have been.
    pub(crate) fn is_complete(&self) -> bool {
        self.memory.is_complete(self.now())
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    fn now(&self) -> SystemTime {
        self.clock.now().into()
    }
}
