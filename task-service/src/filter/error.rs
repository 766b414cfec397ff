//! What is wrong with a filter.

/// A place in a filter and what should have been there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the filter is wrong at character {position}: expected {expected}")]
pub struct FilterError {
    position: usize,
    expected: String,
}

impl FilterError {
    /// `at` counts characters from 0.
    pub(super) fn new(at: usize, expected: impl Into<String>) -> Self {
        Self { position: at + 1, expected: expected.into() }
    }

    /// Which character it is, counted from 1; one more than there are, if something is missing at the end.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// The rule that was broken and where. Nothing of the filter's text is in it.
    #[must_use]
    pub fn rule(&self) -> String {
        format!("must have {} at character {}", self.expected, self.position)
    }
}
