//! The variants of a row take turns.

mod variant;

use anyhow::Context;
use serde::Serialize;

pub use self::variant::validations;
use crate::{options::Options, progress, rows::Row, statistics::Spread, storm::StormFigures};

/// A row, measured.
#[derive(Debug)]
pub struct Measured {
    /// What it tells.
    pub name: String,
    /// The ratios to reach.
    pub goal: &'static str,
    /// Its variants.
    pub variants: [MeasuredVariant; 2],
}

impl Measured {
    /// The median of what the first variant, which is ours, did in a second.
    pub fn calls_per_second(&self) -> f64 {
        Spread::of(self.variants[0].rounds.iter().map(|figures| figures.calls_per_second)).median
    }
}

/// A variant, measured once in each round.
#[derive(Debug)]
pub struct MeasuredVariant {
    /// What it is.
    pub name: &'static str,
    /// What each round gave.
    pub rounds: Vec<Figures>,
}

/// What one round gave.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Calls answered per second.
    pub calls_per_second: f64,
    /// Processor time that the servers spent for a call, in microseconds.
    pub cpu_microseconds_per_call: f64,
    /// The same for each of them.
    pub cpu_microseconds_by_server: Vec<(&'static str, f64)>,
    /// Half of the calls took at most so many microseconds.
    pub p50_microseconds: u64,
    /// 99 of 100 did.
    pub p99_microseconds: u64,
    /// 999 of 1,000 did.
    pub p999_microseconds: u64,
    /// How often auth-service was asked for a call, warm-up left out.
    pub validations_per_call: Option<f64>,
    /// The memory that the servers held at the end, in mebibytes.
    pub resident_mebibytes: f64,
    /// What became of the logins that came meanwhile.
    pub storm: Option<StormFigures>,
}

/// Measures a row: A B A B, and so on.
///
/// # Errors
/// When a call fails or a server is gone.
pub async fn measure(row: &Row, options: &Options) -> anyhow::Result<Measured> {
    progress(&row.name);
    let mut variants =
        [&row.variants[0], &row.variants[1]].map(|variant| MeasuredVariant { name: variant.name, rounds: vec![] });
    for round in 1..=options.rounds {
        for (variant, measured) in row.variants.iter().zip(&mut variants) {
            let figures = variant.measure(options).await;
            let figures = figures.with_context(|| format!("cannot measure {}: {}", row.name, variant.name))?;
            progress(&format!(
                "  round {round}/{}: {:<18} {:>8.0} calls/s {:>7.1} µs of CPU a call",
                options.rounds, variant.name, figures.calls_per_second, figures.cpu_microseconds_per_call
            ));
            measured.rounds.push(figures);
        }
    }
    Ok(Measured { name: row.name.clone(), goal: row.goal, variants })
}
