//! The order in which revocations came, so that each watcher is told what it has not been told.

use std::{collections::VecDeque, fmt, str::FromStr};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Revocation;

/// How many revocations came before.
pub(super) type Position = u64;

/// Up to where a watcher has been told, by which replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) instance: Uuid,
    pub(super) position: Position,
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (instance, position) = text.split_once('.').ok_or(())?;
        let cursor = Self { instance: instance.parse().map_err(drop)?, position: position.parse().map_err(drop)? };
        // One text for one cursor.
        if cursor.to_string() == text { Ok(cursor) } else { Err(()) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.instance.as_simple(), self.position)
    }
}

/// What came, less what has expired. Positions stay as they are when something is forgotten, so a cursor of this log
/// leads on for as long as the process lives.
#[derive(Debug)]
pub(super) struct Log {
    instance: Uuid,
    entries: VecDeque<(Position, Revocation)>,
    end: Position,
    /// With so many, what has expired is looked for.
    full: usize,
}

impl Log {
    pub(super) fn new(full: usize) -> Self {
        Self { instance: Uuid::new_v4(), entries: VecDeque::new(), end: 0, full }
    }

    pub(super) fn end(&self) -> Position {
        self.end
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn push(&mut self, revocation: Revocation, now: DateTime<Utc>) {
        if self.entries.len() >= self.full {
            self.forget_expired(now);
        }
        self.entries.push_back((self.end, revocation));
        self.end += 1;
    }

    pub(super) fn forget_expired(&mut self, now: DateTime<Utc>) {
        self.entries.retain(|(_, revocation)| now < revocation.expire_time);
    }

    /// At most `most` of what came at a position or later, and the position behind them.
    pub(super) fn since(&self, position: Position, most: usize) -> (Vec<Revocation>, Position) {
        let first = self.entries.partition_point(|(at, _)| *at < position);
        let found = || self.entries.iter().skip(first).take(most);
        let next = match found().next_back() {
            Some((last, _)) if first + most < self.entries.len() => last + 1,
            _ => self.end,
        };
        (found().map(|(_, revocation)| revocation.clone()).collect(), next)
    }

    pub(super) fn cursor(&self, position: Position) -> Cursor {
        Cursor { instance: self.instance, position }
    }

    /// The position of a cursor, if this log gave it.
    pub(super) fn position(&self, cursor: Cursor) -> Option<Position> {
        (cursor.instance == self.instance && cursor.position <= self.end).then_some(cursor.position)
    }
}

#[cfg(test)]
mod tests {
    use authn::Subject;

    use super::*;

    fn revocation(number: u128, seconds: i64) -> Revocation {
        let id = Uuid::from_u128(number);
        Revocation { id, subject: Subject::Session(id.into()), expire_time: at(seconds) }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// Numbers 0 to 4, of which the odd ones expire early.
    fn log(full: usize) -> Log {
        let mut log = Log::new(full);
        for number in 0..5 {
            log.push(revocation(number, if number % 2 == 0 { 100 } else { 10 }), at(number as i64));
        }
        log
    }

    fn numbers((found, next): (Vec<Revocation>, Position)) -> (Vec<u128>, Position) {
        (found.iter().map(|revocation| revocation.id.as_u128()).collect(), next)
    }

    #[test]
    fn each_position_leads_on_to_the_end_whatever_is_forgotten() {
        let mut log = log(100);
        assert_eq!(numbers(log.since(0, 2)), (vec![0, 1], 2));
        assert_eq!(numbers(log.since(2, 3)), (vec![2, 3, 4], 5));
        assert_eq!(numbers(log.since(5, 3)), (vec![], 5));
        log.forget_expired(at(10));
        assert_eq!(numbers(log.since(0, 2)), (vec![0, 2], 3));
        assert_eq!(numbers(log.since(3, 2)), (vec![4], 5));
        log.forget_expired(at(100));
        assert_eq!((numbers(log.since(1, 2)), log.len()), ((vec![], 5), 0));
    }

    #[test]
    fn a_full_log_makes_room() {
        let mut log = log(4);
        assert_eq!(log.len(), 5, "nothing had expired");
        log.push(revocation(5, 100), at(10));
        assert_eq!(numbers(log.since(0, 9)), (vec![0, 2, 4, 5], 6));
    }

    #[test]
    fn a_cursor_is_good_where_it_was_given() {
        let (log, other) = (log(100), log(100));
        let cursor = log.cursor(5);
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!((log.position(cursor), other.position(cursor)), (Some(5), None));
        assert_eq!(log.position(log.cursor(6)), None, "it leads past the end");
        let text = cursor.to_string();
        for malformed in ["", ".", "5", &format!("{text}x"), &text.replace(".5", ".05"), &text.to_uppercase()] {
            if malformed != text {
                assert_eq!(malformed.parse::<Cursor>(), Err(()), "{malformed}");
            }
        }
    }
}
