//! What is known of tokens without asking anybody: verdicts, and what has been revoked.

use std::{
    borrow::Borrow,
    collections::HashMap,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_lc_rs::digest;
use proto::auth::v1::RejectionReason;
use quick_cache::unsync::Cache;

use crate::{
    Caller, SessionId, Subject, TokenHash, UserId, Verdict,
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBounds {
    /// Tokens that were accepted; one takes about a kilobyte.
    pub accepted: usize,
    /// Tokens that were rejected for good; one takes about 60 bytes. They have a place of their own, so that garbage
    /// drives out nothing but garbage.
    pub rejected: usize,
    /// Sessions that have ended and had tokens that have not, and as many keys; one takes about 60 bytes. With one more
    /// than that, no token is accepted from memory until all of them have expired.
    pub revoked: usize,
}

impl Default for MemoryBounds {
    fn default() -> Self {
        Self { accepted: 100_000, rejected: 100_000, revoked: 1_000_000 }
    }
}

/// How long a rejection is remembered: whoever rejected the token may come to know its issuer.
const REJECTION_LIFETIME: Duration = Duration::from_secs(10);

/// A token with its signature, and the audience it is judged for, by their SHA-256.
#[derive(Clone, Copy)]
pub struct TokenKey {
    token: TokenHash,
    for_audience: [u8; digest::SHA256_OUTPUT_LEN],
}

impl TokenKey {
    /// The key of a token for an audience.
    pub fn of(token: &str, audience: &str) -> Self {
        let signature = &token[token.rfind('.').unwrap_or(token.len())..];
        let token = TokenHash::of(token);
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(token.as_bytes());
        // A verdict is on this signature and no other. Its length keeps it apart from the audience.
        context.update(&(signature.len() as u64).to_le_bytes());
        context.update(signature.as_bytes());
        context.update(audience.as_bytes());
        let mut for_audience = [0; digest::SHA256_OUTPUT_LEN];
        for_audience.copy_from_slice(context.finish().as_ref());
        Self { token, for_audience }
    }
}

impl PartialEq for TokenKey {
    fn eq(&self, other: &Self) -> bool {
        self.for_audience == other.for_audience
    }
}

impl Eq for TokenKey {}

impl Hash for TokenKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.for_audience.hash(hasher);
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenKey")
    }
}

/// What is known of tokens. Every verdict that comes out of it has been checked against every revocation that went in.
pub struct Memory {
    verdicts: Verdicts,
    revoked: RwLock<Revoked>,
}

impl Memory {
    /// Knows nothing yet.
    pub fn new(bounds: MemoryBounds) -> Self {
        Self {
            verdicts: Verdicts::new(bounds.accepted, bounds.rejected),
            revoked: RwLock::new(Revoked::new(bounds.revoked)),
        }
    }

    /// What is known of a token. A token is accepted only if the memory is `fresh`: if all that was revoked long enough
    /// ago has gone into it. Whoever asks finds that out before, and not after: what is heard in between is heeded.
    pub fn recall(&self, key: &TokenKey, fresh: bool, now: SystemTime) -> Option<Verdict> {
        let caller = match self.verdicts.get(key, now)? {
            Verdict::Accepted(caller) => caller,
            rejected @ Verdict::Rejected(_) => return Some(rejected),
        };
        let revoked = self.revoked();
        let verdict = revoked.check(caller, &key.token, now);
        let certain = matches!(verdict, Verdict::Rejected(_)) || (fresh && revoked.is_complete(now));
        certain.then_some(verdict)
    }

    /// Keeps a verdict that was given elsewhere, and checks it. Rejections that may turn out otherwise soon are not kept.
    pub fn learn(&self, key: TokenKey, verdict: Verdict, now: SystemTime) -> Verdict {
        match verdict {
            Verdict::Accepted(caller) => {
                self.verdicts.accept(key, Arc::clone(&caller));
                self.revoked().check(caller, &key.token, now)
            }
            Verdict::Rejected(reason) => {
                if is_final(reason) {
                    self.verdicts.reject(key, reason, now + REJECTION_LIFETIME);
                }
                verdict
            }
        }
    }

    /// Takes in that something has been revoked. No token that it touches is accepted from here on. `expire_time` is
    /// when the last of these expires.
    pub fn revoke(&self, subject: Subject, expire_time: SystemTime, now: SystemTime) {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).insert(subject, expire_time, now);
    }

    /// Forgets the revocations whose tokens have all expired.
    pub fn forget_expired(&self, now: SystemTime) {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).forget_expired(now);
    }

    /// Whether all revocations that went in are still known. If not, no token may be accepted from memory.
    pub fn is_complete(&self, now: SystemTime) -> bool {
        self.revoked().is_complete(now)
    }

    /// Whether something has been revoked, as far as is known.
    pub fn is_revoked(&self, subject: &Subject) -> bool {
        let revoked = self.revoked();
        match subject {
            Subject::Session(session) => revoked.sessions.contains(session),
            Subject::Key(key) => revoked.keys.contains(key),
            Subject::Token(token) => revoked.tokens.contains(token),
            Subject::User { user_id, not_before } => revoked.users.get(user_id) >= Some(*not_before),
            Subject::Issuer { issuer, not_before } => revoked.issuers.get(&**issuer) >= Some(*not_before),
        }
    }

    /// Whether a signing key has been revoked, as far as is known.
    pub fn is_key_revoked(&self, key_id: &str) -> bool {
        self.revoked().keys.contains(key_id)
    }

    /// Whether something has been revoked that a caller's token depends on, as far as is known.
    /// `token` is what the caller has shown, if that is another issuer's.
    pub fn is_caller_revoked(&self, caller: &Caller, token: Option<&TokenHash>) -> bool {
        self.revoked().touch(caller, token)
    }

    fn revoked(&self) -> RwLockReadGuard<'_, Revoked> {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner)
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
        | R::Revoked
        | R::UserDisabled => true,
    }
}

/// Verdicts by token, in parts, so that callers do not wait for each other.
struct Verdicts(Box<[Mutex<Shard>]>);

struct Shard {
    accepted: Cache<TokenKey, Arc<Caller>>,
    rejected: Cache<TokenKey, (RejectionReason, SystemTime)>,
}

impl Verdicts {
    const COUNT: usize = 16;

    fn new(accepted: usize, rejected: usize) -> Self {
        let shard = || Shard {
            accepted: Cache::new(accepted.div_ceil(Self::COUNT)),
            rejected: Cache::new(rejected.div_ceil(Self::COUNT)),
        };
        Self((0..Self::COUNT).map(|_| Mutex::new(shard())).collect())
    }

    fn get(&self, key: &TokenKey, now: SystemTime) -> Option<Verdict> {
        let shard = self.shard(key);
        match shard.rejected.get(key) {
            Some((reason, until)) if now < *until => Some(Verdict::Rejected(*reason)),
            _ => shard.accepted.get(key).cloned().map(Verdict::Accepted),
        }
    }

    fn accept(&self, key: TokenKey, caller: Arc<Caller>) {
        self.shard(&key).accepted.insert(key, caller);
    }

    fn reject(&self, key: TokenKey, reason: RejectionReason, until: SystemTime) {
        self.shard(&key).rejected.insert(key, (reason, until));
    }

    fn shard(&self, key: &TokenKey) -> MutexGuard<'_, Shard> {
        self.0[usize::from(key.for_audience[0]) % Self::COUNT].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has been revoked.
struct Revoked {
    sessions: Expiring<SessionId>,
    keys: Expiring<Arc<str>>,
    tokens: Expiring<TokenHash>,
    /// Up to when the tokens of other issuers are refused.
    users: Expiring<UserId, SystemTime>,
    issuers: Expiring<Arc<str>, SystemTime>,
    /// Until then something may have been revoked that is not among them, for want of room.
    incomplete_until: SystemTime,
}

impl Revoked {
    fn new(most: usize) -> Self {
        Self {
            sessions: Expiring::new(most),
            keys: Expiring::new(most),
            tokens: Expiring::new(most),
            users: Expiring::new(most),
            issuers: Expiring::new(most),
            incomplete_until: SystemTime::UNIX_EPOCH,
        }
    }

    fn insert(&mut self, subject: Subject, expire_time: SystemTime, now: SystemTime) {
        let has_room = match subject {
            Subject::Session(session) => self.sessions.insert(session, (), expire_time, now),
            Subject::Key(key) => self.keys.insert(key, (), expire_time, now),
            Subject::Token(token) => self.tokens.insert(token, (), expire_time, now),
            Subject::User { user_id, not_before } => self.users.insert(user_id, not_before, expire_time, now),
            Subject::Issuer { issuer, not_before } => self.issuers.insert(issuer, not_before, expire_time, now),
        };
        if !has_room {
            self.incomplete_until = self.incomplete_until.max(expire_time);
        }
    }

    fn forget_expired(&mut self, now: SystemTime) {
        self.sessions.forget_expired(now);
        self.keys.forget_expired(now);
        self.tokens.forget_expired(now);
        self.users.forget_expired(now);
        self.issuers.forget_expired(now);
    }

    fn touch(&self, caller: &Caller, token: Option<&TokenHash>) -> bool {
        match &caller.session_id {
            Some(session) => self.sessions.contains(session) || self.keys.contains(caller.key_id.as_str()),
            None => {
                let issued = Some(caller.issue_time);
                token.is_some_and(|token| self.tokens.contains(token))
                    || self.users.get(&caller.user_id) >= issued
                    || self.issuers.get(caller.issuer.as_str()) >= issued
            }
        }
    }

    fn check(&self, caller: Arc<Caller>, token: &TokenHash, now: SystemTime) -> Verdict {
        if caller.expire_time <= now {
            Verdict::Rejected(RejectionReason::Expired)
        } else if self.touch(&caller, Some(token)) {
            Verdict::Rejected(RejectionReason::Revoked)
        } else {
            Verdict::Accepted(caller)
        }
    }

    fn is_complete(&self, now: SystemTime) -> bool {
        self.incomplete_until <= now
    }
}

/// Things of one kind, each with a value, that are remembered until a time, a bounded number of them.
struct Expiring<T, V = ()> {
    things: HashMap<T, (V, SystemTime)>,
    most: usize,
    /// When room was last looked for.
    swept: SystemTime,
}

impl<T: Eq + Hash, V: Copy + Ord> Expiring<T, V> {
    /// Looking through all of them for room takes time, in which every caller waits.
    const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

    fn new(most: usize) -> Self {
        Self { things: HashMap::new(), most, swept: SystemTime::UNIX_EPOCH }
    }

    /// Remembers one of them, with the greatest value and until the latest time that it was given; `false` if there is
    /// no room for it.
    fn insert(&mut self, thing: T, value: V, expire_time: SystemTime, now: SystemTime) -> bool {
        if self.things.len() >= self.most && self.swept + Self::SWEEP_INTERVAL <= now {
            self.forget_expired(now);
        }
        let has_room = self.things.len() < self.most || self.things.contains_key(&thing);
        if has_room {
            let known = self.things.entry(thing).or_insert((value, expire_time));
            *known = (known.0.max(value), known.1.max(expire_time));
        }
        has_room
    }

    fn get<Q: Eq + Hash + ?Sized>(&self, thing: &Q) -> Option<V>
    where
        T: Borrow<Q>,
    {
        self.things.get(thing).map(|(value, _)| *value)
    }

    fn contains<Q: Eq + Hash + ?Sized>(&self, thing: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.things.contains_key(thing)
    }

    fn forget_expired(&mut self, now: SystemTime) {
        self.things.retain(|_, (_, expire_time)| now < *expire_time);
        self.swept = now;
    }
}
