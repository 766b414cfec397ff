//! How far a task has come, and how much it matters.

use serde::{Deserialize, Serialize};

/// How far a task has come (RFC 5545, STATUS).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum State {
    /// Not begun.
    NeedsAction,
    /// Begun.
    InProcess,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

/// How much a task matters; the higher, the more.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Priority {
    /// It does not say.
    #[default]
    None,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Urgent.
    Urgent,
}

impl State {
    /// The name that the contract and the store know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NeedsAction => "NEEDS_ACTION",
            Self::InProcess => "IN_PROCESS",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether there is a step from this state to that.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        match to {
            Self::InProcess => self == Self::NeedsAction,
            Self::Completed | Self::Cancelled => matches!(self, Self::NeedsAction | Self::InProcess),
            Self::NeedsAction => matches!(self, Self::Completed | Self::Cancelled),
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NeedsAction, Self::InProcess, Self::Completed, Self::Cancelled]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl Priority {
    /// Its rank from 0 on: higher ones matter more.
    #[must_use]
    pub fn rank(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }

    /// The priority of that rank.
    #[must_use]
    pub fn from_rank(rank: i16) -> Option<Self> {
        [Self::None, Self::Low, Self::Medium, Self::High, Self::Urgent]
            .into_iter()
            .find(|priority| priority.rank() == rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_priorities_read_back() {
        for state in [State::NeedsAction, State::InProcess, State::Completed, State::Cancelled] {
            assert_eq!(State::from_name(state.name()), Some(state));
        }
        for priority in [Priority::None, Priority::Low, Priority::Medium, Priority::High, Priority::Urgent] {
            assert_eq!(Priority::from_rank(priority.rank()), Some(priority));
        }
        assert_eq!((State::from_name("DONE"), Priority::from_rank(5)), (None, None));
    }
}
