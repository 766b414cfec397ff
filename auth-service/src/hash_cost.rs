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
    /// Over the dearest of the measurements: no check takes exactly as long as another.
    const MARGIN: f64 = 1.25;

    /// To what the checks are padded while hashes of those schemes are kept; to nothing if there is but the usual one,
    /// that of new hashes. A check of any other computes one hash by its scheme and one by the usual.
    pub(crate) fn padding(
        &self,
        usual: Scheme,
        kept: &[Scheme],
        mut measure: impl FnMut(Scheme) -> anyhow::Result<Duration>,
    ) -> anyhow::Result<Option<Padding>> {
        if kept.iter().all(|scheme| *scheme == usual) {
            return Ok(None);
        }
        // Whoever comes second waits for the figure instead of measuring it too.
        let mut costs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cost = |scheme| {
            if let Some(cost) = costs.get(&scheme) {
                return anyhow::Ok(*cost);
            }
            let cost = measure(scheme)?;
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

/// The most time, of three measurements, that the processor spends on a hash, whatever else it does meanwhile.
pub(crate) fn measure(scheme: Scheme, hasher: &mut Hasher) -> anyhow::Result<Duration> {
    let mut most = Duration::ZERO;
    for _ in 0..3 {
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

    fn scheme(memory: u32) -> Scheme {
        Scheme::argon2id(memory, 1).unwrap()
    }

    #[test]
    fn pads_only_while_hashes_of_other_schemes_are_kept() {
        let costs = HashCosts::default();
        let mut measured = Vec::new();
        let mut padding = |kept: &[Scheme]| {
            let measure = |wanted| {
                measured.push(wanted);
                let costs = [(scheme(64), 64), (scheme(192), 192), (scheme(960), 960)];
                let (_, cost) = costs.into_iter().find(|(known, _)| *known == wanted).unwrap();
                Ok(Duration::from_millis(cost))
            };
            costs.padding(scheme(64), kept, measure).unwrap()
        };
        let dear = Some(Padding { least: Duration::from_millis(1280), factor: 20.0 });
        let cheaper = Some(Padding { least: Duration::from_millis(320), factor: 5.0 });
        assert_eq!(padding(&[]), None);
        assert_eq!(padding(&[scheme(64)]), None);
        assert_eq!(padding(&[scheme(192), scheme(64)]), cheaper);
        assert_eq!(padding(&[scheme(960), scheme(192), scheme(64)]), dear);
        assert_eq!(padding(&[scheme(192)]), cheaper);
        assert_eq!(measured, [scheme(64), scheme(192), scheme(960)], "each is measured once");
    }

    #[test]
    fn a_hash_costs_time_of_the_processor() {
        let begun = processor_time();
        let cost = measure(scheme(1024), &mut Hasher::new(scheme(64))).unwrap();
        assert!(cost > Duration::ZERO && cost <= processor_time() - begun, "{cost:?}");
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
