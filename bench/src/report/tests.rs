use clap::Parser;

use super::*;
use crate::options::CommandLine;

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
    Report::new(Machine::look(), &CommandLine::parse_from(["bench"]).options, vec![row], vec![timing])
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
        "0.50",
        "(0.40–0.75)",
        "3.00",
        "(3.00–3.00)",
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
    assert_eq!(line("  ours"), ["ours", "2000", "90.0", "1.50", "2.50", "3.50", "40"]);
    assert_eq!(line("    auth-service"), ["auth-service", "45.0"]);
    assert_eq!(line("    validations"), ["validations", "per", "call:", "1.000"]);
    assert_eq!(line("  theirs"), ["theirs", "4000", "30.0", "1.50", "2.50", "3.50", "40"]);
    assert_eq!(line("  known"), ["known", "2500", "1.250", "-0.50"]);
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
