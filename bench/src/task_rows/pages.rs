//! Whether a page far behind costs more than the first one.

use std::time::Instant;

use anyhow::Context;
use uuid::Uuid;
use xtask::scratch::Scratch;

use super::{on, open_tasks};
use crate::{
    calls::{CreateTask, ListTasks, Target, connect},
    database::{Database, Engine},
    options::Options,
    progress,
    rounds::{self, Measured},
    rows::{Row, Variant},
};

pub(super) const NAME: &str = "ListTasks, page 1,000 / page 1";
/// The page that is far behind.
const DEEP: usize = 1000;

pub(super) async fn measure(engine: Engine, name: String, options: &Options) -> anyhow::Result<Measured> {
    let folder = Scratch::create("bench")?;
    let of = engine.clone();
    on(engine, folder.path(), async |database| measure_on(database, &of, name, &folder, options).await).await
}

async fn measure_on(
    database: &Database,
    engine: &Engine,
    name: String,
    folder: &Scratch,
    options: &Options,
) -> anyhow::Result<Measured> {
    let tasks = open_tasks("task-service", folder.path(), database.url(), &[]).await?;
    let (token, channel) = (Uuid::now_v7().to_string(), connect(tasks.address).await?);
    CreateTask::of(channel.clone(), &token)?.create().await.context("cannot make the first task")?;
    let begun = Instant::now();
    database.execute(&fill(engine, options.tasks)).await.context("cannot fill the database")?;
    database.execute("ANALYZE").await?;
    progress(&format!("  {} tasks on {engine} after {:.0?}", options.tasks, begun.elapsed()));
    let mut page = ListTasks::new(channel, &token, "")?;
    for _ in 1..DEEP {
        page.turn().await.context("cannot turn the pages")?;
    }
    let deep = page.into_page_token();
    let page = |name, page_token| {
        let target = Target::ListTasks { token: token.clone(), page_token };
        Variant { streams: Some(1), ..Variant::of(name, target, &tasks) }
    };
    let variants = [page("page 1,000", deep), page("page 1", String::new())];
    rounds::measure(&Row { name, goal: "p50 ≤ 1.1", variants }, options).await
}

/// Copies the only task there is so often, at places behind it.
fn fill(engine: &Engine, tasks: u32) -> String {
    let (id, place, numbers) = match engine {
        Engine::Sqlite => (
            "randomblob(16)",
            "printf('d%08d', n)",
            format!(
                "(WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {tasks}) SELECT n FROM number)"
            ),
        ),
        Engine::Postgres { .. } => (
            "gen_random_uuid()",
            "'d' || to_char(n, 'FM00000000')",
            format!("generate_series(1, {tasks}) AS number(n)"),
        ),
    };
    format!(
        "INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, labels, position, create_time, \
         update_time, revision) SELECT user_id, {id}, task_list_id, title || ' ' || n, notes, state, priority, labels, \
         {place}, create_time, update_time, revision FROM task, {numbers}"
    )
}
