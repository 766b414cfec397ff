//! What task-service adds to the transactions of PostgreSQL: CreateTask beside pgbench, which sends the same statements.

use anyhow::{Context, ensure};
use uuid::Uuid;
use xtask::{scratch::Scratch, tools};

use super::{on, open_tasks};
use crate::{
    calls::{CreateTask, Target, connect},
    cpu::Process,
    database::{Database, Engine},
    options::Options,
    pgbench::{self, Known, Script},
    programs::Served,
    progress,
    rounds::{self, Measured},
    rows::{Row, Variant},
    tap::Tap,
};

pub(super) const NAME: &str = "CreateTask on PostgreSQL / the same statements by pgbench";

/// Tasks that a user has before the one whose making is recorded. Its revision is a number that means nothing else.
const BEFORE: u32 = 1042;
/// What belongs to tasks that were made: pgbench's users have none.
const OF_TASKS: &str = "'task', 'task_label', 'task_block', 'task_change', 'request_record'";

pub(super) async fn measure(engine: Engine, options: &Options) -> anyhow::Result<Option<Measured>> {
    let programs = match tools::postgres() {
        Ok(programs) => programs,
        Err(error) => {
            progress(&format!("{NAME}: left out, because there is no pgbench: {error:#}"));
            return Ok(None);
        }
    };
    let folder = Scratch::create("bench")?;
    let measure = async |database: &Database| {
        let text = record(database, &folder, options).await?.into();
        let script = Script { program: programs.join("pgbench"), url: database.url().to_owned(), text };
        let postgres = database.server().await?;
        if postgres.is_none() {
            progress("  PostgreSQL is on another machine: its CPU time is not counted");
        }
        let tasks = open_tasks("task-service", folder.path(), database.url(), &[]).await?;
        rounds::measure(&row(&tasks, script, postgres), options).await
    };
    on(engine, folder.path(), measure).await.map(Some)
}

fn row(tasks: &Served, script: Script, postgres: Option<Process>) -> Row {
    let postgres = postgres.map(|postgres| ("PostgreSQL", postgres));
    let servers = [("task-service", tasks.server.process())].into_iter().chain(postgres).collect();
    Row {
        name: NAME.to_owned(),
        goal: "calls/s ≥ 0.6",
        variants: [
            Variant { servers, ..Variant::of("task-service", Target::CreateTask, tasks) },
            Variant {
                servers: postgres.into_iter().collect(),
                addresses: Vec::new(),
                ..Variant::of("pgbench", Target::Transaction(script), tasks)
            },
        ],
    }
}

/// Has a task made, with somebody reading along, and writes down what that took. For each of pgbench's clients there is
/// a user then, who has what that user has but the tasks.
async fn record(database: &Database, folder: &Scratch, options: &Options) -> anyhow::Result<String> {
    let tap = Tap::start(database.url()).await?;
    let tasks = open_tasks("recorded", folder.path(), tap.url(), &[]).await?;
    let user = Uuid::now_v7();
    let mut call = CreateTask::of(connect(tasks.address).await?, &user.to_string())?;
    for _ in 0..BEFORE {
        call.create().await?;
    }
    tap.record();
    let task = call.create().await?;
    let mut statements = tap.recorded();
    // Whatever else goes on in the service is not part of the transaction.
    let is = |word: &'static str| move |text: &str| text.trim_end_matches(';').eq_ignore_ascii_case(word);
    let (begins, commits) = (is("BEGIN"), is("COMMIT"));
    let begin = statements.iter().position(|sent| begins(&sent.text)).context("no transaction was seen")?;
    let end = statements.iter().rposition(|sent| commits(&sent.text)).context("no commit was seen")?;
    ensure!(begin < end, "no whole transaction was seen");
    statements = statements.drain(begin..=end).filter(|sent| !sent.text.starts_with("SELECT 1")).collect();
    progress(&format!("{NAME}: a transaction has {} statements", statements.len()));
    copy_user(database, user, options.streams).await?;
    let known = Known { user, task: task.id.parse()?, revision: task.revision };
    pgbench::write(&statements, known)
}

async fn copy_user(database: &Database, user: Uuid, count: u16) -> anyhow::Result<()> {
    let client = pgbench::USER.replace(":client_id", "n");
    let last = count.saturating_sub(1);
    let copy = format!(
        "DO $$ DECLARE name text; BEGIN FOR name IN SELECT table_name FROM information_schema.columns WHERE column_name = \
         'user_id' AND table_schema = current_schema() AND table_name NOT IN ({OF_TASKS}) LOOP EXECUTE format('INSERT INTO \
         %1$I SELECT (jsonb_populate_record(t, jsonb_build_object(''user_id'', {client}))).* FROM %1$I AS t, \
         generate_series(0, {last}) AS n WHERE user_id = %2$L', name, '{user}'); END LOOP; END $$",
        client = client.replace('\'', "''"),
    );
    database.execute(&copy).await.context("cannot make users for pgbench")
}
