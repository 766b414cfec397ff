//! What an operator sees of the keys.

use std::{fmt, sync::Arc};

use service_runtime::operations::{Collector, ConstGauge, DescriptorEncoder, EncodeMetric, Registry};

use super::{KeyState, SigningKeys};

impl SigningKeys {
    /// Has them shown among the metrics.
    pub(crate) fn register(self: &Arc<Self>, metrics: &mut Registry) {
        metrics.register_collector(Box::new(Arc::clone(self)));
    }
}

impl Collector for SigningKeys {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let known = self.known();
        let help = "Published signing keys by state";
        let count = |state| known.published.values().filter(|key| key.state == state).count() as f64;
        let kind = ConstGauge::new(0.0).metric_type();
        let mut keys = encoder.encode_descriptor("auth_signing_keys", help, None, kind)?;
        for state in KeyState::PUBLISHED {
            ConstGauge::new(count(state)).encode(keys.encode_family(&[("state", state.name())])?)?;
        }
        let age = (self.clock.now() - known.signs_from).as_seconds_f64();
        let help = "Time since the active signing key began to sign";
        let active = if known.signer.is_some() { age } else { f64::INFINITY };
        ConstGauge::new(active).encode(encoder.encode_descriptor("auth_signing_key_age_seconds", help, None, kind)?)
    }
}
