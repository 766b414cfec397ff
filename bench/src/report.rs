//! The report: ratios first.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    curve::Curve,
    figure::{Figure, Line},
    machine::Machine,
    options::Options,
    results::Results,
    rounds::{Figures, Measured, MeasuredVariant},
    statistics::Spread,
    storm::StormFigures,
    timing::{self, Kind, Timing},
};

/// A run, as it is printed.
#[derive(Debug, Serialize)]
pub struct Report {
    machine: Machine,
    load: LoadShape,
    rows: Vec<Row>,
    figures: Vec<Figure>,
    curves: Vec<Curve>,
    timings: Vec<Timing>,
    failures: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
struct LoadShape {
    streams: u16,
    connections: u16,
    rounds: u32,
    seconds: f64,
    warm_up: f64,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    goal: &'static str,
    cpu_per_call_ratio: Spread,
    calls_per_second_ratio: Spread,
    p50_ratio: Spread,
    p99_ratio: Spread,
    variants: [Variant; 2],
}

#[derive(Debug, Serialize)]
struct Variant {
    name: &'static str,
    median: Figures,
    rounds: Vec<Figures>,
}

impl Report {
    /// Of what was measured.
    pub fn new(machine: Machine, options: &Options, results: Results) -> Self {
        let Options { rounds, seconds, warm_up, streams, connections, .. } = *options;
        let load = LoadShape { streams, connections, rounds, seconds, warm_up };
        let Results { rows, figures, curves, timings, failures } = results;
        Self { machine, load, rows: rows.into_iter().map(Row::of).collect(), figures, curves, timings, failures }
    }

    /// For programs.
    ///
    /// # Errors
    /// When a figure cannot be written.
    pub fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }

    /// For people.
    pub fn to_table(&self) -> String {
        let mut table = format!(
            "{:<62}{:>18}{:>20}{:>23}{:>23}{:>9}{:>8}\n",
            "", "CPU µs/call", "calls/s", "p50 ms", "p99 ms", "p99.9 ms", "MiB"
        );
        for row in &self.rows {
            row.write(&mut table);
        }
        for figure in &self.figures {
            write_figure(figure, &mut table);
        }
        for curve in &self.curves {
            write_curve(curve, &mut table);
        }
        for timing in &self.timings {
            write_timing(timing, &mut table);
        }
        for (name, why) in &self.failures {
            let _ = writeln!(table, "{name}: NOT MEASURED: {why}");
        }
        table + "\n" + &self.footer()
    }

    fn footer(&self) -> String {
        let Machine { cores, processor, kernel, rustc, optimised, load_before } = &self.machine;
        let LoadShape { streams, connections, rounds, seconds, warm_up } = &self.load;
        let build = if *optimised { "release" } else { "debug" };
        format!(
            "{streams} streams over {connections} connections; {rounds} rounds in turn of {seconds} s after {warm_up} s; \
             medians, (least–most)\n\
             {cores} cores, {processor}; Linux {kernel}; {rustc}, {build} build; load before: {load_before}"
        )
    }
}

fn write_figure(figure: &Figure, table: &mut String) {
    let _ = writeln!(table, "{:<62}{:>84}   goal: {}", figure.name, "", figure.goal);
    for Line { name, values } in &figure.lines {
        let values: Vec<_> = values.iter().map(|(label, value)| format!("{label} {}", number(*value))).collect();
        let _ = writeln!(table, "{:<62}   {}", format!("  {name}"), values.join(", "));
    }
}

/// Whole numbers as such.
fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn write_curve(curve: &Curve, table: &mut String) {
    let Curve { name, streams, lines, plot } = curve;
    let numbers =
        |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|number| format!("{number:>10.0}")).collect::<String>();
    let streams = numbers(&mut streams.iter().map(|streams| f64::from(*streams)));
    let _ = writeln!(table, "{name:<62}   streams  {streams}");
    for (name, figures) in lines {
        let cpu = numbers(&mut figures.iter().map(|point| point.cpu_microseconds_per_call));
        let calls = numbers(&mut figures.iter().map(|point| point.calls_per_second));
        let _ = writeln!(table, "{:<62}   CPU µs/call{}", format!("  {name}"), &cpu[3..]);
        let _ = writeln!(table, "{:<62}   calls/s  {calls}", "");
    }
    let _ = writeln!(table, "  plotted in {}", plot.display());
}

fn write_timing(timing: &Timing, table: &mut String) {
    let name = format!("{}, {}", timing::NAME, timing.hashes);
    let _ = writeln!(table, "{name:<62}{:>18}{:>20}{:>18}   goal: |t| < 4.5", "logins", "mean ms", "Welch's t");
    for Kind { name, logins, mean_milliseconds, t } in &timing.kinds {
        let name = format!("  {name}");
        let _ = writeln!(table, "{name:<62}{logins:>18}{mean_milliseconds:>20.3}{t:>18.2}");
    }
}

impl Row {
    fn of(measured: Measured) -> Self {
        let Measured { name, goal, variants } = measured;
        let ratio = |figure: fn(&Figures) -> f64| {
            let [ours, theirs] = variants.each_ref().map(|variant| variant.rounds.iter().map(figure));
            Spread::of_ratios(ours, theirs)
        };
        Self {
            name,
            goal,
            cpu_per_call_ratio: ratio(|figures| figures.cpu_microseconds_per_call),
            calls_per_second_ratio: ratio(|figures| figures.calls_per_second),
            p50_ratio: ratio(|figures| figures.p50_microseconds as f64),
            p99_ratio: ratio(|figures| figures.p99_microseconds as f64),
            variants: variants.map(Variant::of),
        }
    }

    fn write(&self, table: &mut String) {
        let ratio = |Spread { median, min, max }: Spread| format!("{median:.2} ({min:.2}–{max:.2})");
        let (calls, cpu) = (ratio(self.calls_per_second_ratio), ratio(self.cpu_per_call_ratio));
        let [p50, p99] = [self.p50_ratio, self.p99_ratio].map(ratio);
        let _ = writeln!(table, "{:<62}{cpu:>18}{calls:>20}{p50:>23}{p99:>23}   goal: {}", self.name, self.goal);
        for variant in &self.variants {
            variant.write(table);
        }
    }
}

impl Variant {
    fn of(measured: MeasuredVariant) -> Self {
        let MeasuredVariant { name, rounds } = measured;
        Self { name, median: median(&rounds), rounds }
    }

    fn write(&self, table: &mut String) {
        let Figures { calls_per_second: calls, cpu_microseconds_per_call: cpu, .. } = &self.median;
        let [p50, p99, p999] =
            [self.median.p50_microseconds, self.median.p99_microseconds, self.median.p999_microseconds]
                .map(|microseconds| microseconds as f64 / 1000.0);
        let name = format!("  {}", self.name);
        let memory = self.median.resident_mebibytes;
        let _ = writeln!(table, "{name:<62}{cpu:>18.1}{calls:>20.0}{p50:>23.2}{p99:>23.2}{p999:>9.2}{memory:>8.0}");
        if let servers @ [_, _, ..] = &*self.median.cpu_microseconds_by_server {
            for (server, cpu) in servers {
                let _ = writeln!(table, "{:<62}{cpu:>18.1}", format!("    {server}"));
            }
        }
        if let Some(storm) = &self.median.storm {
            let _ = writeln!(
                table,
                "    {:.0} attempts/s, {:.1} logins/s, refusals p50 {:.1} ms, p99 {:.1} ms",
                storm.attempts_per_second,
                storm.logins_per_second,
                storm.refusal_p50_microseconds as f64 / 1000.0,
                storm.refusal_p99_microseconds as f64 / 1000.0
            );
        }
        if let Some(validations) = self.median.validations_per_call {
            let _ = writeln!(table, "    questions to auth-service per 1,000 calls: {:.2}", validations * 1000.0);
        }
    }
}

/// Figure by figure.
fn median(rounds: &[Figures]) -> Figures {
    let of = |figure: &dyn Fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure)).median;
    let servers = rounds.first().map(|figures| &*figures.cpu_microseconds_by_server).unwrap_or_default();
    Figures {
        calls_per_second: of(&|figures| figures.calls_per_second),
        cpu_microseconds_per_call: of(&|figures| figures.cpu_microseconds_per_call),
        cpu_microseconds_by_server: (servers.iter().enumerate())
            .map(|(index, (name, _))| (*name, of(&|figures| figures.cpu_microseconds_by_server[index].1)))
            .collect(),
        p50_microseconds: of(&|figures| figures.p50_microseconds as f64) as u64,
        p99_microseconds: of(&|figures| figures.p99_microseconds as f64) as u64,
        p999_microseconds: of(&|figures| figures.p999_microseconds as f64) as u64,
        validations_per_call: (rounds.iter().map(|figures| figures.validations_per_call).collect::<Option<Vec<_>>>())
            .map(|validations| Spread::of(validations).median),
        resident_mebibytes: of(&|figures| figures.resident_mebibytes),
        storm: (rounds.iter().map(|figures| figures.storm.as_ref()).collect::<Option<Vec<_>>>())
            .map(|storms| median_storm(&storms)),
    }
}

fn median_storm(rounds: &[&StormFigures]) -> StormFigures {
    let of = |figure: fn(&StormFigures) -> f64| Spread::of(rounds.iter().map(|storm| figure(storm))).median;
    StormFigures {
        attempts_per_second: of(|storm| storm.attempts_per_second),
        logins_per_second: of(|storm| storm.logins_per_second),
        refusal_p50_microseconds: of(|storm| storm.refusal_p50_microseconds as f64) as u64,
        refusal_p99_microseconds: of(|storm| storm.refusal_p99_microseconds as f64) as u64,
    }
}

#[cfg(test)]
mod tests;
