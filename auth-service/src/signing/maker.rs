//! Makes signing keys, names them so that this installation knows its own names, and seals their private halves.

use anyhow::Context;
use aws_lc_rs::{
    rand::{self, SystemRandom},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use service_runtime::sealed::HashingKey;
use zeroize::Zeroizing;

use super::keyring::{Key, Keyring, NewKey};
use crate::secrets::{MasterKeys, Secrets, Vault};

pub(crate) const PRIVATE_KEY_PURPOSE: &str = "auth-service signing keys";
/// Half of a key id is random, half is a keyed hash of that.
const KEY_ID_HALF: usize = 12;

/// Makes keys and opens them again.
pub(crate) struct KeyMaker {
    ids: KeyIds,
    vault: Vault,
}

impl KeyMaker {
    pub(crate) fn new(secrets: &Secrets, masters: &MasterKeys) -> anyhow::Result<Self> {
        Ok(Self { ids: KeyIds(secrets.key_ids()), vault: Self::vault(masters)? })
    }

    /// What private keys are sealed in.
    pub(crate) fn vault(masters: &MasterKeys) -> anyhow::Result<Vault> {
        Vault::new(masters, PRIVATE_KEY_PURPOSE)
    }

    /// A new key, sealed as the others are: a new master key takes over by a reseal, and not bit by bit.
    pub(crate) fn make(&self, others: &Keyring) -> anyhow::Result<NewKey> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).context("cannot make a signing key")?;
        let private = Zeroizing::new(document.as_ref().to_vec());
        let pair = Ed25519KeyPair::from_pkcs8(&private).context("cannot make a signing key")?;
        let kid = self.ids.make()?;
        let sealed = others.keys.iter().map(|key| (key.sealed_private_key.as_slice(), key.kid.as_bytes()));
        let sealed_private_key = self.vault.seal_as(sealed, &private, kid.as_bytes())?;
        Ok(NewKey { public_key: pair.public_key().as_ref().to_vec(), sealed_private_key, kid })
    }

    /// The private half, if one of the master keys opens it.
    pub(crate) fn open(&self, key: &Key) -> Option<Zeroizing<Vec<u8>>> {
        self.vault.open(&key.sealed_private_key, key.kid.as_bytes())
    }

    /// Whether some replica of this installation made that name.
    pub(crate) fn made(&self, kid: &str) -> bool {
        self.ids.made(kid)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(seed: u8) -> KeyIds {
        KeyIds(HashingKey::new(&std::array::from_fn(|index| seed.wrapping_add(index as u8))))
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
