//! What filters are read as, and where they are refused.

use chrono::Duration;
use fastrand::Rng;
use uuid::Uuid;

use super::{
    time::{Base, Shift},
    *,
};
use crate::task::{Priority, State};

const ID: &str = "018f3c1e-0000-7000-8000-00000000abcd";

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn position(text: &str) -> usize {
    Filter::parse(text).expect_err(text).position()
}

fn is(state: State) -> Filter {
    Filter::Is(Test::State(Equality::Equal, state))
}

fn time(base: Base, shifts: &[Shift]) -> TimeValue {
    TimeValue { base, shifts: shifts.to_vec() }
}

#[test]
fn or_binds_more_tightly_than_and() {
    let (a, b, c) = (is(State::NeedsAction), is(State::InProcess), is(State::Completed));
    let [x, y, z] = ["NEEDS_ACTION", "IN_PROCESS", "COMPLETED"].map(|state| format!("state = {state}"));
    let or = Filter::Any(vec![b.clone(), c.clone()]);
    let expected = Filter::All(vec![a.clone(), or.clone()]);
    assert_eq!(parse(&format!("{x} AND {y} OR {z}")), expected);
    assert_eq!(parse(&format!("{x} AND ({y} OR {z})")), expected);
    assert_eq!(parse(&format!("{y} OR {z} AND {x}")), Filter::All(vec![or, a.clone()]));
    let and = Filter::All(vec![a.clone(), b.clone()]);
    assert_eq!(parse(&format!("({x} AND {y}) OR {z}")), Filter::Any(vec![and, c.clone()]));
    assert_eq!(parse(&format!("{x} AND {y} AND {z}")), Filter::All(vec![a.clone(), b, c]));
    let not = Filter::Not(Box::new(a));
    for text in [format!("NOT {x}"), format!("-{x}"), format!("- ({x})"), format!("NOT(({x}))")] {
        assert_eq!(parse(&text), not, "{text}");
    }
}

#[test]
fn a_filter_that_says_nothing_lets_everything_pass() {
    for text in ["", " ", "\t\n"] {
        assert_eq!(parse(text), Filter::All(vec![]));
    }
}

#[test]
fn every_field_is_read_as_its_type() {
    let id = Uuid::parse_str(ID).unwrap();
    for (text, test) in [
        (format!("id = {ID}"), Test::Id(IdField::Task, Equality::Equal, id)),
        (format!("task_list_id != \"{ID}\""), Test::Id(IdField::TaskList, Equality::NotEqual, id)),
        (format!("parent_id='{}'", ID.to_uppercase()), Test::Id(IdField::Parent, Equality::Equal, id)),
        ("parent_id:*".into(), Test::Has(OptionalField::Parent)),
        ("title >= Milk".into(), Test::Title(Comparison::GreaterOrEqual, "Milk".into())),
        (r#"title = "\"\\\'""#.into(), Test::Title(Comparison::Equal, "\"\\'".into())),
        ("title = '50% _\"'".into(), Test::Title(Comparison::Equal, "50% _\"".into())),
        ("title:milk".into(), Test::TitleContains("milk".into())),
        ("text : \"über\"".into(), Test::TextContains("über".into())),
        ("state = STATE_COMPLETED".into(), Test::State(Equality::Equal, State::Completed)),
        ("state != \"CANCELLED\"".into(), Test::State(Equality::NotEqual, State::Cancelled)),
        ("priority >= HIGH".into(), Test::Priority(Comparison::GreaterOrEqual, Priority::High)),
        ("priority<PRIORITY_URGENT".into(), Test::Priority(Comparison::Less, Priority::Urgent)),
        ("labels:\"at home\"".into(), Test::Label("at home".into())),
        ("labels:*".into(), Test::Has(OptionalField::Labels)),
        ("blocked = true".into(), Test::Blocked(true)),
        ("blocked != true".into(), Test::Blocked(false)),
        ("due:*".into(), Test::Has(OptionalField::Plan(PlanField::Due))),
        ("complete_time:*".into(), Test::Has(OptionalField::Moment(MomentField::Complete))),
        ("due <= today()".into(), Test::Plan(PlanField::Due, Comparison::LessOrEqual, time(Base::Today, &[]))),
        (
            "start = 2026-11-21".into(),
            Test::Plan(PlanField::Start, Comparison::Equal, time(Base::Day("2026-11-21".parse().unwrap()), &[])),
        ),
        (
            "create_time > 2026-11-21T17:30:00.5+01:00".into(),
            Test::Moment(
                MomentField::Create,
                Comparison::Greater,
                time(Base::Instant("2026-11-21T16:30:00.5Z".parse().unwrap()), &[]),
            ),
        ),
    ] {
        assert_eq!(parse(&text), Filter::Is(test), "{text}");
    }
}

#[test]
fn durations_are_added_in_both_spellings() {
    let hours = |days, exact| Shift { days, exact };
    for (text, shift) in [
        ("+ duration(\"24h\")", hours(0, Duration::hours(24))),
        ("- duration('1h30m')", hours(0, -Duration::minutes(90))),
        ("+ 20s", hours(0, Duration::seconds(20))),
        ("-1.2s", hours(0, -Duration::milliseconds(1200))),
        ("+ \t1d12h", hours(1, Duration::hours(12))),
        ("- duration(7d)", hours(-7, Duration::zero())),
        ("+36525d", hours(36_525, Duration::zero())),
    ] {
        let test = Test::Moment(MomentField::Update, Comparison::Less, time(Base::Now, &[shift]));
        assert_eq!(parse(&format!("update_time < now() {text}")), Filter::Is(test), "{text}");
    }
    for wrong in [
        "+ 1",
        "+ s",
        "+ 1w",
        "+ 1h1d",
        "+ 1h1h",
        "+ 1.5h",
        "+ 1.1234567s",
        "+ .5s",
        "+ 1.s",
        "+ 36526d",
        "+ 876601h",
        "+ 99999999999999999999s",
        "+ duration()",
        "+ \"1h\"",
        "+ today()",
        "+ length(1h)",
        "+ *",
        "- 2026-11-21",
    ] {
        assert_eq!(position(&format!("due > now() {wrong}")), "due > now() + ".len() + 1, "{wrong}");
    }
}

#[test]
fn a_refusal_names_the_place() {
    for (text, place) in [
        ("colour = red", 1),
        ("user_id = 1", 1),
        ("Title = x", 1),
        ("title.x = x", 1),
        ("AND title = x", 1),
        ("title", 6),
        ("title x", 7),
        ("title = ", 9),
        ("title = AND", 9),
        ("title == x", 8),
        ("title ! x", 7),
        ("title = \"x", 11),
        (r#"title = "\x""#, 11),
        ("title = \"\0\"", 10),
        ("title = x y", 11),
        ("title = x and title = y", 11),
        ("title = x AND", 14),
        ("title = x OR AND", 14),
        ("title = x)", 10),
        ("(title = x", 11),
        ("()", 2),
        ("NOT NOT title = x", 5),
        ("title = f(", 11),
        ("title = f(x)", 9),
        ("title = *", 9),
        ("title = x + 1s", 11),
        ("title:\"\"", 7),
        ("title:*", 7),
        ("text = x", 6),
        ("labels = x", 8),
        ("state = DONE", 9),
        ("state = completed", 9),
        ("state < COMPLETED", 7),
        ("state:COMPLETED", 6),
        ("priority = 3", 12),
        ("priority:HIGH", 9),
        ("blocked = yes", 11),
        ("blocked = \"true\"", 11),
        ("blocked < true", 9),
        ("id = 7", 6),
        ("id > x", 4),
        ("id:*", 3),
        ("create_time:*", 12),
        ("due:2026-11-21", 5),
        ("due = 2026-02-30", 7),
        ("due = tomorrow()", 7),
        ("due = today(1)", 7),
        ("due = \"2026-11-21T24:00:00Z\"", 7),
        ("due = 2026-11-21T23:59:60Z", 7),
        ("due = 2026-11-21T23:59:59.1234567Z", 7),
        ("due = 2026-11-21T17:30:00", 7),
        ("today() > due", 6),
        ("ü = 1", 1),
        ("title = \"ü\" ~", 13),
    ] {
        assert_eq!(position(text), place, "{text}");
    }
}

#[test]
fn a_refusal_says_what_was_expected_and_repeats_nothing() {
    let error = Filter::parse("colour = \"my secret\"").unwrap_err();
    assert!(error.to_string().starts_with("the filter is wrong at character 1: expected one of id, title, text"));
    for text in ["state = SECRET", "due = SECRET", "SECRET = 1", "title SECRET", "(title = x SECRET"] {
        assert!(!Filter::parse(text).unwrap_err().to_string().contains("SECRET"), "{text}");
    }
}

#[test]
fn length_depth_and_number_are_bounded() {
    let longest = |bytes: usize| format!("title = \"{}\"", "x".repeat(bytes - "title = \"\"".len()));
    assert!(Filter::parse(&longest(MAX_BYTES)).is_ok());
    assert_eq!(position(&longest(MAX_BYTES + 1)), 1);
    let nested = |depth: usize| format!("{}title = x{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(position(&nested(MAX_DEPTH + 1)), MAX_DEPTH + 1);
    assert_eq!(position(&"(".repeat(MAX_BYTES)), MAX_DEPTH + 1);
    let many = |count: usize, test: &str| vec![test; count].join(" AND ");
    assert!(Filter::parse(&many(MAX_TESTS, "title=x")).is_ok());
    assert_eq!(position(&many(MAX_TESTS + 1, "title=x")), MAX_TESTS * "title=x AND ".len() + 1);
    assert!(Filter::parse(&many(MAX_SEARCHES, "text:x")).is_ok());
    assert_eq!(position(&many(MAX_SEARCHES + 1, "text:x")), MAX_SEARCHES * "text:x AND ".len() + 1);
    let shifts = format!("due > now() {}", "+ 36525d ".repeat(400));
    let at = Viewpoint { now: chrono::DateTime::UNIX_EPOCH, zone: chrono_tz::Pacific::Apia };
    let Filter::Is(Test::Plan(_, _, time)) = parse(&shifts) else { panic!("one test") };
    assert!(time.instants(&at).from <= time.instants(&at).until);
}

/// Pieces that filters are made of, some of them wrong.
const PIECES: [&str; 56] = [
    "AND",
    "OR",
    "NOT",
    "-",
    "+",
    "(",
    ")",
    "*",
    ",",
    ":",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "!",
    "\"",
    "'",
    "\\",
    " ",
    "\0",
    "id",
    "title",
    "text",
    "state",
    "priority",
    "due",
    "start",
    "labels",
    "parent_id",
    "blocked",
    "create_time",
    "complete_time",
    "COMPLETED",
    "PRIORITY_HIGH",
    "true",
    "\"x\"",
    "'ü'",
    "x",
    "ü",
    "\u{1f384}",
    "2026-11-21",
    "0001-01-01",
    "9999-12-31",
    "2026-11-21T17:30:00Z",
    "0000-01-01T00:00:00Z",
    "today()",
    "now()",
    "duration(\"24h\")",
    "20s",
    "36525d",
    "1.5s",
    "99999999999h",
    "018f3c1e-0000-7000-8000-00000000abcd",
    ".",
];

/// A text that is a filter, nearly one, or none at all.
fn anything(random: &mut Rng) -> String {
    let space = if random.bool() { " " } else { "" };
    let mut text: Vec<char> = (0..random.usize(0..40))
        .flat_map(|_| [*random.choice(&PIECES).unwrap_or(&""), space])
        .flat_map(str::chars)
        .collect();
    for _ in 0..random.usize(0..3) {
        let at = random.usize(0..=text.len());
        text.insert(at, random.char(..));
    }
    text.into_iter().collect()
}

#[test]
fn whatever_is_sent_is_read_or_refused_at_a_place_within() {
    let mut random = Rng::with_seed(8);
    let at = Viewpoint { now: "2026-10-25T01:30:00Z".parse().unwrap(), zone: chrono_tz::Europe::Vienna };
    let mut read = 0;
    for _ in 0..100_000 {
        let text = anything(&mut random);
        match Filter::parse(&text) {
            Ok(filter) => {
                read += 1;
                look_at_times(&filter, &at);
            }
            Err(error) => assert!((1..=text.chars().count() + 1).contains(&error.position()), "{text:?}: {error}"),
        }
    }
    assert!(read > 100, "only {read} of them were filters");
}

fn look_at_times(filter: &Filter, at: &Viewpoint) {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().for_each(|part| look_at_times(part, at)),
        Filter::Not(part) => look_at_times(part, at),
        Filter::Is(Test::Moment(_, _, time) | Test::Plan(_, _, time)) => {
            assert!(time.instants(at).from <= time.instants(at).until, "{time:?}");
            assert!(time.clocks(at).from <= time.clocks(at).until, "{time:?}");
        }
        Filter::Is(_) => {}
    }
}
