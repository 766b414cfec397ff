//! What a field is compared with, read as the field's type.

use chrono::{DateTime, Duration, Timelike};
use uuid::Uuid;

use super::{
    error::FilterError,
    syntax::{Argument, Shift as WrittenShift, Sign, Value, ValueKind},
    time::{Base, Shift, TimeValue, in_calendar},
};
use crate::{
    id::parse_uuid,
    task::{Priority, State},
    task_time::parse_date,
};

/// The longest duration, about a hundred years.
const MAX_DURATION_DAYS: i64 = 36_525;

const TIME: &str = "a date as 2026-11-21, a time as \"2026-11-21T17:30:00Z\", today() or now()";
const DURATION: &str = "a duration of at most 36525d, as 20s, 24h, 7d or duration(\"1h30m\")";

/// A text, with or without quotes.
pub(super) fn text(argument: &Argument) -> Result<&str, FilterError> {
    match &single(argument)?.kind {
        ValueKind::Word(text) | ValueKind::Quoted(text) => Ok(text),
        _ => Err(FilterError::new(argument.first.at, "a text")),
    }
}

pub(super) fn uuid(argument: &Argument) -> Result<Uuid, FilterError> {
    read(argument, "the UUID of a task or a list", parse_uuid)
}

pub(super) fn state(argument: &Argument) -> Result<State, FilterError> {
    let state = |name: &str| State::from_name(name.strip_prefix("STATE_").unwrap_or(name));
    read(argument, "one of NEEDS_ACTION, IN_PROCESS, COMPLETED, CANCELLED", state)
}

pub(super) fn priority(argument: &Argument) -> Result<Priority, FilterError> {
    let priority = |name: &str| match name.strip_prefix("PRIORITY_").unwrap_or(name) {
        "NONE" => Some(Priority::None),
        "LOW" => Some(Priority::Low),
        "MEDIUM" => Some(Priority::Medium),
        "HIGH" => Some(Priority::High),
        "URGENT" => Some(Priority::Urgent),
        _ => None,
    };
    read(argument, "one of NONE, LOW, MEDIUM, HIGH, URGENT", priority)
}

pub(super) fn boolean(argument: &Argument) -> Result<bool, FilterError> {
    match &single(argument)?.kind {
        ValueKind::Word(word) if word == "true" => Ok(true),
        ValueKind::Word(word) if word == "false" => Ok(false),
        _ => Err(FilterError::new(argument.first.at, "true or false")),
    }
}

pub(super) fn time(argument: &Argument) -> Result<TimeValue, FilterError> {
    let base = base(&argument.first)?;
    let shifts = argument.shifts.iter().map(shift).collect::<Result<_, _>>()?;
    Ok(TimeValue { base, shifts })
}

fn read<T>(argument: &Argument, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, FilterError> {
    let wrong = || FilterError::new(argument.first.at, expected);
    parse(text(argument).map_err(|_not_even_text| wrong())?).ok_or_else(wrong)
}

/// Only times can be added to.
fn single(argument: &Argument) -> Result<&Value, FilterError> {
    match argument.shifts.first() {
        Some(shift) => Err(FilterError::new(shift.sign_at, "AND, OR or the end")),
        None => Ok(&argument.first),
    }
}

fn base(value: &Value) -> Result<Base, FilterError> {
    let base = match &value.kind {
        ValueKind::Word(text) | ValueKind::Quoted(text) => parse_date(text).map(Base::Day).or_else(|| instant(text)),
        ValueKind::Call { function, argument: None } if function == "today" => Some(Base::Today),
        ValueKind::Call { function, argument: None } if function == "now" => Some(Base::Now),
        _ => None,
    };
    base.ok_or_else(|| FilterError::new(value.at, TIME))
}

/// A leap second and anything finer than a microsecond would not be compared as it is written.
fn instant(text: &str) -> Option<Base> {
    let instant = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let kept = instant.nanosecond() < 1_000_000_000 && instant.nanosecond().is_multiple_of(1_000);
    (kept && in_calendar(instant)).then_some(Base::Instant(instant))
}

fn shift(shift: &WrittenShift) -> Result<Shift, FilterError> {
    let text = match &shift.value.kind {
        ValueKind::Word(text) => Some(text),
        ValueKind::Call { function, argument } if function == "duration" => argument.as_ref(),
        _ => None,
    };
    let Shift { days, exact } =
        text.and_then(|text| duration(text)).ok_or_else(|| FilterError::new(shift.value.at, DURATION))?;
    match shift.sign {
        Sign::Plus => Ok(Shift { days, exact }),
        Sign::Minus => Ok(Shift { days: -days, exact: -exact }),
    }
}

/// Numbers with units, the larger unit first, as `1d12h`; only seconds have a fraction, of up to six digits.
fn duration(text: &str) -> Option<Shift> {
    let mut total = Shift::default();
    let mut rest = text;
    let mut units = ['d', 'h', 'm', 's'].as_slice();
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, unit) = rest.split_at(end);
        let unit = unit.chars().next()?;
        rest = rest.get(end + unit.len_utf8()..)?;
        let index = units.iter().position(|known| *known == unit)?;
        units = units.get(index + 1..)?;
        match unit {
            'd' => total.days = whole(number)?,
            'h' => total.exact += Duration::try_hours(whole(number)?)?,
            'm' => total.exact += Duration::try_minutes(whole(number)?)?,
            _ => total.exact += seconds(number)?,
        }
    }
    let bounded = total.days <= MAX_DURATION_DAYS && total.exact <= Duration::days(MAX_DURATION_DAYS);
    (bounded && !text.is_empty()).then_some(total)
}

/// Few enough digits that nothing overflows in any unit.
fn whole(number: &str) -> Option<i64> {
    const MAX_DIGITS: usize = 10;
    number.parse().ok().filter(|_| number.len() <= MAX_DIGITS)
}

fn seconds(number: &str) -> Option<Duration> {
    const FRACTION_DIGITS: usize = 6;
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let micros: i64 = format!("{fraction:0<FRACTION_DIGITS$}").parse().ok()?;
    let exact = (1..=FRACTION_DIGITS).contains(&fraction.len());
    exact.then_some(Duration::seconds(whole(seconds)?) + Duration::microseconds(micros))
}
