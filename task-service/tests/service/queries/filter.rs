//! Filters, asked of a task in memory.

use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use fastrand::Rng;
use proto::task::v1::{Priority, State, Task, TaskTime};

use super::{DAYS, LABELS, TIMES, WORDS, ZONES, now, pick};

type Test = Box<dyn Fn(&Task, Tz) -> bool + Send + Sync>;

pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Is(String, Test),
}

/// A filter nested at most so deep.
pub(super) fn some(random: &mut Rng, depth: u8) -> Filter {
    let parts = |random: &mut Rng| (0..random.usize(2..4)).map(|_| some(random, depth - 1)).collect();
    match random.u8(..if depth == 0 { 1 } else { 5 }) {
        1 => Filter::All(parts(random)),
        2 | 3 => Filter::Any(parts(random)),
        4 => Filter::Not(Box::new(some(random, depth - 1))),
        _ => test(random),
    }
}

impl Filter {
    pub(super) fn matches(&self, task: &Task, zone: Tz) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(task, zone)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(task, zone)),
            Self::Not(part) => !part.matches(task, zone),
            Self::Is(_, test) => test(task, zone),
        }
    }

    /// With no more parentheses than the grammar needs: OR binds more tightly than AND.
    pub(super) fn text(&self) -> String {
        let texts = |parts: &[Self], inner: fn(&Self) -> String| parts.iter().map(inner).collect::<Vec<_>>();
        match self {
            Self::All(parts) => texts(parts, Self::text).join(" AND "),
            Self::Any(parts) => texts(parts, Self::single).join(" OR "),
            Self::Not(part) => match &**part {
                Self::Is(test, _) => format!("-{test}"),
                other => format!("NOT ({})", other.text()),
            },
            Self::Is(test, _) => test.clone(),
        }
    }

    fn single(&self) -> String {
        match self {
            Self::All(_) | Self::Any(_) => format!("({})", self.text()),
            single => single.text(),
        }
    }
}

fn is(text: String, test: impl Fn(&Task, Tz) -> bool + Send + Sync + 'static) -> Filter {
    Filter::Is(text, Box::new(test))
}

fn test(random: &mut Rng) -> Filter {
    match random.u8(..10) {
        0 => {
            let word = pick(random, &WORDS).to_owned();
            let found = word.to_ascii_lowercase();
            let has = move |text: &str| text.to_ascii_lowercase().contains(&found);
            is(format!("text:{}", quoted(&word)), move |task, _| has(&task.title) || has(&task.notes))
        }
        1 => {
            let (compare, title) = (comparison(random), format!("{} 1", pick(random, &WORDS)));
            let text = format!("title {} {}", compare.0, quoted(&title));
            is(text, move |task, _| compare.1(task.title.as_bytes().cmp(title.as_bytes())))
        }
        2 => {
            let label = pick(random, &LABELS).to_owned();
            is(format!("labels:{}", quoted(&label)), move |task, _| task.labels.contains(&label))
        }
        3 => {
            let (compare, rank) = (comparison(random), random.i32(1..=5));
            let name = Priority::try_from(rank).unwrap().as_str_name();
            let name = if random.bool() { name } else { name.trim_start_matches("PRIORITY_") };
            is(format!("priority{}{name}", compare.0), move |task, _| compare.1(task.priority.cmp(&rank)))
        }
        4 => {
            let state = [State::NeedsAction, State::InProcess, State::Completed, State::Cancelled][random.usize(..4)];
            let text = format!("state != {}", state.as_str_name().trim_start_matches("STATE_"));
            is(text, move |task, _| task.state != i32::from(state))
        }
        5 | 6 => plan(random),
        7 | 8 => moment(random),
        _ => present(random),
    }
}

fn present(random: &mut Rng) -> Filter {
    let field = pick(random, &["due", "start", "complete_time", "delete_time", "labels", "parent_id"]);
    is(format!("{field}:*"), move |task, _| match field {
        "due" => task.due.is_some(),
        "start" => task.start.is_some(),
        "complete_time" => task.complete_time.is_some(),
        "delete_time" => task.delete_time.is_some(),
        "labels" => !task.labels.is_empty(),
        _ => false,
    })
}

fn moment(random: &mut Rng) -> Filter {
    let field = pick(random, &["create_time", "update_time", "complete_time", "delete_time"]);
    let (compare, time) = (comparison(random), Time::some(random));
    is(format!("{field} {} {}", compare.0, time.text), move |task, zone| {
        let stamp = match field {
            "create_time" => task.create_time,
            "update_time" => task.update_time,
            "complete_time" => task.complete_time,
            _ => task.delete_time,
        };
        let Some(stamp) = stamp else { return false };
        let stamp = DateTime::from_timestamp(stamp.seconds, stamp.nanos.try_into().unwrap()).unwrap();
        compare.1(match time.point(zone) {
            Point::Day(day) => stamp.with_timezone(&zone).date_naive().cmp(&day),
            Point::Instant(instant) => stamp.cmp(&instant),
        })
    })
}

fn plan(random: &mut Rng) -> Filter {
    let field = pick(random, &["due", "start"]);
    let (compare, time) = (comparison(random), Time::some(random));
    is(format!("{field} {} {}", compare.0, time.text), move |task, zone| {
        let plan = if field == "due" { &task.due } else { &task.start };
        let Some(plan) = plan else { return false };
        compare.1(match time.point(zone) {
            Point::Day(day) if plan.time_zone.is_empty() => date(plan).cmp(&day),
            Point::Day(day) => instant(plan, field, zone).with_timezone(&zone).date_naive().cmp(&day),
            Point::Instant(time) => instant(plan, field, zone).cmp(&time),
        })
    })
}

fn date(time: &TaskTime) -> NaiveDate {
    time.date.parse().unwrap()
}

pub(super) fn clock(time: &TaskTime) -> NaiveTime {
    let seconds = if time.time_of_day.len() == 5 { ":00" } else { "" };
    format!("{}{seconds}", time.time_of_day).parse().unwrap()
}

/// When it is, for somebody in this zone, unless it has one of its own.
fn instant(time: &TaskTime, field: &str, zone: Tz) -> DateTime<Utc> {
    let zone = time.time_zone.parse().unwrap_or(zone);
    if !time.time_of_day.is_empty() {
        return first(date(time).and_time(clock(time)), zone);
    }
    let midnight = |date: NaiveDate| first(date.and_time(NaiveTime::MIN), zone);
    match field {
        "due" => midnight(date(time) + Days::new(1)) - Duration::microseconds(1),
        _ => midnight(date(time)),
    }
}

fn first(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    zone.from_local_datetime(&local).earliest().unwrap().to_utc()
}

struct Time {
    text: String,
    base: Option<Point>,
    today: bool,
    days: i64,
    hours: i64,
}

#[derive(Clone, Copy)]
enum Point {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl Time {
    fn some(random: &mut Rng) -> Self {
        let day: NaiveDate = pick(random, &DAYS).parse().unwrap();
        let (base, today, base_text) = match random.u8(..4) {
            0 => (None, true, "today()".to_owned()),
            1 => (None, false, "now()".to_owned()),
            2 => (Some(Point::Day(day)), false, day.to_string()),
            _ => {
                let zone: Tz = pick(random, &ZONES).parse().unwrap_or(Tz::UTC);
                let time = TaskTime { time_of_day: pick(random, &TIMES).to_owned(), ..Default::default() };
                let local = zone.from_local_datetime(&day.and_time(clock(&time))).latest().unwrap();
                (Some(Point::Instant(local.to_utc())), false, format!("\"{}\"", local.to_rfc3339()))
            }
        };
        let (days, hours) = if random.bool() { (random.i64(-2..3), random.i64(-30..30)) } else { (0, 0) };
        let shift = |number: i64, text: String| match number {
            0 => String::new(),
            _ => format!(" {} {text}", if number < 0 { '-' } else { '+' }),
        };
        let days_text = shift(days, format!("{}d", days.abs()));
        let hours_text = match random.bool() {
            true => shift(hours, format!("duration(\"{}h\")", hours.abs())),
            false => shift(hours, format!("{}s", hours.abs() * 3600)),
        };
        Self { text: format!("{base_text}{days_text}{hours_text}"), base, today, days, hours }
    }

    fn point(&self, zone: Tz) -> Point {
        let base = match self.base {
            Some(base) => base,
            None if self.today => Point::Day(now().with_timezone(&zone).date_naive()),
            None => Point::Instant(now()),
        };
        let shifted = match base {
            Point::Day(day) => Point::Day(day + Duration::days(self.days)),
            Point::Instant(instant) if self.days == 0 => Point::Instant(instant),
            Point::Instant(instant) => {
                Point::Instant(first(instant.with_timezone(&zone).naive_local() + Duration::days(self.days), zone))
            }
        };
        match shifted {
            shifted if self.hours == 0 => shifted,
            Point::Day(day) => Point::Instant(first(day.and_time(NaiveTime::MIN), zone) + Duration::hours(self.hours)),
            Point::Instant(instant) => Point::Instant(instant + Duration::hours(self.hours)),
        }
    }
}

type Comparison = (&'static str, fn(std::cmp::Ordering) -> bool);

fn comparison(random: &mut Rng) -> Comparison {
    const COMPARISONS: [Comparison; 6] = [
        ("=", std::cmp::Ordering::is_eq),
        ("!=", std::cmp::Ordering::is_ne),
        ("<", std::cmp::Ordering::is_lt),
        ("<=", std::cmp::Ordering::is_le),
        (">", std::cmp::Ordering::is_gt),
        (">=", std::cmp::Ordering::is_ge),
    ];
    COMPARISONS[random.usize(..6)]
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
