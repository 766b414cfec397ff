//! How long to leave somebody alone who did not answer.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_millis(500);

/// A pause after so many failures in a row before this one: 50 to 100 ms, then twice as much each time, to at most 500.
/// `share` (0 to 1) says where in the upper half it lies, so that many who failed together do not return together.
pub(crate) fn pause(failures: u32, share: f64) -> Duration {
    let whole = SHORTEST.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST);
    whole.mul_f64(0.5 + 0.5 * share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_half_a_second() {
        let range = |failures| (pause(failures, 0.0).as_millis(), pause(failures, 1.0).as_millis());
        let ranges = [(50, 100), (100, 200), (200, 400), (250, 500), (250, 500)];
        for (failures, expected) in (0..).zip(ranges) {
            assert_eq!(range(failures), expected);
        }
        assert_eq!(range(u32::MAX), (250, 500));
    }
}
