//! How many statements one ValidateToken sends to the database, seen on the way there.

use super::Ground;
use crate::{
    calls::{ValidateToken, connect},
    figure::{Figure, Line},
    load::Call,
    options::Options,
    progress,
    tap::Tap,
};

pub(super) const NAME: &str = "SQL statements of a ValidateToken, warm token";

const CALLS: u32 = 10_000;
/// Not counted.
const WARM_UP: u32 = 100;

pub(super) async fn measure(ground: &Ground<'_>, options: &Options) -> anyhow::Result<Figure> {
    progress(NAME);
    let tap = Tap::start(ground.database.url()).await?;
    let (replicas, credentials) = ground.replicas(1, tap.url(), &[], options).await?;
    let token = replicas[0].log_in(&credentials).await?.access_token;
    let mut call = ValidateToken::new(connect(replicas[0].internal).await?, &token);
    for _ in 0..WARM_UP {
        call.call().await?;
    }
    let traffic = tap.watch(&mut call, CALLS).await?;
    let values =
        [("per call", traffic.statements_per_call), ("in a second without calls", traffic.idle_statements_per_second)];
    let line = Line::new(format!("{CALLS} calls"), values);
    Ok(Figure { name: NAME.to_owned(), goal: "0 per call", lines: vec![line] })
}
