//! What it is worth to commit the writes that wait for SQLite together.

use xtask::scratch::Scratch;

use super::open_tasks;
use crate::{
    calls::Target,
    options::Options,
    rounds::{self, Measured},
    rows::{Row, Variant},
};

pub(super) const NAME: &str = "CreateTask on SQLite, grouped commits / a group of one";

/// As many writes as are committed together at most: the default.
const GROUP: (&str, &str) = ("TASK_WRITE_GROUP", "64");
const ALONE: (&str, &str) = ("TASK_WRITE_GROUP", "1");

pub(super) async fn measure(options: &Options) -> anyhow::Result<Measured> {
    let folder = Scratch::create("bench")?;
    let grouped = open_tasks("grouped", folder.path(), "sqlite://grouped.db", &[GROUP]).await?;
    let alone = open_tasks("alone", folder.path(), "sqlite://alone.db", &[ALONE]).await?;
    let row = Row {
        name: NAME.to_owned(),
        goal: "calls/s ≥ 4, p99 ≤ 0.5",
        variants: [
            Variant::of("grouped", Target::CreateTask, &grouped),
            Variant::of("a group of one", Target::CreateTask, &alone),
        ],
    };
    rounds::measure(&row, options).await
}
