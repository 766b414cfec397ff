//! The keys that tokens are signed with: made on first start, sealed in the database, known to every replica.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Context;
use aws_lc_rs::{
    rand::{self, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::json;
use service_runtime::sealed::{HashingKey, MasterKey, SealingKey};
use zeroize::Zeroizing;

use crate::{
    error::Result,
    store::{Store, StoredKey},
};

const PRIVATE_KEY_PURPOSE: &str = "auth-service signing keys";
const KEY_ID_PURPOSE: &str = "auth-service signing key ids";
/// Half of a key id is random, half is a keyed hash of that.
const KEY_ID_HALF: usize = 12;

/// The key that signs now.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) key: EncodingKey,
}

/// A public key of this installation.
pub(crate) struct VerifyingKey {
    pub(crate) key: DecodingKey,
    public: Vec<u8>,
}

impl VerifyingKey {
    pub(crate) fn new(public: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { key: DecodingKey::from_ed_der(&public), public })
    }
}

/// The one key that signs, and all that verify.
pub(crate) struct SigningKeys {
    store: Store,
    ids: KeyIds,
    signer: Signer,
    known: RwLock<HashMap<String, Arc<VerifyingKey>>>,
}

impl SigningKeys {
    /// Reads the keys; on first start makes the first. Replicas that start together agree on one.
    ///
    /// # Errors
    /// When the database cannot be reached, or the master key is not the one that the keys were sealed with.
    pub(crate) async fn open(store: Store, master: &MasterKey, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let ids = KeyIds(master.hashing_key(KEY_ID_PURPOSE)?);
        let sealing = master.sealing_key(PRIVATE_KEY_PURPOSE)?;
        let mut keys = store.signing_keys().await.context("cannot read the signing keys")?;
        if keys.is_empty() {
            store.add_first_signing_key(generate(&ids, &sealing, now)?).await.context("cannot keep the signing key")?;
            keys = store.signing_keys().await.context("cannot read the signing keys")?;
        }
        let newest = newest(&keys).context("there is no signing key")?;
        let private = unseal(newest, &sealing)?;
        let signer = Signer { kid: newest.kid.clone(), key: EncodingKey::from_ed_der(&private) };
        let known = keys.into_iter().map(|key| (key.kid, VerifyingKey::new(key.public_key))).collect();
        Ok(Self { store, ids, signer, known: RwLock::new(known) })
    }

    /// Makes sure that the master key is the one of this database, as far as that can be told before the service was
    /// started for the first time.
    ///
    /// # Errors
    /// When it is not, or the database cannot be reached.
    pub(crate) async fn check(store: &Store, master: &MasterKey) -> anyhow::Result<()> {
        let keys = store.signing_keys().await.context("cannot read the signing keys")?;
        let sealing = master.sealing_key(PRIVATE_KEY_PURPOSE)?;
        newest(&keys).map_or(Ok(()), |newest| unseal(newest, &sealing).map(drop))
    }

    /// The key to sign with.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The key of that name. One that this replica does not know is looked for in the database, because another
    /// replica may have made it; a name that no replica made costs no query.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<Arc<VerifyingKey>>> {
        if let Some(key) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(kid) {
            return Ok(Some(Arc::clone(key)));
        }
        if !self.ids.made(kid) {
            return Ok(None);
        }
        let Some(stored) = self.store.signing_key(kid).await? else { return Ok(None) };
        let key = VerifyingKey::new(stored.public_key);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(stored.kid, Arc::clone(&key));
        Ok(Some(key))
    }

    /// The public keys as a JWK set (RFC 7517, RFC 8037), in a stable order.
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<_> = known.iter().collect();
        keys.sort_unstable_by_key(|(kid, _)| *kid);
        let jwk = |(kid, key): (&String, &Arc<VerifyingKey>)| {
            let x = BASE64_URL_SAFE_NO_PAD.encode(&key.public);
            json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x })
        };
        json!({ "keys": keys.into_iter().map(jwk).collect::<Vec<_>>() })
    }
}

fn newest(keys: &[StoredKey]) -> Option<&StoredKey> {
    keys.iter().max_by_key(|key| key.generation)
}

fn unseal(key: &StoredKey, sealing: &SealingKey) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    sealing.open(&key.sealed_private_key, key.kid.as_bytes()).context(
        "AUTH_MASTER_KEY is not the one that the signing keys in the database were sealed with; give the old one back",
    )
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKeys({})", self.signer.kid)
    }
}

/// Names keys so that this installation knows its own names.
struct KeyIds(HashingKey);

impl KeyIds {
    fn make(&self) -> anyhow::Result<String> {
        let mut id = [0; 2 * KEY_ID_HALF];
        let (random, tag) = id.split_at_mut(KEY_ID_HALF);
        rand::fill(random).context("the operating system has no randomness")?;
        tag.copy_from_slice(&self.0.hash(random)[..KEY_ID_HALF]);
        Ok(BASE64_URL_SAFE_NO_PAD.encode(id))
    }

    fn made(&self, kid: &str) -> bool {
        let mut id = [0; 2 * KEY_ID_HALF];
        if BASE64_URL_SAFE_NO_PAD.decode_slice(kid, &mut id) != Ok(id.len()) {
            return false;
        }
        let (random, tag) = id.split_at(KEY_ID_HALF);
        subtle::ConstantTimeEq::ct_eq(&self.0.hash(random)[..KEY_ID_HALF], tag).into()
    }
}

fn generate(ids: &KeyIds, sealing: &SealingKey, now: DateTime<Utc>) -> anyhow::Result<StoredKey> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).context("cannot make a signing key")?;
    let private = Zeroizing::new(document.as_ref().to_vec());
    let pair = Ed25519KeyPair::from_pkcs8(&private).context("cannot make a signing key")?;
    let kid = ids.make()?;
    Ok(StoredKey {
        generation: 1,
        public_key: pair.public_key().as_ref().to_vec(),
        sealed_private_key: sealing.seal(&private, kid.as_bytes())?,
        create_time: now,
        kid,
    })
}

#[cfg(test)]
mod tests {
    use base64::prelude::BASE64_STANDARD;
    use secrecy::SecretString;
    use service_runtime::sealed::SecretSource;

    use super::*;

    fn ids(seed: u8) -> KeyIds {
        let bytes: [u8; 32] = std::array::from_fn(|index| seed.wrapping_add(index as u8));
        let value = Some(SecretString::from(BASE64_STANDARD.encode(bytes)));
        let source = SecretSource { variable: "TEST_KEY", value, file: None, generate_in: None, file_name: "" };
        KeyIds(MasterKey::load(source).unwrap().hashing_key(KEY_ID_PURPOSE).unwrap())
    }

    #[test]
    fn knows_the_names_it_made_from_all_others() {
        let (ours, theirs) = (ids(1), ids(2));
        let kid = ours.make().unwrap();
        assert!(ours.made(&kid));
        assert!(!theirs.made(&kid));
        let mut changed = kid.clone().into_bytes();
        changed[0] = if changed[0] == b'A' { b'B' } else { b'A' };
        assert!(!ours.made(&String::from_utf8(changed).unwrap()));
        for garbage in ["", "kid", &kid[1..], &format!("{kid}AAAA"), &"A".repeat(8000)] {
            assert!(!ours.made(garbage), "{garbage}");
        }
    }
}
