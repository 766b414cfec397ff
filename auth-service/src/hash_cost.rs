//! How long the check of a password takes at most, so that every check can take that long.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use crate::{hash_scheme::Scheme, hasher::Hasher};

/// What a hash of each scheme costs a thread, measured once, when the scheme is first met.
#[derive(Debug, Default)]
pub(crate) struct HashCosts(Mutex<BTreeMap<Scheme, Duration>>);

/// How much longer the check of a hash by another scheme takes than one by the scheme of new hashes alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Padding {
    least: Duration,
    factor: f64,
}

impl HashCosts {
    const MEASUREMENTS: usize = 3;
    /// Over the dearest of the measurements: no check takes exactly as long as another.
    const MARGIN: f64 = 1.25;

    /// To what the checks are padded while hashes of those schemes are kept; to nothing if there is but that of new
    /// hashes. A check of any other computes one hash by its scheme and one by that of new hashes.
    pub(crate) fn padding(&self, kept: &[Scheme], hasher: &mut Hasher) -> anyhow::Result<Option<Padding>> {
        let usual = hasher.scheme();
        if kept.iter().all(|scheme| *scheme == usual) {
            return Ok(None);
        }
        // Whoever comes second waits for the figure instead of measuring it too.
        let mut costs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cost = |scheme| {
            if let Some(cost) = costs.get(&scheme) {
                return anyhow::Ok(*cost);
            }
            let cost = measure(scheme, hasher)?;
            tracing::debug!(%scheme, ?cost, "the cost of a password hash");
            costs.insert(scheme, cost);
            Ok(cost)
        };
        let alone = cost(usual)?;
        let mut slowest = Duration::ZERO;
        for scheme in kept.iter().filter(|scheme| **scheme != usual) {
            slowest = slowest.max(cost(*scheme)?);
        }
        let both = (alone + slowest).mul_f64(Self::MARGIN);
        Ok(Some(Padding { least: both, factor: both.div_duration_f64(alone) }))
    }
}

impl Padding {
    const MOST: u32 = 4;

    /// How long a check takes in all, given how long its hash by the scheme of new hashes took: on a busy machine,
    /// where everything takes longer, the others take longer in proportion; up to a point, so that a hash that was
    /// interrupted does not keep anybody waiting for ever.
    pub(crate) fn length(self, usual: Duration) -> Duration {
        usual.mul_f64(self.factor).clamp(self.least, self.least * Self::MOST)
    }
}

/// The most time that the processor spends on a hash, whatever else it does meanwhile.
fn measure(scheme: Scheme, hasher: &mut Hasher) -> anyhow::Result<Duration> {
    let mut most = Duration::ZERO;
    for _ in 0..HashCosts::MEASUREMENTS {
        let begun = processor_time();
        hasher.try_out(scheme)?;
        most = most.max(processor_time().saturating_sub(begun));
    }
    Ok(most)
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_only_while_hashes_of_other_schemes_are_kept() {
        let scheme = |memory| Scheme::argon2id(memory, 1).unwrap();
        let (costs, mut hasher) = (HashCosts::default(), Hasher::new(scheme(64)));
        assert_eq!(costs.padding(&[], &mut hasher).unwrap(), None);
        assert_eq!(costs.padding(&[scheme(64)], &mut hasher).unwrap(), None);
        let padding = costs.padding(&[scheme(64), scheme(1024)], &mut hasher).unwrap().unwrap();
        let dearer = costs.padding(&[scheme(8192), scheme(1024), scheme(64)], &mut hasher).unwrap().unwrap();
        assert!(dearer.least > padding.least * 3, "{dearer:?} {padding:?}");
        assert_eq!(costs.padding(&[scheme(1024)], &mut hasher).unwrap().unwrap(), padding, "it is measured once");
    }

    #[test]
    fn grows_with_the_time_that_a_hash_takes() {
        let padding = Padding { least: Duration::from_millis(100), factor: 5.0 };
        assert_eq!(padding.length(Duration::ZERO), Duration::from_millis(100));
        assert_eq!(padding.length(Duration::from_millis(20)), Duration::from_millis(100));
        assert_eq!(padding.length(Duration::from_millis(60)), Duration::from_millis(300));
        assert_eq!(padding.length(Duration::from_secs(60)), Duration::from_millis(400));
    }
}
