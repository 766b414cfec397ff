//! What is wrong with a request, gathered so that a client hears of all of it at once.

use service_runtime::status::Violations;
use tonic::Status;

use crate::error::{DOMAIN, Error};

/// The most broken rules that one answer tells: it must fit into the headers that clients take.
const MAX_TOLD: usize = 64;

/// The rules that a request broke, each at its field.
#[derive(Debug, Default)]
pub(super) struct Faults {
    violations: Violations,
    count: usize,
    /// What stands before the names of the fields that are read now: `requests[3].`
    within: String,
}

impl Faults {
    /// Notes a broken rule.
    pub(super) fn add(&mut self, field: impl AsRef<str>, description: impl Into<String>) {
        self.count += 1;
        if self.count > MAX_TOLD {
            return;
        }
        self.violations.add(format!("{}{}", self.within, field.as_ref()), description);
    }

    /// The value; or nothing, and a note why.
    pub(super) fn keep<T>(&mut self, field: impl AsRef<str>, value: Result<T, impl Into<String>>) -> Option<T> {
        value.map_err(|fault| self.add(field, fault)).ok()
    }

    /// Reads what stands in a field, whose own fields are named behind it.
    pub(super) fn inside<T>(&mut self, field: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let outside = self.within.len();
        self.within.push_str(field);
        self.within.push('.');
        let value = read(self);
        self.within.truncate(outside);
        value
    }

    /// Whether no rule was broken so far.
    pub(super) fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    /// What could be read, unless a rule was broken on the way.
    pub(super) fn none_or<T>(self, read: Option<T>) -> Result<T, Status> {
        self.violations.into_result(DOMAIN)?;
        Ok(read.ok_or_else(|| Error::corrupt("a field was refused without a violation"))?)
    }
}
