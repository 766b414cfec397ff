//! How far behind a verifier may be.

use std::time::Duration;

use tokio::time::Instant;

/// How far an auth-service replica may lag behind its database when it answers ValidateToken.
pub(crate) const REPLICA_LAG: Duration = Duration::from_secs(1);

/// The longest time after which a revoked token is refused, whatever is cut, paused or lost meanwhile: over 1 s and at
/// most 60 s; 3 s by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxStaleness(Duration);

/// Too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be over 1s, because a replica of auth-service may be as far behind itself, and at most 60s")]
pub struct StalenessOutOfRange;

impl MaxStaleness {
    const LONGEST: Duration = Duration::from_secs(60);

    /// For how long the memory is fresh after the sending of a probe that came back.
    pub(crate) fn of_memory(self) -> Duration {
        self.0
    }

    /// For how long an answer may be used after its question was sent.
    pub(crate) fn of_answer(self) -> Duration {
        self.0.saturating_sub(REPLICA_LAG)
    }

    /// Whether the answer to a question that was sent then may be used now.
    pub(crate) fn allows(self, asked: Instant) -> bool {
        asked.elapsed() < self.of_answer()
    }
}

impl Default for MaxStaleness {
    fn default() -> Self {
        Self(Duration::from_secs(3))
    }
}

impl TryFrom<Duration> for MaxStaleness {
    type Error = StalenessOutOfRange;

    fn try_from(duration: Duration) -> Result<Self, StalenessOutOfRange> {
        let in_range = REPLICA_LAG < duration && duration <= Self::LONGEST;
        in_range.then_some(Self(duration)).ok_or(StalenessOutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_leaves_time_for_an_answer_and_is_not_for_ever() {
        let milliseconds = |amount| MaxStaleness::try_from(Duration::from_millis(amount));
        assert_eq!(milliseconds(3_000), Ok(MaxStaleness::default()));
        for refused in [0, 1_000, 60_001] {
            assert_eq!(milliseconds(refused), Err(StalenessOutOfRange), "{refused}");
        }
        assert_eq!(milliseconds(1_001).unwrap().of_answer(), Duration::from_millis(1));
    }
}
