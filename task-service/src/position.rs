//! Where a task or a list stands among its neighbours: an opaque text that is compared bytewise.
//!
//! A position is a whole number and a fraction, to the base of 62. The number is written so that longer ones sort after
//! shorter ones: a letter that says how many digits follow (`a` one, `b` two, … for numbers from 0 on; `Z` one, `Y` two,
//! … for negative ones, whose digits count upwards too), then those digits. The fraction, which never ends in the digit
//! 0, leaves room between any two neighbours without touching either.

use serde::{Deserialize, Serialize};

/// In the order of their bytes.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A place in an order that a user can change. At most [`Position::MAX_BYTES`] long.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Position(String);

impl Position {
    /// The most bytes of a position.
    pub const MAX_BYTES: usize = 256;

    /// The place of whatever is alone.
    #[must_use]
    pub fn first() -> Self {
        Self("a0".to_owned())
    }

    /// A place behind the one and before the other, where there is one; none where the gap is used up, and where the
    /// two are not in order.
    #[must_use]
    pub fn between(lower: Option<&Self>, upper: Option<&Self>) -> Option<Self> {
        let place = match (lower, upper) {
            (None, None) => return Some(Self::first()),
            (Some(lower), None) => {
                let (number, fraction) = split(lower)?;
                neighbour(number, Step::Up).or_else(|| with_fraction(number, fraction, None))
            }
            (None, Some(upper)) => {
                let (number, fraction) = split(upper)?;
                let own = (!fraction.is_empty()).then(|| number.to_vec());
                own.or_else(|| neighbour(number, Step::Down)).or_else(|| with_fraction(number, b"", Some(fraction)))
            }
            (Some(lower), Some(upper)) => between(split(lower)?, split(upper)?),
        };
        let place = Self(String::from_utf8(place?).ok()?);
        let in_order = lower.is_none_or(|lower| *lower < place) && upper.is_none_or(|upper| place < *upper);
        (in_order && place.0.len() <= Self::MAX_BYTES).then_some(place)
    }

    /// So many places in order, as evenly apart as there is room for.
    #[must_use]
    pub fn spread(lower: Option<&Self>, upper: Option<&Self>, count: usize) -> Option<Vec<Self>> {
        let mut places = Vec::with_capacity(count);
        if upper.is_none() {
            for _ in 0..count {
                places.push(Self::between(places.last().or(lower), None)?);
            }
        } else if lower.is_none() {
            for _ in 0..count {
                places.push(Self::between(None, places.last().or(upper))?);
            }
            places.reverse();
        } else if count > 0 {
            let middle = Self::between(lower, upper)?;
            let before = count / 2;
            places.extend(Self::spread(lower, Some(&middle), before)?);
            places.push(middle.clone());
            places.extend(Self::spread(Some(&middle), upper, count - before - 1)?);
        }
        Some(places)
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

/// The number in front of a position, its letter included, and the fraction; none of what is not written so.
fn split(position: &Position) -> Option<(&[u8], &[u8])> {
    let bytes = position.0.as_bytes();
    let digits = match bytes.first()? {
        head @ b'a'..=b'z' => head - b'a' + 1,
        head @ b'A'..=b'Z' => b'Z' - head + 1,
        _ => return None,
    };
    let (number, fraction) = bytes.split_at_checked(1 + usize::from(digits))?;
    let written = bytes[1..].iter().all(|digit| DIGITS.contains(digit)) && fraction.last() != Some(&DIGITS[0]);
    written.then_some((number, fraction))
}

fn between((low, low_fraction): (&[u8], &[u8]), (high, high_fraction): (&[u8], &[u8])) -> Option<Vec<u8>> {
    if low == high {
        return with_fraction(low, low_fraction, Some(high_fraction));
    }
    let next = neighbour(low, Step::Up)?;
    let has_room = next.as_slice() < high || (next.as_slice() == high && !high_fraction.is_empty());
    if has_room { Some(next) } else { with_fraction(low, low_fraction, None) }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Step {
    Up,
    Down,
}

/// The next whole number, or the one before.
fn neighbour(number: &[u8], step: Step) -> Option<Vec<u8>> {
    let (head, digits) = number.split_first()?;
    let mut digits = digits.to_vec();
    let [first, last] = [DIGITS[0], DIGITS[61]];
    let (edge, wrapped) = if step == Step::Up { (last, first) } else { (first, last) };
    for index in (0..digits.len()).rev() {
        if digits[index] == edge {
            digits[index] = wrapped;
            continue;
        }
        let value = value(digits[index])?;
        digits[index] = DIGITS[if step == Step::Up { value + 1 } else { value - 1 }];
        return Some([&[*head], digits.as_slice()].concat());
    }
    // Every digit was at its edge: the next number has one digit more or less.
    let head = match (head, step) {
        (b'Z', Step::Up) => b'a',
        (b'a', Step::Down) => b'Z',
        (b'z', Step::Up) | (b'A', Step::Down) => return None,
        (head, Step::Up) => head + 1,
        (head, Step::Down) => head - 1,
    };
    let length = if head >= b'a' { head - b'a' } else { b'Z' - head };
    Some([vec![head], vec![wrapped; usize::from(length) + 1]].concat())
}

/// The number with a fraction in the middle of two; the upper one is 1 if there is none.
fn with_fraction(number: &[u8], low: &[u8], high: Option<&[u8]>) -> Option<Vec<u8>> {
    if high.is_some_and(|high| low >= high) {
        return None;
    }
    let mut place = number.to_vec();
    let mut high = high;
    for index in 0.. {
        let floor = low.get(index).map_or(Some(0), |digit| value(*digit))?;
        // Behind its last digit an upper bound that is still shared leaves no room; it never ends so.
        let ceiling = high.map_or(Some(62), |high| high.get(index).and_then(|digit| value(*digit)))?;
        let middle = (floor + ceiling).div_ceil(2);
        if middle > floor && middle < ceiling {
            place.push(DIGITS[middle]);
            return Some(place);
        }
        place.push(DIGITS[floor]);
        if floor < ceiling {
            high = None;
        }
    }
    None
}

fn value(digit: u8) -> Option<usize> {
    DIGITS.iter().position(|known| *known == digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Position {
        Position::from_stored(text.to_owned())
    }

    fn between(lower: &str, upper: &str) -> Option<String> {
        let bound = |text: &str| (!text.is_empty()).then(|| at(text));
        Position::between(bound(lower).as_ref(), bound(upper).as_ref()).map(|place| place.0)
    }

    #[test]
    fn ten_thousand_places_at_either_end_stay_ordered_and_short() {
        let (mut first, mut last) = (Position::first(), Position::first());
        for _ in 0..10_000 {
            let next = Position::between(Some(&last), None).unwrap();
            assert!(last < next && next.as_str().len() <= 4, "{last:?} {next:?}");
            last = next;
            let before = Position::between(None, Some(&first)).unwrap();
            assert!(before < first && before.as_str().len() <= 4, "{before:?} {first:?}");
            first = before;
        }
    }

    #[test]
    fn there_is_a_place_between_any_two() {
        for (lower, upper, place) in [
            ("", "", "a0"),
            ("a0", "", "a1"),
            ("az", "", "b00"),
            ("bzz", "", "c000"),
            ("b0zV", "", "b10"),
            ("Zz", "", "a0"),
            ("Yzz", "", "Z0"),
            ("", "a0", "Zz"),
            ("", "a0V", "a0"),
            ("", "Z0", "Yzz"),
            ("a0", "a1", "a0V"),
            ("a0V", "a1", "a0l"),
            ("a0", "a0V", "a0G"),
            ("a0", "a01", "a00V"),
            ("a0z", "a1", "a0zV"),
            ("a0", "a2", "a1"),
            ("a0", "a1V", "a1"),
            ("Zz", "a1", "a0"),
        ] {
            assert_eq!(between(lower, upper).as_deref(), Some(place), "{lower} {upper}");
        }
    }

    #[test]
    fn there_is_no_place_where_there_is_no_order() {
        for (lower, upper) in
            [("a0", "a0"), ("a1", "a0"), ("a0V", "a0"), ("~", "a0"), ("a0", "é"), ("a", ""), ("b0", "")]
        {
            assert_eq!(between(lower, upper), None, "{lower} {upper}");
        }
    }

    #[test]
    fn a_gap_is_used_up_at_the_longest_position() {
        for pick in [|_: u32| true, |_| false, |round: u32| round.is_multiple_of(2)] {
            let (mut lower, mut upper) = (at("a0"), at("a1"));
            let mut round = 0;
            while let Some(place) = Position::between(Some(&lower), Some(&upper)) {
                assert!(lower < place && place < upper && place.as_str().len() <= 256);
                if pick(round) {
                    lower = place;
                } else {
                    upper = place;
                }
                round += 1;
            }
            assert!(round > 1_000, "{round}");
        }
    }

    #[test]
    fn places_are_spread_in_order_within_their_bounds() {
        for (lower, upper) in [(None, None), (Some("a0"), None), (None, Some("a0")), (Some("a0"), Some("a01"))] {
            let (lower, upper) = (lower.map(at), upper.map(at));
            for count in [0, 1, 2, 7, 1_000] {
                let places = Position::spread(lower.as_ref(), upper.as_ref(), count).unwrap();
                assert_eq!(places.len(), count);
                let all: Vec<_> = lower.iter().chain(&places).chain(&upper).collect();
                assert!(all.is_sorted_by(|one, next| one < next));
                assert!(places.iter().all(|place| place.as_str().len() <= 6), "{places:?}");
            }
        }
    }
}
