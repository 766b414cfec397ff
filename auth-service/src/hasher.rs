//! argon2id (RFC 9106) in memory that is used again and again.

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// What checking a password says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the password.
    Right,
    /// It is the password, and its hash costs less than a new one would: it is worth making anew.
    RightButWeak,
    /// It is another one.
    Wrong,
}

/// One thread's means to hash: the parameters of new hashes, and the memory.
pub(crate) struct Hasher {
    params: Params,
    arena: Vec<Block>,
}

impl Hasher {
    pub(crate) fn new(params: Params) -> Self {
        Self { params, arena: Vec::new() }
    }

    /// Whether it has hashed anything.
    #[cfg(test)]
    pub(crate) fn has_worked(&self) -> bool {
        !self.arena.is_empty()
    }

    /// A new hash as a PHC string.
    pub(crate) fn hash(&mut self, password: &[u8]) -> password_hash::Result<String> {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| password_hash::Error::Internal)?;
        let params = self.params.clone();
        let output = self.compute(&params, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(&salt)?),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Checks a password against a PHC string, with the parameters that stand there.
    pub(crate) fn verify(&mut self, password: &[u8], hash: &str) -> password_hash::Result<Verdict> {
        let hash = PasswordHash::new(hash)?;
        let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
            return Err(password_hash::Error::EncodingInvalid);
        };
        if hash.algorithm != ARGON2ID_IDENT || hash.version != Some(Version::V0x13.into()) {
            return Err(password_hash::Error::Algorithm);
        }
        let params = Params::try_from(&hash)?;
        let output = self.compute(&params, password, salt, expected.len())?;
        // `Output` compares in constant time.
        if output != *expected {
            return Ok(Verdict::Wrong);
        }
        let weak = params.m_cost() < self.params.m_cost() || params.t_cost() < self.params.t_cost();
        Ok(if weak { Verdict::RightButWeak } else { Verdict::Right })
    }

    fn compute(
        &mut self,
        params: &Params,
        password: &[u8],
        salt: &[u8],
        length: usize,
    ) -> password_hash::Result<Output> {
        let usual = self.params.block_count();
        let needed = params.block_count();
        if self.arena.len() < needed {
            self.arena.resize(needed.max(usual), Block::default());
        }
        let mut buffer = [0; Output::MAX_LENGTH];
        let output = buffer.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        argon2.hash_password_into_with_memory(password, salt, output, &mut self.arena)?;
        if self.arena.len() > usual {
            // An old hash needed more than today's; that memory is not kept.
            self.arena.truncate(usual);
            self.arena.shrink_to_fit();
        }
        Ok(Output::new(output)?)
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;

    fn hasher(memory: u32, passes: u32) -> Hasher {
        Hasher::new(Params::new(memory, passes, 1, None).unwrap())
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
    fn tells_when_a_hash_is_weaker_than_a_new_one() {
        let weak = hasher(64, 1).hash(b"Xk4mPq9z").unwrap();
        assert_eq!(hasher(64, 2).verify(b"Xk4mPq9z", &weak).unwrap(), Verdict::RightButWeak);
        assert_eq!(hasher(128, 1).verify(b"Xk4mPq9z", &weak).unwrap(), Verdict::RightButWeak);
        assert_eq!(hasher(64, 1).verify(b"Xk4mPq9z", &weak).unwrap(), Verdict::Right);
        assert_eq!(hasher(128, 1).verify(b"other", &weak).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn gives_back_the_memory_of_a_costlier_hash() {
        let costly = hasher(256, 1).hash(b"Xk4mPq9z").unwrap();
        let mut cheap = hasher(64, 1);
        assert_eq!(cheap.verify(b"Xk4mPq9z", &costly).unwrap(), Verdict::Right);
        assert_eq!(cheap.arena.len(), 64);
    }

    #[test]
    fn refuses_what_is_no_argon2id_hash() {
        for malformed in
            ["", "x", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo", "$argon2id$v=19$m=64,t=1,p=1"]
        {
            assert!(hasher(64, 1).verify(b"Xk4mPq9z", malformed).is_err(), "{malformed}");
        }
    }
}
