//! What an operator sees of the revocations.

use std::{fmt, sync::Arc};

use service_runtime::operations::{Collector, ConstGauge, DescriptorEncoder, EncodeMetric, Registry};

use super::{MOST_WATCHERS, Revocations};

impl Revocations {
    /// Has it shown among the metrics.
    pub(crate) fn register(self: &Arc<Self>, metrics: &mut Registry) {
        metrics.register_collector(Box::new(Arc::clone(self)));
    }
}

impl Collector for Revocations {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut show = |name, help, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        let age = self.read.borrow().map_or(f64::INFINITY, |read| read.begun.elapsed().as_secs_f64());
        show(
            "auth_revocations_read_age_seconds",
            "Time since the last complete reading of the revocations began",
            age,
        )?;
        let known = self.log().len();
        show(
            "auth_revocations_known",
            "Sessions and keys that were revoked and whose tokens may not have expired",
            known as f64,
        )?;
        let watchers = MOST_WATCHERS - self.places.available_permits();
        show("auth_revocation_watchers", "Open WatchRevocations streams", watchers as f64)
    }
}
