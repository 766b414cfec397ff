//! Whether a replica works more for a call when there are others.

use super::Ground;
use crate::{
    calls::Target,
    options::Options,
    programs::AuthService,
    rounds::{self, Measured},
    rows::{Row, Variant},
};

pub(super) const NAME: &str = "ValidateToken, warm token, at 4 replicas / at 1";

const REPLICAS: usize = 4;
const NAMES: [&str; REPLICAS] = ["replica 1", "replica 2", "replica 3", "replica 4"];

pub(super) async fn measure(ground: &Ground<'_>, options: &Options) -> anyhow::Result<Measured> {
    let (many, credentials) = ground.replicas(REPLICAS, ground.database.url(), &[], options).await?;
    let first = &many[..1];
    let target = Target::ValidateToken { token: first[0].log_in(&credentials).await?.access_token };
    let variant = |name, replicas: &[AuthService]| Variant {
        addresses: replicas.iter().map(|replica| replica.internal).collect(),
        servers: NAMES.into_iter().zip(replicas.iter().map(|replica| replica.server.process())).collect(),
        ..Variant::plain(name, target.clone(), many[0].internal, many[0].server.process())
    };
    let row = Row {
        name: NAME.to_owned(),
        goal: "CPU ≤ 1.05",
        variants: [variant("4 replicas", &many), variant("1 of them", first)],
    };
    rounds::measure(&row, options).await
}
