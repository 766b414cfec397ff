//! What an answer that is not OK says.

use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A refused call, in the shape that every refusal has.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status code.
    pub code: Code,
    /// For people.
    pub message: String,
    /// For programs: `ErrorInfo.reason`.
    pub reason: String,
    /// Who gives the reason: `ErrorInfo.domain`.
    pub domain: String,
    /// All of the details.
    pub details: ErrorDetails,
}

impl Refusal {
    /// Reads a status.
    ///
    /// # Panics
    /// When it is without `ErrorInfo`.
    #[track_caller]
    pub fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info().unwrap_or_else(|| panic!("a status without ErrorInfo: {status:?}")).clone();
        Self {
            code: status.code(),
            message: status.message().to_owned(),
            reason: info.reason,
            domain: info.domain,
            details,
        }
    }

    /// Reads the status of a call that must have been refused.
    ///
    /// # Panics
    /// When the call was answered.
    #[track_caller]
    pub fn expect<T: std::fmt::Debug>(answer: Result<T, Status>) -> Self {
        Self::of(&answer.expect_err("this call must be refused"))
    }

    /// When to try again (`RetryInfo`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_info()?.retry_delay
    }

    /// Asserts code and reason.
    ///
    /// # Panics
    /// When it says something else.
    #[track_caller]
    pub fn assert(&self, code: Code, reason: &str) {
        assert_eq!((self.code, self.reason.as_str()), (code, reason), "{self:?}");
    }
}
