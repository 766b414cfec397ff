//! Where a task stands among its neighbours: an opaque text that is compared bytewise.
//!
//! A position is a whole number, written so that longer numbers sort after shorter ones: a letter that says how many
//! digits follow (`a` one, `b` two, …), then those digits to the base of 62. What may follow the number is a fraction,
//! which leaves room between any two neighbours without touching either.

use serde::{Deserialize, Serialize};

/// In the order of their bytes.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A place in an order that a user can change. At most 256 bytes long.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Position(String);

impl Position {
    /// The place of whatever is alone.
    #[must_use]
    pub fn first() -> Self {
        Self("a0".to_owned())
    }

    /// The place right behind this one, if nothing is there yet.
    #[must_use]
    pub fn after(&self) -> Self {
        // Whatever is no number with a successor still has a place behind it: one digit more.
        Self(next_number(self.0.as_bytes()).unwrap_or_else(|| format!("{}V", self.0)))
    }

    /// A place read from the store or from a page token.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text that is compared bytewise.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number in front of `position`, plus one. A fraction is dropped: the next number is greater than any.
fn next_number(position: &[u8]) -> Option<String> {
    let (head, rest) = position.split_first()?;
    let length = head.is_ascii_lowercase().then(|| usize::from(head - b'a') + 1)?;
    let mut digits = rest.get(..length)?.to_vec();
    for digit in digits.iter_mut().rev() {
        let value = DIGITS.iter().position(|known| known == digit)?;
        if let Some(next) = DIGITS.get(value + 1) {
            *digit = *next;
            return text(*head, &digits);
        }
        *digit = DIGITS[0];
    }
    // Every digit was the last one: a number of one more digit follows.
    digits.push(DIGITS[0]);
    (*head < b'z').then(|| text(head + 1, &digits)).flatten()
}

fn text(head: u8, digits: &[u8]) -> Option<String> {
    String::from_utf8([&[head], digits].concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_appends_stay_ordered_and_short() {
        let mut last = Position::first();
        for _ in 0..10_000 {
            let next = last.after();
            assert!(last.as_str().as_bytes() < next.as_str().as_bytes(), "{last:?} {next:?}");
            assert!(next.as_str().len() <= 4, "{next:?}");
            last = next;
        }
    }

    #[test]
    fn a_full_number_is_followed_by_a_longer_one() {
        for (position, next) in
            [("a0", "a1"), ("a9", "aA"), ("aZ", "aa"), ("az", "b00"), ("bzz", "c000"), ("b0z", "b10")]
        {
            assert_eq!(Position::from_stored(position.to_owned()).after().as_str(), next);
        }
    }

    #[test]
    fn whatever_a_position_looks_like_the_next_one_is_greater() {
        let last_number = format!("z{}", "z".repeat(26));
        for text in ["a0V", "az00zz", "bzzV", "Zz", "", "a", "b0", "a~", "~", "aé", &last_number] {
            let position = Position::from_stored(text.to_owned());
            assert!(position.after() > position, "{text}");
        }
    }
}
