//! The times that a filter compares with, and what they mean to somebody somewhere.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::{GapInfo, Tz};

/// When and where a filter is asked.
#[derive(Clone, Copy, Debug)]
pub struct Viewpoint {
    /// What `now()` is.
    pub now: DateTime<Utc>,
    /// In which zone days begin and floating times are read.
    pub zone: Tz,
}

/// A time as a filter writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeValue {
    pub(super) base: Base,
    pub(super) shifts: Vec<Shift>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Base {
    Now,
    Today,
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

/// What is added: days by the calendar, however long they are, and then a time by the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shift {
    pub(super) days: i64,
    pub(super) exact: Duration,
}

/// From `from` on, before `until`. Of two values of the same span, neither is less than the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span<T> {
    /// The first that belongs to it.
    pub from: T,
    /// The first that does not.
    pub until: T,
}

/// A day, or a point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl TimeValue {
    /// What it covers in time: a whole day, or a microsecond, which is the smallest difference that is kept.
    #[must_use]
    pub fn instants(&self, at: &Viewpoint) -> Span<DateTime<Utc>> {
        match self.point(at) {
            Point::Day(day) => Span { from: start_of(day, at.zone), until: start_of(shifted(day, 1), at.zone) },
            Point::Instant(instant) => {
                Span { from: instant, until: within_bounds(instant + Duration::microseconds(1)) }
            }
        }
    }

    /// What it covers on the clocks of the zone, for times that have no zone of their own.
    #[must_use]
    pub fn clocks(&self, at: &Viewpoint) -> Span<NaiveDateTime> {
        match self.point(at) {
            Point::Day(day) => Span { from: midnight(day), until: midnight(shifted(day, 1)) },
            Point::Instant(instant) => clock(instant, at.zone),
        }
    }

    fn point(&self, at: &Viewpoint) -> Point {
        let base = match self.base {
            Base::Now => Point::Instant(at.now),
            Base::Today => Point::Day(at.now.with_timezone(&at.zone).date_naive()),
            Base::Day(day) => Point::Day(day),
            Base::Instant(instant) => Point::Instant(instant),
        };
        self.shifts.iter().fold(base, |point, shift| shift.apply(point, at.zone))
    }
}

impl Shift {
    fn apply(&self, point: Point, zone: Tz) -> Point {
        match point {
            Point::Day(day) if self.exact.is_zero() => Point::Day(shifted(day, self.days)),
            Point::Day(day) => Point::Instant(within_bounds(start_of(shifted(day, self.days), zone) + self.exact)),
            Point::Instant(instant) => {
                let instant = if self.days == 0 { instant } else { same_clock(instant, self.days, zone) };
                Point::Instant(within_bounds(instant + self.exact))
            }
        }
    }
}

/// The days that a task can have are all that a filter can reach: what would lie beyond is the first or the last.
fn shifted(day: NaiveDate, days: i64) -> NaiveDate {
    let distance = Days::new(days.unsigned_abs());
    let shifted = if days < 0 { day.checked_sub_days(distance) } else { day.checked_add_days(distance) };
    shifted.map_or(if days < 0 { first_day() } else { last_day() }, |day| day.clamp(first_day(), last_day()))
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN)
}

fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// Whether a time is one of the years 1 to 9999.
pub(super) fn in_calendar(instant: DateTime<Utc>) -> bool {
    within_bounds(instant) == instant
}

/// Both databases know the times of these years, and order them alike.
fn within_bounds(instant: DateTime<Utc>) -> DateTime<Utc> {
    let last = midnight(last_day()) + Duration::days(1) - Duration::microseconds(1);
    instant.clamp(midnight(first_day()).and_utc(), last.and_utc())
}

fn midnight(day: NaiveDate) -> NaiveDateTime {
    day.and_time(NaiveTime::MIN)
}

/// The first moment of a day. Where clocks are put forward at midnight, that is not midnight.
fn start_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    within_bounds(earliest(midnight(day), zone))
}

/// The same time by the clock some days later or earlier.
fn same_clock(instant: DateTime<Utc>, days: i64, zone: Tz) -> DateTime<Utc> {
    let local = instant.with_timezone(&zone).naive_local();
    earliest(shifted(local.date(), days).and_time(local.time()), zone)
}

/// When the clocks of the zone first show this time, or first a later one if they skip it.
fn earliest(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let shown = zone.from_local_datetime(&local).earliest();
    let shown = shown.or_else(|| GapInfo::new(&local, &zone).and_then(|gap| gap.end));
    shown.map_or(local.and_utc(), |shown| shown.to_utc())
}

/// What the clocks show. In an hour that they show for the second time, every floating time of that hour is over:
/// without this, what is overdue would not be so a moment later.
fn clock(instant: DateTime<Utc>, zone: Tz) -> Span<NaiveDateTime> {
    let local = instant.with_timezone(&zone).naive_local();
    if earliest(local, zone) == instant {
        return Span { from: local, until: local + Duration::microseconds(1) };
    }
    let over = end_of_repetition(local, zone);
    Span { from: over, until: over }
}

/// The first time from `local` on that the clocks show only once. Zones change at a whole second.
fn end_of_repetition(local: NaiveDateTime, zone: Tz) -> NaiveDateTime {
    let local = local.date().and_time(local.time().with_nanosecond(0).unwrap_or_default());
    let after = |seconds: i64| local + Duration::seconds(seconds);
    let (mut repeated, mut once) = (0, LONGEST_REPETITION_SECONDS);
    while once - repeated > 1 {
        let middle = repeated + (once - repeated) / 2;
        if zone.from_local_datetime(&after(middle)).single().is_none() { repeated = middle } else { once = middle }
    }
    after(once)
}

/// Clocks have been put back by a day, at the date line, and never by more.
const LONGEST_REPETITION_SECONDS: i64 = 86_400;

#[cfg(test)]
mod tests {
    use chrono_tz::{
        America::{Havana, New_York, Sao_Paulo},
        Europe::Vienna,
        Pacific::Apia,
    };

    use super::*;

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn value(base: Base, shifts: &[(i64, i64)]) -> TimeValue {
        let shifts = shifts.iter().map(|(days, hours)| Shift { days: *days, exact: Duration::hours(*hours) });
        TimeValue { base, shifts: shifts.collect() }
    }

    #[test]
    fn today_is_the_day_of_the_zone() {
        let now = instant("2026-11-21T23:30:00Z");
        for (zone, today) in [(Vienna, "2026-11-22"), (New_York, "2026-11-21"), (Tz::UTC, "2026-11-21")] {
            let clocks = value(Base::Today, &[]).clocks(&Viewpoint { now, zone });
            assert_eq!(clocks.from, midnight(day(today)), "{zone}");
        }
    }

    #[test]
    fn days_on_which_clocks_change_are_23_and_25_hours_long() {
        for (date, zone, from, hours) in [
            ("2026-03-29", Vienna, "2026-03-28T23:00:00Z", 23),
            ("2026-10-25", Vienna, "2026-10-24T22:00:00Z", 25),
            ("2026-03-08", New_York, "2026-03-08T05:00:00Z", 23),
            ("2026-11-01", New_York, "2026-11-01T04:00:00Z", 25),
            // Clocks go from midnight to one, or are put back to midnight at one.
            ("2018-11-04", Sao_Paulo, "2018-11-04T03:00:00Z", 23),
            ("2026-11-01", Havana, "2026-11-01T04:00:00Z", 25),
            // The day that Samoa left out.
            ("2011-12-30", Apia, "2011-12-30T10:00:00Z", 0),
        ] {
            let at = Viewpoint { now: instant("2026-01-01T00:00:00Z"), zone };
            let span = value(Base::Day(day(date)), &[]).instants(&at);
            assert_eq!((span.from, (span.until - span.from).num_hours()), (instant(from), hours), "{date} {zone}");
        }
    }

    #[test]
    fn days_are_added_by_the_calendar_and_hours_by_the_clock() {
        let at = Viewpoint { now: instant("2026-03-28T11:00:00Z"), zone: Vienna };
        for (base, shift, from) in [
            (Base::Now, (1, 0), "2026-03-29T10:00:00Z"),
            (Base::Now, (0, 24), "2026-03-29T11:00:00Z"),
            (Base::Now, (-1, 0), "2026-03-27T11:00:00Z"),
            (Base::Today, (1, 0), "2026-03-28T23:00:00Z"),
            (Base::Today, (2, 0), "2026-03-29T22:00:00Z"),
            (Base::Today, (1, 24), "2026-03-29T23:00:00Z"),
            // Half past two is skipped on that day.
            (Base::Instant(instant("2026-03-28T01:30:00Z")), (1, 0), "2026-03-29T01:00:00Z"),
        ] {
            assert_eq!(value(base, &[shift]).instants(&at).from, instant(from), "{base:?} {shift:?}");
        }
        assert_eq!(value(Base::Today, &[(1, 0)]).clocks(&at).until, midnight(day("2026-03-30")));
    }

    #[test]
    fn what_was_over_stays_over_while_an_hour_is_repeated() {
        let clocks = |now: &str| {
            let at = Viewpoint { now: instant(now), zone: Vienna };
            let span = value(Base::Now, &[]).clocks(&at);
            (span.from.time().to_string(), span.from == span.until)
        };
        assert_eq!(clocks("2026-10-25T00:30:00Z"), ("02:30:00".to_owned(), false));
        assert_eq!(clocks("2026-10-25T01:00:00Z"), ("03:00:00".to_owned(), true));
        assert_eq!(clocks("2026-10-25T01:59:59Z"), ("03:00:00".to_owned(), true));
        assert_eq!(clocks("2026-10-25T02:00:00Z"), ("03:00:00".to_owned(), false));
        assert_eq!(clocks("2026-03-29T01:00:00Z"), ("03:00:00".to_owned(), false));
    }

    #[test]
    fn what_lies_beyond_the_calendar_is_its_first_or_last_day() {
        let at = Viewpoint { now: instant("2026-01-01T00:00:00Z"), zone: Apia };
        for days in [i64::MIN, i64::MAX, -40_000, 40_000] {
            for base in [Base::Day(first_day()), Base::Day(last_day()), Base::Now] {
                let value = value(base, &[(days, 0), (days, 1)]);
                let span = value.instants(&at);
                assert!(span.from <= span.until, "{base:?} {days}");
                assert!(value.clocks(&at).from <= value.clocks(&at).until, "{base:?} {days}");
            }
        }
    }
}
