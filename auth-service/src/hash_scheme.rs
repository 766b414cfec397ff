//! How a password hash is computed: the kinds and costs that are accepted.

use std::{fmt, str::FromStr};

use anyhow::Context;
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{ParamsString, PasswordHash},
};
use zeroize::Zeroizing;

/// A kind of hash and its cost. Its text is the beginning of a PHC string without the first `$`, such as
/// `argon2id$v=19$m=19456,t=2,p=1` or `scrypt$ln=14,r=16,p=1`; of bcrypt it is `bcrypt$10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scheme {
    Argon2 { algorithm: Algorithm, version: Version, memory_kib: u32, passes: u32, lanes: u32 },
    Scrypt { log_n: u8, block_size: u32, lanes: u32 },
    Bcrypt { cost: u32 },
}

impl Scheme {
    /// The most memory of any hash, in KiB.
    pub(crate) const MAX_MEMORY_KIB: u32 = 256 * 1024;
    /// The most memory times passes of argon2, in KiB. With this, as with the dearest scrypt that is accepted, a hash takes
    /// less than a second.
    pub(crate) const MAX_WORK_KIB: u64 = 1024 * 1024;
    const MAX_LANES: u32 = 16;
    const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 4..=13;
    const BCRYPT_MAX_BYTES: usize = 72;
    const BCRYPT_SALT_BYTES: usize = 16;

    /// argon2id with one lane, for new hashes.
    pub(crate) fn argon2id(memory_kib: u32, passes: u32) -> Result<Self, String> {
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        Self::Argon2 { algorithm, version, memory_kib, passes, lanes: 1 }.bounded()
    }

    /// scrypt with `N` = 2 to the power of `log_n`.
    pub(crate) fn scrypt(log_n: u8, block_size: u32, lanes: u32) -> Result<Self, String> {
        Self::Scrypt { log_n, block_size, lanes }.bounded()
    }

    /// bcrypt with 2 to the power of `cost` rounds.
    pub(crate) fn bcrypt(cost: u32) -> Result<Self, String> {
        Self::Bcrypt { cost }.bounded()
    }

    /// The scheme of a PHC string.
    pub(crate) fn of_phc(hash: &PasswordHash) -> Result<Self, String> {
        let algorithm = hash.algorithm.as_str();
        let parameter = |name| decimal(&hash.params, name);
        if hash.params.iter().count() != 3 {
            return Err(format!("{algorithm} takes three parameters"));
        }
        let scheme = match algorithm.parse() {
            Ok(algorithm) => Self::Argon2 {
                algorithm,
                // The first version did not say so.
                version: hash
                    .version
                    .map_or(Ok(Version::V0x10), Version::try_from)
                    .map_err(|_| "argon2 has the versions 16 and 19")?,
                memory_kib: parameter("m")?,
                passes: parameter("t")?,
                lanes: parameter("p")?,
            },
            Err(_) if algorithm == "scrypt" && hash.version.is_none() => Self::Scrypt {
                log_n: u8::try_from(parameter("ln")?).unwrap_or(u8::MAX),
                block_size: parameter("r")?,
                lanes: parameter("p")?,
            },
            Err(_) => return Err("of the PHC strings only argon2id, argon2i, argon2d and scrypt are known".to_owned()),
        };
        scheme.bounded()
    }

    fn bounded(self) -> Result<Self, String> {
        match self {
            Self::Argon2 { memory_kib, passes, lanes, .. } => {
                let work = u64::from(memory_kib) * u64::from(passes);
                let within =
                    memory_kib <= Self::MAX_MEMORY_KIB && work <= Self::MAX_WORK_KIB && lanes <= Self::MAX_LANES;
                (within && Params::new(memory_kib, passes, lanes, None).is_ok()).then_some(self).ok_or_else(|| {
                    format!(
                        "of argon2, m must be at least 8 times p and at most {}, m times t at most {}, and p at most {}",
                        Self::MAX_MEMORY_KIB,
                        Self::MAX_WORK_KIB,
                        Self::MAX_LANES
                    )
                })
            }
            Self::Scrypt { log_n, block_size, lanes } => {
                let bytes = 1_u64.checked_shl(log_n.into()).unwrap_or_default();
                let bytes =
                    bytes.checked_mul(128 * u64::from(block_size)).and_then(|bytes| bytes.checked_mul(lanes.into()));
                let within = log_n >= 1
                    && bytes.is_some_and(|bytes| (1..=u64::from(Self::MAX_MEMORY_KIB) * 1024).contains(&bytes));
                within.then_some(self).ok_or_else(|| {
                    format!(
                        "of scrypt, 128 * N * r * p must be at most {} MiB and N at least 2",
                        Self::MAX_MEMORY_KIB / 1024
                    )
                })
            }
            Self::Bcrypt { cost } => Self::BCRYPT_COSTS.contains(&cost).then_some(self).ok_or_else(|| {
                format!("the cost of bcrypt must be {} to {}", Self::BCRYPT_COSTS.start(), Self::BCRYPT_COSTS.end())
            }),
        }
    }

    /// Whether it is no weaker than `wanted`: argon2id as it is today, with no less memory and no fewer passes.
    pub(crate) fn is_as_good_as(self, wanted: Self) -> bool {
        match (self, wanted) {
            (
                Self::Argon2 { algorithm: Algorithm::Argon2id, version: Version::V0x13, memory_kib, passes, .. },
                Self::Argon2 { memory_kib: memory_wanted, passes: passes_wanted, .. },
            ) => memory_kib >= memory_wanted && passes >= passes_wanted,
            _ => false,
        }
    }

    /// Computes the `key` of a password. The memory that argon2 needs is taken from `arena`, which grows to it.
    pub(crate) fn compute(
        self,
        password: &[u8],
        salt: &[u8],
        key: &mut [u8],
        arena: &mut Vec<Block>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                let params = Params::new(memory_kib, passes, lanes, None)?;
                if arena.len() < params.block_count() {
                    arena.resize(params.block_count(), Block::default());
                }
                Argon2::new(algorithm, version, params).hash_password_into_with_memory(password, salt, key, arena)?;
            }
            Self::Scrypt { log_n, block_size, lanes } => {
                scrypt::scrypt(password, salt, &scrypt::Params::new(log_n, block_size, lanes)?, key)?;
            }
            Self::Bcrypt { cost } => {
                // A C string, its zero included where there is room.
                let mut taken = Zeroizing::new(password.to_vec());
                taken.push(0);
                taken.truncate(Self::BCRYPT_MAX_BYTES);
                let salt: [u8; Self::BCRYPT_SALT_BYTES] = salt.try_into().context("a bcrypt salt has 16 bytes")?;
                let output = bcrypt::bcrypt(cost, salt, &taken);
                key.copy_from_slice(output.get(..key.len()).context("a bcrypt hash has 24 bytes")?);
            }
        }
        Ok(())
    }
}

fn decimal(params: &ParamsString, name: &str) -> Result<u32, String> {
    params.get_decimal(name).ok_or_else(|| format!("`{name}` is missing or no number"))
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Argon2 { algorithm, version, memory_kib, passes, lanes } => {
                write!(formatter, "{algorithm}$v={}$m={memory_kib},t={passes},p={lanes}", u32::from(version))
            }
            Self::Scrypt { log_n, block_size, lanes } => {
                write!(formatter, "scrypt$ln={log_n},r={block_size},p={lanes}")
            }
            Self::Bcrypt { cost } => write!(formatter, "bcrypt${cost}"),
        }
    }
}

impl FromStr for Scheme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("bcrypt$") {
            Some(cost) => Self::bcrypt(cost.parse().map_err(|_| "the cost of bcrypt is a number")?),
            None => Self::of_phc(&PasswordHash::new(&format!("${text}")).map_err(|_| "it is no PHC string")?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_is_read_back() {
        for text in [
            "argon2id$v=19$m=19456,t=2,p=1",
            "argon2i$v=16$m=4096,t=3,p=1",
            "argon2d$v=19$m=65536,t=3,p=4",
            "scrypt$ln=14,r=16,p=1",
            "bcrypt$10",
        ] {
            assert_eq!(text.parse::<Scheme>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_would_take_too_much_or_is_unknown() {
        for refused in [
            "argon2id$v=19$m=262145,t=1,p=1",
            "argon2id$v=19$m=262144,t=5,p=1",
            "argon2id$v=19$m=4294967295,t=4294967295,p=1",
            "argon2id$v=19$m=65536,t=1,p=17",
            "argon2id$v=19$m=7,t=1,p=1",
            "argon2id$v=19$m=64,t=0,p=1",
            "argon2id$v=18$m=64,t=1,p=1",
            "argon2id$v=19$m=64,t=1",
            "argon2id$v=19$m=64,t=1,p=1,keyid=AAAA",
            "argon2x$v=19$m=64,t=1,p=1",
            "scrypt$ln=18,r=16,p=1",
            "scrypt$ln=14,r=16,p=9",
            "scrypt$ln=0,r=8,p=1",
            "scrypt$ln=63,r=4294967295,p=4294967295",
            "scrypt$ln=300,r=8,p=1",
            "scrypt$ln=14,r=0,p=1",
            "scrypt$ln=14,r=8,p=0",
            "scrypt$v=1$ln=14,r=8,p=1",
            "pbkdf2-sha256$i=600000,l=32,x=1",
            "bcrypt$3",
            "bcrypt$14",
            "bcrypt$x",
            "",
        ] {
            assert!(refused.parse::<Scheme>().is_err(), "{refused}");
        }
    }
}
