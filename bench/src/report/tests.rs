use clap::Parser;

use super::*;
use crate::{curve::Point, options::CommandLine};

fn figures(calls_per_second: f64, cpu: f64, servers: &[&'static str], validations: Option<f64>) -> Figures {
    Figures {
        calls_per_second,
        cpu_microseconds_per_call: cpu,
        cpu_microseconds_by_server: servers.iter().map(|server| (*server, cpu / servers.len() as f64)).collect(),
        p50_microseconds: 1500,
        p99_microseconds: 2500,
        p999_microseconds: 3500,
        validations_per_call: validations,
        resident_mebibytes: 40.0,
        storm: None,
    }
}

fn report() -> Report {
    let ours = [1000.0, 2000.0, 3000.0].map(|calls| figures(calls, 90.0, &["task-service", "auth-service"], Some(1.0)));
    let theirs = [2000.0, 5000.0, 4000.0].map(|calls| figures(calls, 30.0, &["echo"], None));
    let row = Measured {
        name: "ours / theirs".to_owned(),
        goal: "calls/s ≥ 0.90",
        variants: [
            MeasuredVariant { name: "ours", rounds: ours.to_vec() },
            MeasuredVariant { name: "theirs", rounds: theirs.to_vec() },
        ],
    };
    let kinds = vec![Kind { name: "known", logins: 2500, mean_milliseconds: 1.25, t: -0.5 }];
    let timing = Timing { hashes: "cheap hashes", kinds };
    let line = Line::new("one replica", [("median", 1.0), ("most", 2.5)]);
    let figure = Figure { name: "questions".to_owned(), goal: "1 per replica", lines: vec![line] };
    let point = Point { cpu_microseconds_per_call: 20.0, calls_per_second: 50_000.0 };
    let curve = Curve {
        name: "by streams".to_owned(),
        streams: vec![1, 256],
        lines: vec![("a line", vec![point; 2])],
        plot: "some.svg".into(),
    };
    let results = Results {
        rows: vec![row],
        figures: vec![figure],
        curves: vec![curve],
        timings: vec![timing],
        failures: vec![("another row".to_owned(), "it failed".to_owned())],
    };
    Report::new(Machine::look(), &CommandLine::parse_from(["bench"]).options, results)
}

#[test]
fn the_table_gives_the_ratios_and_then_what_they_are_made_of() {
    let table = report().to_table();
    let line = |start: &str| {
        table.lines().find(|line| line.starts_with(start)).unwrap().split_whitespace().collect::<Vec<_>>()
    };
    let expected = [
        "ours",
        "/",
        "theirs",
        "3.00",
        "(3.00–3.00)",
        "0.50",
        "(0.40–0.75)",
        "1.00",
        "(1.00–1.00)",
        "1.00",
        "(1.00–1.00)",
        "goal:",
        "calls/s",
        "≥",
        "0.90",
    ];
    assert_eq!(line("ours"), expected);
    assert_eq!(line("  ours"), ["ours", "90.0", "2000", "1.50", "2.50", "3.50", "40"]);
    assert_eq!(line("    auth-service"), ["auth-service", "45.0"]);
    assert!(table.contains("    questions to auth-service per 1,000 calls: 1000.00\n"), "{table}");
    assert_eq!(line("  theirs"), ["theirs", "30.0", "4000", "1.50", "2.50", "3.50", "40"]);
    assert_eq!(line("  known"), ["known", "2500", "1.250", "-0.50"]);
    assert_eq!(line("questions"), ["questions", "goal:", "1", "per", "replica"]);
    assert_eq!(line("  one"), ["one", "replica", "median", "1,", "most", "2.500"]);
    assert_eq!(line("by"), ["by", "streams", "streams", "1", "256"]);
    assert_eq!(line("  a line"), ["a", "line", "CPU", "µs/call", "20", "20"]);
    assert!(table.contains("calls/s       50000     50000\n  plotted in some.svg\n"), "{table}");
    assert!(table.contains("another row: NOT MEASURED: it failed\n"), "{table}");
    assert!(!table.contains("    echo"), "one server alone is not listed again");
    assert!(table.contains("64 streams over 4 connections; 7 rounds"), "{table}");
}

#[test]
fn the_json_holds_every_round() {
    let json: serde_json::Value = serde_json::from_str(&report().to_json().unwrap()).unwrap();
    assert_eq!(json["rows"][0]["calls_per_second_ratio"]["median"], 0.5);
    assert_eq!(json["rows"][0]["variants"][1]["rounds"][2]["calls_per_second"], 4000.0);
    assert_eq!(json["load"]["streams"], 64);
}
