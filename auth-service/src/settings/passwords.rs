//! What passwords must be, and what their hashes cost.

use std::num::NonZeroUsize;

use clap::Args;

use crate::password::PolicyKind;

/// What a new password must be, and what its hash costs.
#[derive(Args, Clone, Copy, Debug)]
pub struct PasswordSettings {
    /// Which rules a new password has to keep
    #[arg(
        long = "auth-password-policy",
        env = "AUTH_PASSWORD_POLICY",
        value_enum,
        default_value_t = PolicyKind::Composition,
        global = true
    )]
    pub policy: PolicyKind,
    /// The least zxcvbn score of a new password, 0 to 4, in place of the policy's own: 0 with composition, 3 with nist.
    /// A random one of eight characters has 2
    #[arg(
        long = "auth-password-min-score",
        env = "AUTH_PASSWORD_MIN_SCORE",
        value_parser = clap::value_parser!(u8).range(0..=4),
        global = true
    )]
    pub min_score: Option<u8>,
    /// What a hash costs.
    #[command(flatten)]
    pub hashing: HashingSettings,
}

/// The cost of a password hash (argon2id), and how much of it may be done or wait at once.
#[derive(Args, Clone, Copy, Debug)]
pub struct HashingSettings {
    /// Memory of one password hash (argon2id) in KiB, 262144 at most; the hashes of people who log in are raised to it
    #[arg(long = "auth-hash-memory-kib", env = "AUTH_HASH_MEMORY_KIB", default_value_t = 19_456, global = true)]
    pub memory_kib: u32,
    /// Passes over that memory; with 19456 KiB at least 2, and at most so many that both multiplied are 1048576
    #[arg(long = "auth-hash-iterations", env = "AUTH_HASH_ITERATIONS", default_value_t = 2, global = true)]
    pub iterations: u32,
    /// Threads that hash passwords, with low priority; more than there are cores are slower
    #[arg(long = "auth-hash-threads", env = "AUTH_HASH_THREADS", default_value = "2", global = true)]
    pub threads: NonZeroUsize,
    /// How many hashes may wait for a thread; one more is refused at once as OVERLOADED
    #[arg(long = "auth-hash-queue", env = "AUTH_HASH_QUEUE", default_value = "64", global = true)]
    pub queue: NonZeroUsize,
    /// Take weaker parameters than OWASP's least: for tests only
    #[arg(long = "auth-allow-weak-hash", env = "AUTH_ALLOW_WEAK_HASH", global = true)]
    pub allow_weak: bool,
}
