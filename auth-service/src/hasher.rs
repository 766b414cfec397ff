//! One thread's means to hash: the scheme of new hashes, and memory that is used again and again.

use anyhow::Context;
use argon2::{Block, password_hash::phc::Salt};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::{hash_scheme::Scheme, stored_hash::StoredHash};

pub(crate) struct Hasher {
    scheme: Scheme,
    arena: Vec<Block>,
    usual: usize,
}

impl Hasher {
    /// The length of the key of a new hash, in bytes.
    const KEY_LENGTH: usize = 32;

    /// Makes new hashes by that scheme of argon2.
    pub(crate) fn new(scheme: Scheme) -> Self {
        let usual = match scheme {
            Scheme::Argon2 { memory_kib, .. } => memory_kib as usize,
            Scheme::Scrypt { .. } | Scheme::Bcrypt { .. } => 0,
        };
        Self { scheme, arena: Vec::new(), usual }
    }

    /// The scheme of new hashes.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether it has hashed anything.
    #[cfg(test)]
    pub(crate) fn has_worked(&self) -> bool {
        !self.arena.is_empty()
    }

    /// A new hash as a PHC string.
    pub(crate) fn hash(&mut self, password: &[u8]) -> anyhow::Result<String> {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        aws_lc_rs::rand::fill(&mut salt).context("the operating system has no randomness")?;
        let mut key = [0; Self::KEY_LENGTH];
        self.compute(self.scheme, password, &salt, &mut key)?;
        Ok(format!("${}${}${}", self.scheme, STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(key)))
    }

    /// Whether it is the password of a hash, by the scheme of that hash.
    pub(crate) fn verify(&mut self, password: &[u8], hash: &StoredHash) -> anyhow::Result<bool> {
        let mut key = Zeroizing::new(vec![0; hash.key_length()]);
        self.compute(hash.scheme(), password, hash.salt(), &mut key)?;
        Ok(hash.has_key(&key))
    }

    /// Computes a hash of nobody's password by a scheme.
    pub(crate) fn try_out(&mut self, scheme: Scheme) -> anyhow::Result<()> {
        let key_length = if matches!(scheme, Scheme::Bcrypt { .. }) { 23 } else { Self::KEY_LENGTH };
        self.compute(scheme, &[0; 16], &[0; Salt::RECOMMENDED_LENGTH], &mut vec![0; key_length])
    }

    fn compute(&mut self, scheme: Scheme, password: &[u8], salt: &[u8], key: &mut [u8]) -> anyhow::Result<()> {
        scheme.compute(password, salt, key, &mut self.arena)?;
        if self.arena.len() > self.usual {
            // Another hash needed more than new ones do; that memory is not kept.
            self.arena.truncate(self.usual);
            self.arena.shrink_to_fit();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Argon2, PasswordVerifier};

    use super::*;

    fn hasher(memory: u32, passes: u32) -> Hasher {
        Hasher::new(Scheme::argon2id(memory, passes).unwrap())
    }

    #[test]
    fn its_hashes_are_what_others_expect() {
        let mut hasher = hasher(64, 2);
        for _ in 0..2 {
            let hash = hasher.hash(b"Xk4mPq9z").unwrap();
            assert!(Argon2::default().verify_password(b"Xk4mPq9z", &*hash).is_ok(), "{hash}");
            assert!(Argon2::default().verify_password(b"Xk4mPq9y", &*hash).is_err());
        }
    }

    #[test]
    fn no_two_hashes_share_a_salt() {
        let mut hasher = hasher(64, 1);
        assert_ne!(hasher.hash(b"Xk4mPq9z").unwrap(), hasher.hash(b"Xk4mPq9z").unwrap());
    }

    #[test]
    fn gives_back_the_memory_of_a_costlier_hash() {
        let costly = hasher(256, 1).hash(b"Xk4mPq9z").unwrap();
        let mut cheap = hasher(64, 1);
        assert!(cheap.verify(b"Xk4mPq9z", &StoredHash::parse(&costly).unwrap()).unwrap());
        assert_eq!(cheap.arena.len(), 64);
    }
}
