//! What SeaORM costs: GetTask beside the same handler that sends a query of its own.

use uuid::Uuid;
use xtask::scratch::Scratch;

use super::{on, open_tasks};
use crate::{
    calls::{CreateTask, GetTask, Target, connect},
    database::Engine,
    figure::{Figure, Line},
    load::Call,
    options::Options,
    programs::Served,
    progress,
    rounds::{self, Measured},
    rows::{Row, Variant},
    tap::Tap,
};

pub(super) const NAME: &str = "GetTask / the same with the raw driver";
pub(super) const ROUND_TRIPS: &str = "Round trips of a GetTask, PostgreSQL";

/// Calls whose round trips are counted.
const CALLS: u32 = 1000;
/// Not counted: a connection prepares each statement once.
const WARM_UP: u32 = 500;

pub(super) async fn measure(engine: Engine, name: String, options: &Options) -> anyhow::Result<Measured> {
    let folder = Scratch::create("bench")?;
    let measure = async |url: &str| {
        let tasks = open_tasks("task-service", folder.path(), url, &[]).await?;
        let raw = Served::comparison("raw", &["serve-tasks-raw"], folder.path(), url, &[]).await?;
        let token = Uuid::now_v7().to_string();
        let task_id = CreateTask::of(connect(tasks.address).await?, &token)?.create().await?.id;
        let target = Target::GetTask { token, task_id };
        let variants =
            [Variant::of("task-service", target.clone(), &tasks), Variant::of("the raw driver", target, &raw)];
        rounds::measure(&Row { name, goal: "calls/s ≥ 0.85", variants }, options).await
    };
    on(engine, folder.path(), async |database| measure(database.url()).await).await
}

/// Seen on the way to the database.
pub(super) async fn round_trips(engine: Engine) -> anyhow::Result<Figure> {
    progress(ROUND_TRIPS);
    let folder = Scratch::create("bench")?;
    let measure = async |url: &str| {
        let tap = Tap::start(url).await?;
        let tasks = open_tasks("task-service", folder.path(), tap.url(), &[]).await?;
        let (token, channel) = (Uuid::now_v7().to_string(), connect(tasks.address).await?);
        let task = CreateTask::of(channel.clone(), &token)?.create().await?;
        let mut call = GetTask::new(channel, &token, &task.id)?;
        for _ in 0..WARM_UP {
            call.call().await?;
        }
        let traffic = tap.watch(&mut call, CALLS).await?;
        let values = [
            ("per call", traffic.round_trips_per_call),
            ("statements", traffic.statements_per_call),
            ("tests of a connection that goes back", traffic.pings_per_call),
        ];
        let lines = vec![Line::new(format!("{CALLS} calls"), values)];
        Ok(Figure { name: ROUND_TRIPS.to_owned(), goal: "1 per call", lines })
    };
    on(engine, folder.path(), async |database| measure(database.url()).await).await
}
