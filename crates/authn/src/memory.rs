//! What is known of tokens without asking anybody: verdicts, and which sessions have ended.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest;
use proto::auth::v1::RejectionReason;
use quick_cache::unsync::Cache;

use crate::{
    Caller, SessionId, Verdict,
    sync::{Mutex, PoisonError, RwLock},
};

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBounds {
    /// Tokens that were accepted; one takes about a kilobyte.
    pub accepted: usize,
    /// Tokens that were rejected for good; one takes about 60 bytes. They have a place of their own, so that garbage
    /// drives out nothing but garbage.
    pub rejected: usize,
    /// Sessions that have ended and had tokens that have not; one takes about 60 bytes. With one more than that, no
    /// token is accepted from memory until all of them have expired.
    pub revoked: usize,
}

impl Default for MemoryBounds {
    fn default() -> Self {
        Self { accepted: 100_000, rejected: 100_000, revoked: 1_000_000 }
    }
}

/// How long a rejection is remembered: whoever rejected the token may come to know its issuer.
const REJECTION_LIFETIME: Duration = Duration::from_secs(10);

/// A token and the audience it is judged for, by their SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenKey([u8; digest::SHA256_OUTPUT_LEN]);

impl TokenKey {
    /// The key of a token for an audience.
    pub fn of(token: &str, audience: &str) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&token.len().to_le_bytes());
        context.update(token.as_bytes());
        context.update(audience.as_bytes());
        let mut key = [0; digest::SHA256_OUTPUT_LEN];
        key.copy_from_slice(context.finish().as_ref());
        Self(key)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenKey")
    }
}

/// What is known of tokens. Every verdict that comes out of it has been checked against every revocation that went in.
pub struct Memory {
    accepted: Shards<Arc<Caller>>,
    rejected: Shards<(RejectionReason, SystemTime)>,
    revoked: RwLock<Revoked>,
}

impl Memory {
    /// Knows nothing yet.
    pub fn new(bounds: MemoryBounds) -> Self {
        Self {
            accepted: Shards::new(bounds.accepted),
            rejected: Shards::new(bounds.rejected),
            revoked: RwLock::new(Revoked::new(bounds.revoked)),
        }
    }

    /// What is known of a token. A token is accepted only if the memory is `fresh`: if all that was revoked long enough
    /// ago has gone into it. Whoever asks finds that out before, and not after: what is heard in between is heeded.
    pub fn recall(&self, key: &TokenKey, fresh: bool, now: SystemTime) -> Option<Verdict> {
        if let Some((reason, until)) = self.rejected.get(key)
            && now < until
        {
            return Some(Verdict::Rejected(reason));
        }
        let verdict = self.check(self.accepted.get(key)?, now);
        let certain = matches!(verdict, Verdict::Rejected(_)) || (fresh && self.is_complete(now));
        certain.then_some(verdict)
    }

    /// Keeps a verdict that was given elsewhere, and checks it. Rejections that may turn out otherwise soon are not kept.
    pub fn learn(&self, key: TokenKey, verdict: Verdict, now: SystemTime) -> Verdict {
        match verdict {
            Verdict::Accepted(caller) => {
                self.accepted.insert(key, Arc::clone(&caller));
                self.check(caller, now)
            }
            Verdict::Rejected(reason) => {
                if is_final(reason) {
                    self.rejected.insert(key, (reason, now + REJECTION_LIFETIME));
                }
                verdict
            }
        }
    }

    /// Takes in that a session has ended. No token of it is accepted from here on. `expire_time` is when the last of its
    /// tokens expires.
    pub fn revoke(&self, session: SessionId, expire_time: SystemTime, now: SystemTime) {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).insert(session, expire_time, now);
    }

    /// Forgets the revocations whose tokens have all expired.
    pub fn forget_expired(&self, now: SystemTime) {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).forget_expired(now);
    }

    /// Whether all revocations that went in are still known. If not, no token may be accepted from memory.
    pub fn is_complete(&self, now: SystemTime) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).is_complete(now)
    }

    /// Whether a session has ended, as far as is known.
    pub fn is_revoked(&self, session: SessionId) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).sessions.contains_key(&session)
    }

    fn check(&self, caller: Arc<Caller>, now: SystemTime) -> Verdict {
        if caller.expire_time <= now {
            Verdict::Rejected(RejectionReason::Expired)
        } else if self.is_revoked(caller.session_id) {
            Verdict::Rejected(RejectionReason::Revoked)
        } else {
            Verdict::Accepted(caller)
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// Whether a token that was rejected so will never be good.
fn is_final(reason: RejectionReason) -> bool {
    use RejectionReason as R;
    match reason {
        R::Unspecified | R::UnknownKey | R::NotYetValid => false,
        R::Malformed
        | R::UnsupportedAlgorithm
        | R::BadSignature
        | R::Expired
        | R::WrongIssuer
        | R::WrongAudience
        | R::WrongType
        | R::InvalidClaims
        | R::Revoked => true,
    }
}

/// A bounded cache in parts, so that callers do not wait for each other.
struct Shards<T>(Box<[Mutex<Cache<TokenKey, T>>]>);

impl<T: Clone> Shards<T> {
    const COUNT: usize = 16;

    fn new(capacity: usize) -> Self {
        Self((0..Self::COUNT).map(|_| Mutex::new(Cache::new(capacity.div_ceil(Self::COUNT)))).collect())
    }

    fn get(&self, key: &TokenKey) -> Option<T> {
        self.shard(key).lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn insert(&self, key: TokenKey, value: T) {
        self.shard(&key).lock().unwrap_or_else(PoisonError::into_inner).insert(key, value);
    }

    fn shard(&self, key: &TokenKey) -> &Mutex<Cache<TokenKey, T>> {
        &self.0[usize::from(key.0[0]) % Self::COUNT]
    }
}

/// The sessions that have ended.
struct Revoked {
    sessions: HashMap<SessionId, SystemTime>,
    most: usize,
    /// Until then a session may have ended that is not among them, for want of room.
    incomplete_until: SystemTime,
}

impl Revoked {
    fn new(most: usize) -> Self {
        Self { sessions: HashMap::new(), most, incomplete_until: SystemTime::UNIX_EPOCH }
    }

    fn insert(&mut self, session: SessionId, expire_time: SystemTime, now: SystemTime) {
        if self.sessions.len() >= self.most && !self.sessions.contains_key(&session) {
            self.forget_expired(now);
        }
        if self.sessions.len() < self.most || self.sessions.contains_key(&session) {
            self.sessions.insert(session, expire_time);
        } else {
            self.incomplete_until = self.incomplete_until.max(expire_time);
        }
    }

    fn forget_expired(&mut self, now: SystemTime) {
        self.sessions.retain(|_, expire_time| now < *expire_time);
    }

    fn is_complete(&self, now: SystemTime) -> bool {
        self.incomplete_until <= now
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        START + Duration::from_secs(seconds)
    }

    fn session(number: u128) -> SessionId {
        Uuid::from_u128(number).into()
    }

    fn caller(number: u128) -> Arc<Caller> {
        Arc::new(Caller {
            user_id: Uuid::nil().into(),
            session_id: session(number),
            issuer: String::new(),
            subject: String::new(),
            client_id: String::new(),
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
        memory.revoke(session(1), at(100), START);
        assert_eq!(memory.recall(&key("before"), true, START), Some(revoked.clone()));
        assert_eq!(
            memory.recall(&key("before"), false, START),
            Some(revoked.clone()),
            "known for certain, if not fresh"
        );
        assert_eq!(memory.learn(key("after"), Verdict::Accepted(caller(1)), START), revoked);
        assert!(matches!(memory.learn(key("other"), Verdict::Accepted(caller(2)), START), Verdict::Accepted(_)));
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
            memory.revoke(session(number), at(10), START);
        }
        assert!(memory.is_complete(START));
        memory.revoke(session(3), at(20), START);
        assert_eq!(memory.recall(&key("good"), true, at(19)), None);
        assert_eq!(memory.recall(&key("good"), true, at(20)), Some(good));
        memory.revoke(session(4), at(50), at(20));
        assert!(memory.is_complete(at(20)), "what has expired makes room");
        assert!(memory.is_revoked(session(4)) && !memory.is_revoked(session(1)));
    }
}
