//! In which order a listing comes, as AIP-132 writes it: `priority, due desc`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::task::{State, Task};

/// What a listing is sorted by, one key after the other. The last key is the id, so that no two tasks stand at one
/// place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order(Vec<Key>);

/// A field and its direction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    /// By what.
    pub field: OrderField,
    /// From the last to the first.
    pub descending: bool,
}

/// The fields that a listing can be sorted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OrderField {
    /// `title`, bytewise.
    Title,
    /// `state`, in the order in which a task goes through them.
    State,
    /// `priority`: the higher, the earlier.
    Priority,
    /// `due`, and behind them what has none.
    Due,
    /// `start`, and behind them what has none.
    Start,
    /// `position`
    Position,
    /// `id`
    Id,
    /// `create_time`
    CreateTime,
    /// `update_time`
    UpdateTime,
    /// `complete_time`, and behind them what has none.
    CompleteTime,
}

/// Where a task stands by one key: what the store compares.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Rank {
    /// By a text, bytewise.
    Text(String),
    /// By a number.
    Number(i64),
    /// By a time.
    Time(DateTime<Utc>),
    /// By an id.
    Id(Uuid),
}

/// The rank of what has none: behind everything else.
const ABSENT: i64 = i64::MAX;

const FIELDS: [(&str, OrderField); 10] = [
    ("title", OrderField::Title),
    ("state", OrderField::State),
    ("priority", OrderField::Priority),
    ("due", OrderField::Due),
    ("start", OrderField::Start),
    ("position", OrderField::Position),
    ("id", OrderField::Id),
    ("create_time", OrderField::CreateTime),
    ("update_time", OrderField::UpdateTime),
    ("complete_time", OrderField::CompleteTime),
];

impl Order {
    /// Reads an order: fields with commas between, each with `desc` behind it or not. Without any: by position.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::by_id_at_last(vec![Key { field: OrderField::Position, descending: false }]));
        }
        let mut keys: Vec<Key> = Vec::new();
        for part in text.split(',') {
            let key = key(part)?;
            if keys.iter().any(|earlier| earlier.field == key.field) {
                return Err("must not name a field twice".to_owned());
            }
            keys.push(key);
        }
        Ok(Self::by_id_at_last(keys))
    }

    /// Behind the id nothing is left to sort.
    fn by_id_at_last(mut keys: Vec<Key>) -> Self {
        match keys.iter().position(|key| key.field == OrderField::Id) {
            Some(id) => keys.truncate(id + 1),
            None => keys.push(Key { field: OrderField::Id, descending: false }),
        }
        Self(keys)
    }

    /// The keys; the last one is the id.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.0
    }

    /// Where a task stands, by each of the keys.
    #[must_use]
    pub fn ranks(&self, task: &Task) -> Vec<Rank> {
        self.0.iter().map(|key| key.field.rank(task)).collect()
    }
}

fn key(text: &str) -> Result<Key, String> {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap_or_default();
    let field = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
    let field = field.ok_or_else(|| {
        format!("must name fields with commas between, each one of {}", FIELDS.map(|(name, _)| name).join(", "))
    })?;
    let descending = match words.next() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err("must have nothing but asc or desc behind a field".to_owned()),
    };
    match words.next() {
        None => Ok(Key { field, descending }),
        Some(_) => Err("must have a comma between two fields".to_owned()),
    }
}

impl OrderField {
    fn rank(self, task: &Task) -> Rank {
        match self {
            Self::Title => Rank::Text(task.title.as_str().to_owned()),
            Self::State => Rank::Number(state_rank(task.state)),
            Self::Priority => Rank::Number(task.priority.rank().into()),
            Self::Due => Rank::Number(task.due.map_or(ABSENT, |due| due.order())),
            Self::Start => Rank::Number(task.start.map_or(ABSENT, |start| start.order())),
            Self::Position => Rank::Text(task.position.as_str().to_owned()),
            Self::Id => Rank::Id(task.id.as_uuid()),
            Self::CreateTime => Rank::Time(task.create_time),
            Self::UpdateTime => Rank::Time(task.update_time),
            Self::CompleteTime => Rank::Number(task.complete_time.map_or(ABSENT, |time| time.timestamp_micros())),
        }
    }

    /// Whether the greatest comes first.
    #[must_use]
    pub fn greatest_first(self) -> bool {
        self == Self::Priority
    }
}

fn state_rank(state: State) -> i64 {
    match state {
        State::NeedsAction => 1,
        State::InProcess => 2,
        State::Completed => 3,
        State::Cancelled => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(OrderField, bool)> {
        Order::parse(text).unwrap().keys().iter().map(|key| (key.field, key.descending)).collect()
    }

    #[test]
    fn fields_and_directions_are_read_and_the_id_is_last() {
        use OrderField::{Due, Id, Position, Priority, Title};
        for text in ["", "  ", "position", " position  asc "] {
            assert_eq!(fields(text), [(Position, false), (Id, false)], "{text}");
        }
        assert_eq!(fields("priority,due desc , title"), [(Priority, false), (Due, true), (Title, false), (Id, false)]);
        assert_eq!(fields("due desc, id desc, title"), [(Due, true), (Id, true)]);
    }

    #[test]
    fn whatever_else_is_refused() {
        for text in [
            ",",
            "title,",
            "colour",
            "notes",
            "user_id",
            "Title",
            "title DESC",
            "title desc asc",
            "title due",
            "title,title",
            "title; desc",
            "due, title, due desc",
        ] {
            assert!(Order::parse(text).is_err(), "{text}");
        }
    }
}
