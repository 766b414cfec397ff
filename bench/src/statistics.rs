//! Medians.

use serde::Serialize;

/// What several rounds gave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of the rounds gave less, half more.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of one figure for each round, of which there is at least one.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        let last = figures.len().saturating_sub(1);
        Self { median: f64::midpoint(at(last / 2), at(last.div_ceil(2))), min: at(0), max: at(last) }
    }

    /// Of the ratios of figures measured in the same round: what disturbs a whole round does not change its ratio.
    pub fn of_ratios(figures: impl IntoIterator<Item = f64>, others: impl IntoIterator<Item = f64>) -> Self {
        Self::of(figures.into_iter().zip(others).map(|(figure, other)| figure / other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_lies_between_the_middle_two() {
        assert_eq!(Spread::of([9.0, 1.0, 5.0]), Spread { median: 5.0, min: 1.0, max: 9.0 });
        assert_eq!(Spread::of([9.0, 1.0, 5.0, 6.0]).median, 5.5);
        assert_eq!(Spread::of([2.0]), Spread { median: 2.0, min: 2.0, max: 2.0 });
        assert!(Spread::of([]).median.is_nan());
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let ratios = Spread::of_ratios([10.0, 100.0, 30.0], [20.0, 50.0, 30.0]);
        assert_eq!(ratios, Spread { median: 1.0, min: 0.5, max: 2.0 });
    }
}
