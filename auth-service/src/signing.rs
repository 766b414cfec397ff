//! The keys that tokens are signed with: made, published, put to use and laid down as time demands, the same for every
//! replica.
//!
//! Truth is in the database. Each replica reads it every second, and does what is due; the database lets one of them at
//! a time. What a replica has read it may verify with for as long as it likes, because a key that is not published any
//! more has signed nothing that is still good, and one that is revoked is among the [`Revocations`]. It signs only with
//! a key that was active a few seconds ago, and a key is published for longer than that after the last token that it
//! signed.

mod keyring;
mod maker;
mod metrics;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::json;
use service_runtime::{CancellationToken, clock::Clock};
use tokio::time::{sleep, timeout};

pub(crate) use self::{
    keyring::{Key, KeyRules, KeyState, Keyring},
    maker::{KeyMaker, PRIVATE_KEY_PURPOSE},
};
use crate::{
    error::{Error, Result},
    event::Origin,
    revocations::Revocations,
    store::Store,
};

/// How often the keys are read, and what is due is done.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long after its beginning a reading tells which key signs. Far shorter than a key is published after its last
/// token.
const TRUST: Duration = Duration::from_secs(5);
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many keys are remembered that are published no more.
const MOST_PAST: usize = 1000;

/// The key that signs now.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) key: EncodingKey,
}

/// A public key of this installation.
pub(crate) struct VerifyingKey {
    pub(crate) key: DecodingKey,
    pub(crate) state: KeyState,
    public: Vec<u8>,
}

impl VerifyingKey {
    pub(crate) fn new(public: Vec<u8>, state: KeyState) -> Arc<Self> {
        Arc::new(Self { key: DecodingKey::from_ed_der(&public), state, public })
    }
}

/// The one key that signs, and all that verify.
pub(crate) struct SigningKeys {
    store: Store,
    revocations: Arc<Revocations>,
    clock: Clock,
    rules: KeyRules,
    maker: KeyMaker,
    begun: Instant,
    known: RwLock<Known>,
}

/// What has been read.
#[derive(Default)]
struct Known {
    /// When the reading began, by [`SigningKeys::reading`].
    read: Duration,
    signer: Option<Arc<Signer>>,
    /// Since when it signs.
    signs_from: DateTime<Utc>,
    published: BTreeMap<String, Arc<VerifyingKey>>,
    /// Those that are retired or revoked for good, and were asked for.
    past: HashMap<String, Arc<VerifyingKey>>,
}

impl SigningKeys {
    /// Reads the keys; on first start makes the first. Replicas that start together agree on one.
    ///
    /// # Errors
    /// When the database cannot be reached, or the master key is not the one that the keys were sealed with.
    pub(crate) async fn open(
        store: Store,
        revocations: Arc<Revocations>,
        clock: Clock,
        maker: KeyMaker,
        rules: KeyRules,
    ) -> anyhow::Result<Self> {
        let (begun, known) = (Instant::now(), RwLock::default());
        let keys = Self { store, revocations, clock, rules, maker, begun, known };
        keys.tend().await.context("cannot read the signing keys")?;
        if keys.known().signer.is_none() {
            anyhow::bail!(crate::secrets::ANOTHER_KEY);
        }
        Ok(keys)
    }

    /// The key to sign with: one that was active some seconds ago at most, and is not known to be revoked.
    ///
    /// # Errors
    /// When the database has to be asked and cannot be.
    pub(crate) async fn signer(&self) -> Result<Arc<Signer>> {
        if let Some(signer) = self.trusted_signer() {
            return Ok(signer);
        }
        self.read().await?;
        self.trusted_signer().ok_or_else(|| Error::internal("there is no signing key that can be opened"))
    }

    fn trusted_signer(&self) -> Option<Arc<Signer>> {
        let known = self.known();
        let is_recent = self.reading().saturating_sub(known.read) < TRUST;
        known.signer.as_ref().filter(|signer| is_recent && !self.is_revoked(&signer.kid)).cloned()
    }

    /// The key of that name, whatever its state. One that this replica does not know is looked for in the database,
    /// because another replica may have made it; a name that no replica made costs no query.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<Arc<VerifyingKey>>> {
        {
            let known = self.known();
            if let Some(key) = known.published.get(kid).or_else(|| known.past.get(kid)) {
                return Ok(Some(Arc::clone(key)));
            }
        }
        if !self.maker.made(kid) {
            return Ok(None);
        }
        let Some(stored) = self.store.signing_key(kid).await? else { return Ok(None) };
        let key = VerifyingKey::new(stored.public_key, stored.state);
        let mut known = self.known_mut();
        if stored.state.is_published() {
            known.published.insert(stored.kid, Arc::clone(&key));
        } else if known.past.len() < MOST_PAST {
            known.past.insert(stored.kid, Arc::clone(&key));
        }
        Ok(Some(key))
    }

    /// The public keys as a JWK set (RFC 7517, RFC 8037), in a stable order, and for how long from now on whoever keeps
    /// it has every key before that key signs.
    pub(crate) fn jwks(&self) -> (serde_json::Value, Duration) {
        let known = self.known();
        let published = known.published.iter().filter(|(kid, _)| !self.is_revoked(kid));
        let jwk = |(kid, key): (&String, &Arc<VerifyingKey>)| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(&key.public);
            json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x })
        };
        let keys = json!({ "keys": published.map(jwk).collect::<Vec<_>>() });
        // The other half is for replicas that have not heard, and for the way.
        let publication = self.rules.publication.to_std().unwrap_or_default();
        (keys, (publication / 2).saturating_sub(self.reading().saturating_sub(known.read)))
    }

    /// Reads the keys, and does what is due.
    pub(crate) async fn tend(&self) -> Result<()> {
        let ring = Keyring::from(self.read().await?);
        let now = timeout(PATIENCE, self.store.now(&self.clock)).await.map_err(|_elapsed| Error::DatabaseSilent)??;
        if ring.due(now, self.rules).is_none() {
            return Ok(());
        }
        let make = |others: &Keyring| self.maker.make(others).map_err(Error::internal);
        let tend = |ring: &mut Keyring, now| ring.tend(now, self.rules, make);
        let ((), [before, after]) = self.store.change_keys(&self.clock, &Origin::service(), tend).await?;
        for key in after.iter().filter(|key| !before.contains(key)) {
            tracing::info!(kid = %key.kid, state = key.state.name(), "a signing key changes its state");
        }
        self.read().await.map(drop)
    }

    /// Goes on until `end`.
    pub(crate) async fn run(self: Arc<Self>, end: CancellationToken) {
        let tending = async {
            let mut failing = false;
            loop {
                tokio::select! {
                    () = sleep(INTERVAL) => {}
                    () = self.revocations.key_revoked() => {}
                }
                let tended = self.tend().await;
                // Once for each failure, not each time that it is tried again.
                if let (Err(cause), false) = (&tended, failing) {
                    tracing::warn!(?cause, "the signing keys cannot be read or changed; trying again");
                }
                failing = tended.is_err();
            }
        };
        end.run_until_cancelled(tending).await;
    }

    async fn read(&self) -> Result<Vec<Key>> {
        let begun = self.reading();
        let keys = timeout(PATIENCE, self.store.published_keys()).await.map_err(|_elapsed| Error::DatabaseSilent)??;
        self.take_in(&keys, begun);
        Ok(keys)
    }

    fn take_in(&self, keys: &[Key], begun: Duration) {
        let active = keys.iter().find(|key| key.state == KeyState::Active);
        let mut known = self.known_mut();
        // Another reading may have begun later and ended sooner.
        if begun < known.read {
            return;
        }
        known.read = begun;
        known.signs_from = active.map(|key| key.active_time).unwrap_or_default();
        known.signer = active.and_then(|key| match known.signer.take() {
            Some(signer) if signer.kid == key.kid => Some(signer),
            _ => self.open_signer(key),
        });
        let published = keys.iter().map(|key| {
            let kept = known.published.get(&key.kid).filter(|kept| kept.state == key.state);
            let verifying = kept.cloned().unwrap_or_else(|| VerifyingKey::new(key.public_key.clone(), key.state));
            (key.kid.clone(), verifying)
        });
        known.published = published.collect();
    }

    fn open_signer(&self, key: &Key) -> Option<Arc<Signer>> {
        let Some(private) = self.maker.open(key) else {
            tracing::error!(kid = %key.kid, "no token can be signed: {}", crate::secrets::ANOTHER_KEY);
            return None;
        };
        tracing::info!(kid = %key.kid, "tokens are signed with this key from now on");
        Some(Arc::new(Signer { kid: key.kid.clone(), key: EncodingKey::from_ed_der(&private) }))
    }

    fn is_revoked(&self, kid: &str) -> bool {
        self.revocations.memory().is_key_revoked(kid)
    }

    /// A time that never goes back. A manual clock's is its own.
    fn reading(&self) -> Duration {
        if self.clock.is_system() {
            return self.begun.elapsed();
        }
        (self.clock.now() - DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_mut(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKeys").field("published", &self.known().published.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests;
