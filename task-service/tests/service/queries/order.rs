//! Orders, compared field by field.

use std::cmp::Ordering;

use chrono::{NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use fastrand::Rng;
use proto::task::v1::{Task, TaskTime};

use super::pick;

const FIELDS: [&str; 10] =
    ["title", "state", "priority", "due", "start", "position", "id", "create_time", "update_time", "complete_time"];

pub(crate) struct Order(Vec<(&'static str, bool)>);

/// Up to three fields, each in either direction.
pub(super) fn some(random: &mut Rng) -> Order {
    let mut keys: Vec<(&str, bool)> = Vec::new();
    for _ in 0..random.usize(..4) {
        let field = pick(random, &FIELDS);
        if keys.iter().all(|(known, _)| *known != field) {
            keys.push((field, random.bool()));
        }
    }
    Order(keys)
}

impl Order {
    /// By these fields; true: from the last to the first.
    pub(crate) fn of(keys: &[(&'static str, bool)]) -> Self {
        Self(keys.to_vec())
    }

    pub(crate) fn text(&self) -> String {
        let keys =
            self.0.iter().map(|(field, descending)| format!("{field}{}", if *descending { " desc" } else { "" }));
        keys.collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn compare(&self, one: &Task, other: &Task) -> Ordering {
        let keys = if self.0.is_empty() { &[("position", false)][..] } else { &self.0 };
        let by_keys = keys.iter().map(|(field, descending)| {
            let order = by(field, one, other);
            if *descending { order.reverse() } else { order }
        });
        by_keys.fold(Ordering::Equal, Ordering::then).then_with(|| one.id.cmp(&other.id))
    }
}

fn by(field: &str, one: &Task, other: &Task) -> Ordering {
    let seconds = |time: &Option<prost_types::Timestamp>| {
        time.as_ref().map_or((true, 0, 0), |time| (false, time.seconds, time.nanos))
    };
    match field {
        "title" => one.title.as_bytes().cmp(other.title.as_bytes()),
        "state" => one.state.cmp(&other.state),
        "priority" => other.priority.cmp(&one.priority),
        "due" => plan(&one.due).cmp(&plan(&other.due)),
        "start" => plan(&one.start).cmp(&plan(&other.start)),
        "position" => one.position.as_bytes().cmp(other.position.as_bytes()),
        "id" => one.id.cmp(&other.id),
        "create_time" => seconds(&one.create_time).cmp(&seconds(&other.create_time)),
        "update_time" => seconds(&one.update_time).cmp(&seconds(&other.update_time)),
        "complete_time" => seconds(&one.complete_time).cmp(&seconds(&other.complete_time)),
        unknown => panic!("{unknown}"),
    }
}

/// Without a zone in UTC, a whole day at its midnight, and what has none behind the rest.
fn plan(time: &Option<TaskTime>) -> (bool, i64) {
    let Some(time) = time else { return (true, 0) };
    let date: NaiveDate = time.date.parse().unwrap();
    let clock: NaiveTime = if time.time_of_day.is_empty() { NaiveTime::MIN } else { super::filter::clock(time) };
    let zone: Tz = time.time_zone.parse().unwrap_or(Tz::UTC);
    (false, zone.from_local_datetime(&date.and_time(clock)).earliest().unwrap().timestamp())
}
