//! Whether the thousandth page of a million tasks costs more than the first. Takes minutes, and measures rather than
//! tests: `cargo test -p task-service --test service million -- --ignored --nocapture --test-threads 1`.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]

use std::time::{Duration, Instant};

use proto::task::v1::ListTasksRequest;
use service_runtime::testing::{Engine, TestDatabase};

use crate::support::{Service, client::User};

const SQLITE: &str = "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000000)
    INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, labels, position, create_time,
        update_time, revision, due_order)
    SELECT task.user_id, randomblob(16), task.task_list_id, 'task ' || n, '', 'NEEDS_ACTION', n % 5, '[]',
        printf('d%06d', n), task.create_time, task.update_time, task.revision, abs(random() % 100000000)
    FROM task, number";
const POSTGRES: &str = "INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, labels, position,
        create_time, update_time, revision, due_order)
    SELECT task.user_id, gen_random_uuid(), task.task_list_id, 'task ' || n, '', 'NEEDS_ACTION', n % 5, '[]',
        'd' || to_char(n, 'FM000000'), task.create_time, task.update_time, task.revision, random() * 100000000
    FROM task, generate_series(1, 1000000) AS number(n)";

/// In turn, so that both meet the same machine.
const ROUNDS: usize = 101;
const DEEP: usize = 1000;

async fn elapsed(user: &User, request: &ListTasksRequest) -> Duration {
    let start = Instant::now();
    user.tasks(request.clone()).await.unwrap();
    start.elapsed()
}

async fn measure(engine: Engine, insert: &str) {
    let database = TestDatabase::create(engine).await;
    let service = Service::start(&database).await;
    let user = service.new_user();
    let list = user.create("first").await.task_list_id;
    let tables = service.tables().await;
    tables.try_execute(insert).await.unwrap();
    tables.try_execute("ANALYZE").await.unwrap();
    for (name, request) in [
        ("all", ListTasksRequest::default()),
        ("one list", ListTasksRequest { task_list_id: list, ..Default::default() }),
        ("by due", ListTasksRequest { order_by: "due".into(), ..Default::default() }),
        ("by due desc", ListTasksRequest { order_by: "due desc".into(), ..Default::default() }),
        ("by priority", ListTasksRequest { order_by: "priority".into(), ..Default::default() }),
        ("filtered", ListTasksRequest { filter: "priority >= HIGH".into(), ..Default::default() }),
    ] {
        let mut deep = request.clone();
        for _ in 1..DEEP {
            deep.page_token = user.tasks(deep.clone()).await.unwrap().next_page_token;
        }
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            first.push(elapsed(&user, &request).await);
            later.push(elapsed(&user, &deep).await);
        }
        first.sort();
        later.sort();
        let (first, later) = (first[ROUNDS / 2], later[ROUNDS / 2]);
        let ratio = later.as_secs_f64() / first.as_secs_f64();
        println!("{engine:?}, {name}: page 1 {first:?}, page {DEEP} {later:?}, ratio {ratio:.2}");
    }
}

#[tokio::test]
#[ignore = "fills a database for minutes"]
async fn sqlite() {
    measure(Engine::Sqlite, SQLITE).await;
}

#[tokio::test]
#[ignore = "fills a database for minutes"]
async fn postgres() {
    measure(Engine::Postgres, POSTGRES).await;
}
