//! What a task waits for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::TaskId;

/// Up to 50 different tasks in the order of their ids.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Blockers(BTreeSet<TaskId>);

impl Blockers {
    /// The most tasks that one waits for.
    pub const MAX_COUNT: usize = 50;

    /// Checks that no task is there twice; the error says which are.
    pub fn parse(ids: Vec<TaskId>) -> Result<Self, Vec<usize>> {
        let mut blockers = BTreeSet::new();
        let twice: Vec<usize> =
            ids.into_iter().enumerate().filter(|(_, id)| !blockers.insert(*id)).map(|(index, _)| index).collect();
        if twice.is_empty() { Ok(Self(blockers)) } else { Err(twice) }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn contains(&self, task: &TaskId) -> bool {
        self.0.contains(task)
    }

    /// The tasks in their order.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> {
        self.0.iter().copied()
    }

    /// Those that are not among the others.
    #[must_use]
    pub fn without(&self, others: &[TaskId]) -> Self {
        Self(self.iter().filter(|id| !others.contains(id)).collect())
    }
}
