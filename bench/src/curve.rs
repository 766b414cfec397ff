//! Throughput by the number of streams, and a picture of it.

mod plot;

use std::path::PathBuf;

use serde::Serialize;

use crate::{options::Options, progress, rounds::Figures, rows::Variant, statistics::Spread};

/// Rounds at most: there are many points.
const ROUNDS: u32 = 3;

/// How many calls are in flight at each point.
pub const STREAMS: [u16; 5] = [1, 4, 16, 64, 256];

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Curve {
    /// What it tells.
    pub name: String,
    /// How many calls were in flight at each point.
    pub streams: Vec<u16>,
    /// What each variant did, point by point.
    pub lines: Vec<(&'static str, Vec<Point>)>,
    /// Where the picture is.
    pub plot: PathBuf,
}

/// What one variant did with so many streams; medians.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Point {
    /// Processor time that the servers spent for a call, in microseconds.
    pub cpu_microseconds_per_call: f64,
    /// Calls answered per second.
    pub calls_per_second: f64,
}

impl Point {
    fn of(rounds: &[Figures]) -> Self {
        let median = |figure: fn(&Figures) -> f64| Spread::of(rounds.iter().map(figure)).median;
        Self {
            cpu_microseconds_per_call: median(|figures| figures.cpu_microseconds_per_call),
            calls_per_second: median(|figures| figures.calls_per_second),
        }
    }
}

/// Measures the variants in turn with each number of streams, and plots what they did.
///
/// # Errors
/// When a call fails, or the picture cannot be written.
pub async fn measure(name: &str, mut variants: [Variant; 2], options: &Options) -> anyhow::Result<Curve> {
    progress(name);
    let mut lines = variants.each_ref().map(|variant| (variant.name, Vec::new()));
    for streams in STREAMS {
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..options.rounds.min(ROUNDS) {
            for (variant, measured) in variants.iter_mut().zip(&mut rounds) {
                variant.streams = Some(streams);
                measured.push(variant.measure(options).await?);
            }
        }
        for ((name, points), measured) in lines.iter_mut().zip(&rounds) {
            let point = Point::of(measured);
            progress(&format!("  {streams:>3} streams: {name:<18} {:>8.0} calls/s", point.calls_per_second));
            points.push(point);
        }
    }
    let curve = Curve { name: name.to_owned(), streams: STREAMS.to_vec(), lines: lines.into(), plot: options.plot() };
    plot::draw(&curve)?;
    Ok(curve)
}
