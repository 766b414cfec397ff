//! One user who asks for very much at once is in nobody else's way.

use std::time::Duration;

use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use proto::task::v1::CreateTaskRequest;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use service_runtime::testing::{Engine, TestDatabase};
use tokio::time::{sleep, timeout};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, reason, titled},
    tables::Tables,
};

/// Longer than a call waits for a connection.
const HELD: Duration = Duration::from_secs(4);
/// Far longer than a change takes to which nobody is in the way.
const PROMPT: Duration = Duration::from_secs(2);

/// One user on several connections: each has 200 streams at most.
fn connections(service: &Service, user: &User, count: usize) -> Vec<User> {
    (0..count).map(|_| service.caller(&user.token)).collect()
}

fn creating(n: usize) -> CreateTaskRequest {
    CreateTaskRequest { task: Some(titled(&format!("task {n}"))), ..Default::default() }
}

/// Has every change of a user wait.
async fn hold(tables: &Tables, user: &User) -> DatabaseTransaction {
    let held = tables.begin().await;
    let lock = format!("SELECT 1 FROM user_revision WHERE user_id = {} FOR UPDATE", tables.user(&user.token));
    held.execute_unprepared(&lock).await.unwrap();
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_changes_of_one_user_leave_the_others_alone() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let service = Service::start(&database).await;
    let (stormy, calm) = (service.new_user(), service.new_user());
    stormy.create("first").await;
    let tables = service.tables().await;
    let held = hold(&tables, &stormy).await;
    let users = connections(&service, &stormy, 3);
    let storm = join_all((0..300).map(|n| users[n % 3].try_create(creating(n))));
    let release = async {
        sleep(HELD).await;
        held.rollback().await.unwrap();
    };
    let calm_changes = async {
        // The storm is there when the first of them begins.
        sleep(Duration::from_millis(500)).await;
        for n in 0..40 {
            let made = timeout(PROMPT, calm.try_create(creating(n))).await;
            let made = made.expect("a prompt answer").unwrap();
            assert_eq!(timeout(PROMPT, calm.get(&made.id)).await.expect("a prompt answer").unwrap(), made);
            sleep(Duration::from_millis(100)).await;
        }
    };
    let (made, (), ()) = tokio::join!(storm, release, calm_changes);
    assert!(made.iter().all(Result::is_ok), "{:?}", made.iter().find(|made| made.is_err()));
    assert_eq!(tables.rows_of("task", &stormy.token).await, 301);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_for_whom_too_many_changes_wait_is_asked_to_try_again() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let service = Service::start(&database).await;
    let (stormy, calm) = (service.new_user(), service.new_user());
    stormy.create("first").await;
    let tables = service.tables().await;
    let held = hold(&tables, &stormy).await;
    let users = connections(&service, &stormy, 4);
    // One is being made, 512 wait.
    let mut storm: FuturesUnordered<_> = (0..600).map(|n| users[n % 4].try_create(creating(n))).collect();
    for _ in 513..600 {
        let refusal = storm.next().await.unwrap().unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
        assert!(refusal.get_details_retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);
    }
    calm.create("calm").await;
    held.rollback().await.unwrap();
    assert!(storm.all(async |made| made.is_ok()).await);
    assert_eq!(tables.rows_of("task", &stormy.token).await, 514);
}
