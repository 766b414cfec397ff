//! What a run has found so far. A row that cannot be measured leaves the others as they are.

use crate::{curve::Curve, figure::Figure, progress, rounds::Measured, timing::Timing};

/// What was measured, and what could not be.
#[derive(Debug, Default)]
pub struct Results {
    /// Ratios.
    pub rows: Vec<Measured>,
    /// What is no ratio.
    pub figures: Vec<Figure>,
    /// Throughput by the number of streams.
    pub curves: Vec<Curve>,
    /// Whether times tell something that they should not.
    pub timings: Vec<Timing>,
    /// Names, and why.
    pub failures: Vec<(String, String)>,
}

/// Something that can be found.
pub trait Finding {
    /// Keeps it.
    fn keep(self, results: &mut Results);
}

impl Results {
    /// Keeps what was found, or why it was not.
    pub fn add(&mut self, name: &str, found: anyhow::Result<impl Finding>) {
        match found {
            Ok(found) => found.keep(self),
            Err(error) => {
                progress(&format!("{name}: cannot be measured: {error:#}"));
                self.failures.push((name.to_owned(), format!("{error:#}")));
            }
        }
    }

    /// The ratio of that name, if it was measured.
    pub fn row(&self, name: &str) -> Option<&Measured> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Whether there is nothing to report, not even a failure.
    pub fn is_empty(&self) -> bool {
        let Self { rows, figures, curves, timings, failures } = self;
        rows.is_empty() && figures.is_empty() && curves.is_empty() && timings.is_empty() && failures.is_empty()
    }
}

impl Finding for Measured {
    fn keep(self, results: &mut Results) {
        results.rows.push(self);
    }
}

impl Finding for Figure {
    fn keep(self, results: &mut Results) {
        results.figures.push(self);
    }
}

impl Finding for Curve {
    fn keep(self, results: &mut Results) {
        results.curves.push(self);
    }
}

impl Finding for Timing {
    fn keep(self, results: &mut Results) {
        results.timings.push(self);
    }
}

impl<T: Finding> Finding for Option<T> {
    fn keep(self, results: &mut Results) {
        if let Some(found) = self {
            found.keep(results);
        }
    }
}
