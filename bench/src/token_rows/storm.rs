//! ValidateToken at half of what it can do, while logins come at ten times what can be hashed.

use super::{auth, validation};
use crate::{
    options::Options,
    rounds::{self, Measured},
    rows::{Row, StormShape, Variant},
    stage::Stage,
};

pub(super) const NAME: &str = "ValidateToken at half load, in a login storm / without";

/// How much more than can be hashed a storm brings.
const STORM: f64 = 10.0;

pub(super) async fn measure(
    stage: &Stage,
    validations_per_second: f64,
    logins_per_second: f64,
    options: &Options,
) -> anyhow::Result<Measured> {
    let variant = |name, storm| Variant {
        calls_per_second: Some(validations_per_second / 2.0),
        storm,
        ..auth(name, validation(stage), stage)
    };
    let storm = StormShape {
        address: stage.auth.public,
        credentials: stage.credentials.clone(),
        logins_per_second: logins_per_second * STORM,
    };
    let row = Row {
        name: NAME.to_owned(),
        goal: "p99 ≤ 1.5, calls/s ≥ 0.95, logins ≥ 10 % of bare argon2id, refusals ≤ 50 ms",
        variants: [variant("in a storm", Some(storm)), variant("in peace", None)],
    };
    rounds::measure(&row, options).await
}
