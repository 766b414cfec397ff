//! How long a call may still take.

use std::time::Duration;

use http::{Extensions, HeaderMap};
use tokio::time::Instant;

/// The moment at which the caller stops waiting, or the server stops working for it, whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline that lies `duration` ahead.
    pub fn within(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The deadline of a call, as the server's middleware has set it. A call that came another way has none left.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_else(|| Self::within(Duration::ZERO))
    }

    /// What a `grpc-timeout` header asks for, bounded by `longest`.
    pub(crate) fn requested(headers: &HeaderMap, longest: Duration) -> Result<Self, MalformedTimeout> {
        let Some(value) = headers.get("grpc-timeout") else { return Ok(Self::within(longest)) };
        let timeout = value.to_str().ok().and_then(parse_timeout).ok_or(MalformedTimeout)?;
        Ok(Self::within(timeout.min(longest)))
    }

    /// The moment itself.
    pub fn at(self) -> Instant {
        self.0
    }

    /// The time left; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether nobody waits any more.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }
}

/// A `grpc-timeout` that does not follow the gRPC protocol: at most eight digits and a unit.
#[derive(Debug)]
pub(crate) struct MalformedTimeout;

fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit_and_refuses_the_rest() {
        assert_eq!(parse_timeout("1H"), Some(Duration::from_secs(3600)));
        assert_eq!(parse_timeout("99999999n"), Some(Duration::from_nanos(99_999_999)));
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        for malformed in ["", "S", "1", "1x", "123456789S", "-1S", "1.5S", "ä"] {
            assert_eq!(parse_timeout(malformed), None, "{malformed:?}");
        }
    }
}
