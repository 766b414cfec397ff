//! Changes that wait for the embedded database are committed together.

use std::time::Duration;

use futures::future::join_all;
use proto::task::v1::{CreateTaskRequest, UpdateTaskRequest};
use sea_orm::ConnectionTrait;
use service_runtime::testing::{Engine, TestDatabase};
use tonic::Code;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, reason, titled},
};

fn creating(title: &str) -> CreateTaskRequest {
    CreateTaskRequest { task: Some(titled(title)), ..Default::default() }
}

/// Has so many calls wait for the database, and lets them go on together.
async fn held_up<T>(service: &Service, calls: impl Future<Output = T>) -> T {
    let tables = service.tables().await;
    let held = tables.begin().await;
    held.execute_unprepared("UPDATE user_revision SET revision = revision").await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        held.rollback().await.unwrap();
    };
    tokio::join!(calls, release).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_made_at_once_take_few_commits() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let service = Service::start(&database).await;
    let users: Vec<User> = (0..8).map(|_| service.new_user()).collect();
    let before = database.commits_in_log();
    let calls = (0..64).map(|n| users[n % 8].try_create(creating(&format!("task {n}"))));
    let made = held_up(&service, join_all(calls)).await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    let tables = service.tables().await;
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task").await, 64);
    assert_eq!(tables.number("SELECT SUM(revision) AS number FROM user_revision").await, 64);
    let commits = database.commits_in_log() - before;
    assert!((1..=16).contains(&commits), "{commits} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_checked_and_given_up_changes_leave_their_neighbours_alone() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let service = Service::start(&database).await;
    let user = service.new_user();
    let known = user.create("known").await;
    let given_up = async |n: usize| {
        let mut request = user.with_token(creating(&format!("given up {n}")));
        request.metadata_mut().insert("grpc-timeout", "300m".parse().unwrap());
        user.rpc.clone().create_task(request).await.unwrap_err().code()
    };
    let one_of_each = async |n: usize| {
        let exists = CreateTaskRequest { task_id: known.id.clone(), ..creating("exists") };
        let checked = CreateTaskRequest { validate_only: true, ..creating("checked") };
        let stale = proto::task::v1::Task { id: known.id.clone(), etag: "\"stale\"".to_owned(), ..titled("stale") };
        tokio::join!(
            user.try_create(creating(&format!("kept {n}"))),
            user.try_create(exists),
            user.try_create(checked),
            user.update(UpdateTaskRequest { task: Some(stale), ..Default::default() }),
            given_up(n),
        )
    };
    let outcomes = held_up(&service, join_all((0..8).map(one_of_each))).await;
    for (kept, exists, checked, stale, given_up) in outcomes {
        kept.unwrap();
        assert_eq!(reason(&exists.unwrap_err()), "TASK_EXISTS");
        checked.unwrap();
        assert_eq!(stale.unwrap_err().code(), Code::Aborted);
        assert!(matches!(given_up, Code::DeadlineExceeded | Code::Cancelled), "{given_up:?}");
    }
    let tables = service.tables().await;
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task").await, 9);
    assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task WHERE title LIKE 'kept %'").await, 8);
    assert_eq!(tables.number("SELECT revision AS number FROM user_revision").await, 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_and_its_repetition_in_one_group_have_one_effect_and_one_answer() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let service = Service::start(&database).await;
    let user = service.new_user();
    user.create("known").await;
    let request = CreateTaskRequest { request_id: Uuid::new_v4().to_string(), ..creating("once") };
    let answers = held_up(&service, join_all((0..10).map(|_| user.try_create(request.clone())))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(user.titles().await, ["known", "once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_is_unavailable_to_everybody_who_had_a_part_in_it() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let service = Service::start(&database).await;
    let user = service.new_user();
    user.create("known").await;
    let tables = service.tables().await;
    // What a change logs breaks a rule that is only asked for at the commit.
    let rule = "CREATE TABLE nowhere (id INTEGER PRIMARY KEY); \
         CREATE TABLE broken (id INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED); \
         CREATE TRIGGER breaking AFTER INSERT ON task WHEN NEW.title = 'breaking' BEGIN INSERT INTO broken VALUES (1); END";
    tables.try_execute(rule).await.unwrap();
    let calls = ["one", "breaking", "two"].map(|title| user.try_create(creating(title)));
    for refusal in held_up(&service, join_all(calls)).await.into_iter().map(Result::unwrap_err) {
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::Unavailable, "DATABASE_UNAVAILABLE"));
    }
    assert_eq!(user.titles().await, ["known"]);
    user.create("after").await;
    assert_eq!(user.titles().await, ["known", "after"]);
}
