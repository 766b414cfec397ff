//! When a person wants to be reminded of a task.

use chrono::Duration;
use serde::{Deserialize, Serialize};

use crate::task_time::TaskTime;

/// What makes a reminder due. The names are stored.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// A time of its own, which has a time of day.
    At(TaskTime),
    /// So long before the task's start.
    BeforeStart(Lead),
    /// So long before the task is due.
    BeforeDue(Lead),
}

/// How long before: whole seconds, up to 366 days.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Lead(u32);

impl Lead {
    /// The longest.
    pub const MAX_SECONDS: u32 = 366 * 24 * 60 * 60;

    /// Checks the length.
    pub fn parse(seconds: i64, nanos: i32) -> Result<Self, &'static str> {
        let whole = u32::try_from(seconds).ok().filter(|seconds| *seconds <= Self::MAX_SECONDS && nanos == 0);
        whole.map(Self).ok_or("must be whole seconds, from 0 to 366 days")
    }

    /// The length in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl Reminder {
    /// The most reminders a task may have.
    pub const MAX_COUNT: usize = 10;

    /// A reminder at a time of its own.
    pub fn at(time: TaskTime) -> Result<Self, &'static str> {
        if time.time_of_day().is_some() { Ok(Self::At(time)) } else { Err("must be set in a reminder") }
    }

    /// When it is due for a task of this start and due time: floating or in a zone as what it counts from, and from
    /// midnight on where that is a whole day. None while the task lacks what it counts from.
    #[must_use]
    pub fn time(self, start: Option<TaskTime>, due: Option<TaskTime>) -> Option<TaskTime> {
        let (from, lead) = match self {
            Self::At(time) => return Some(time),
            Self::BeforeStart(lead) => (start?, lead),
            Self::BeforeDue(lead) => (due?, lead),
        };
        from.before(Duration::seconds(lead.0.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(date: &str, time_of_day: &str, zone: &str) -> TaskTime {
        TaskTime::parse(date, time_of_day, zone).unwrap()
    }

    #[test]
    fn a_lead_is_whole_seconds_within_a_year() {
        for (seconds, nanos, good) in [(0, 0, true), (31_622_400, 0, true), (31_622_401, 0, false), (-1, 0, false)] {
            assert_eq!(Lead::parse(seconds, nanos).is_ok(), good, "{seconds}");
        }
        assert!(Lead::parse(1, 1).is_err());
        assert!(Lead::parse(i64::MAX, 0).is_err());
    }

    #[test]
    fn it_is_due_before_what_it_counts_from_and_in_the_same_kind_of_time() {
        let hour = Lead::parse(3600, 0).unwrap();
        for (due, reminded) in [
            (time("2026-11-21", "17:30", ""), time("2026-11-21", "16:30", "")),
            (time("2026-11-21", "", ""), time("2026-11-20", "23:00", "")),
            // The hour from two to three is not there on the last Sunday of March.
            (time("2026-03-29", "03:30", "Europe/Vienna"), time("2026-03-29", "01:30", "Europe/Vienna")),
            // On the last Sunday of October it is there twice.
            (time("2026-10-25", "03:00", "Europe/Vienna"), time("2026-10-25", "02:00", "Europe/Vienna")),
        ] {
            assert_eq!(Reminder::BeforeDue(hour).time(None, Some(due)), Some(reminded));
            assert_eq!(Reminder::BeforeStart(hour).time(Some(due), None), Some(reminded));
            assert_eq!(Reminder::BeforeStart(hour).time(None, Some(due)), None);
        }
        let first_day = time("0001-01-01", "", "");
        assert_eq!(Reminder::BeforeDue(hour).time(None, Some(first_day)), None);
    }

    #[test]
    fn one_of_its_own_needs_a_time_of_day() {
        let own = time("2026-11-21", "17:30", "Europe/Vienna");
        assert_eq!(Reminder::at(own).unwrap().time(None, None), Some(own));
        assert!(Reminder::at(time("2026-11-21", "", "")).is_err());
    }

    #[test]
    fn what_is_stored_reads_back() {
        for reminder in [
            Reminder::At(time("2026-11-21", "17:30", "Europe/Vienna")),
            Reminder::BeforeStart(Lead(1)),
            Reminder::BeforeDue(Lead(0)),
        ] {
            let stored = serde_json::to_string(&reminder).unwrap();
            assert_eq!(serde_json::from_str::<Reminder>(&stored).unwrap(), reminder);
        }
        assert_eq!(serde_json::to_string(&Reminder::BeforeDue(Lead(60))).unwrap(), r#"{"before_due":60}"#);
    }
}
