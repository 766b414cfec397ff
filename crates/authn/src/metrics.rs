//! What a verifier counts.

use std::{sync::Arc, time::Duration};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::Counter, gauge::ConstGauge, histogram::Histogram},
};
use service_runtime::operations::Registry;

use crate::knowledge::Knowledge;

#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) upstream_calls: Counter,
    revocation_delay: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            hits: Counter::default(),
            misses: Counter::default(),
            coalesced: Counter::default(),
            upstream_calls: Counter::default(),
            // 1 ms to 10 s.
            revocation_delay: Histogram::new([0.001, 0.003, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0]),
        }
    }
}

impl Metrics {
    /// A revocation has been heard of so long after it was made, by two clocks.
    pub(crate) fn heard_after(&self, delay: Duration) {
        self.revocation_delay.observe(delay.as_secs_f64());
    }

    pub(crate) fn register(known: &Arc<Knowledge>, registry: &mut Registry) {
        let metrics = &known.metrics;
        for (name, help, counter) in [
            ("authn_hits", "Tokens judged from memory", &metrics.hits),
            ("authn_misses", "Tokens that auth-service had to be asked about", &metrics.misses),
            ("authn_coalesced", "Misses that joined a question that was being asked", &metrics.coalesced),
            ("authn_upstream_calls", "Calls of ValidateToken", &metrics.upstream_calls),
        ] {
            registry.register(name, help, counter.clone());
        }
        let delay = metrics.revocation_delay.clone();
        registry.register("authn_revocation_delay_seconds", "From a revocation until it was heard of here", delay);
        registry.register_collector(Box::new(LeaseAge(Arc::clone(known))));
    }
}

/// Looked up when it is asked for.
#[derive(Debug)]
struct LeaseAge(Arc<Knowledge>);

impl Collector for LeaseAge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let age = ConstGauge::new(self.0.freshness.age().as_secs_f64());
        let help = "Age of the newest proof that every revocation is known; over the longest staleness, nothing is \
                    accepted from memory";
        age.encode(encoder.encode_descriptor("authn_lease_age_seconds", help, None, age.metric_type())?)
    }
}
