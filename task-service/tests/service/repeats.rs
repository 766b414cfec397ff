//! Requests that are sent again, and requests that only ask.

use chrono::Duration;
use futures::future::join_all;
use prost::Message;
use proto::task::v1::{CompleteTaskRequest, CreateTaskRequest, DeleteTaskRequest, Task, UpdateTaskRequest};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::Code;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, reason, titled},
};

fn create(title: &str, request_id: &str) -> CreateTaskRequest {
    CreateTaskRequest { task: Some(titled(title)), request_id: request_id.to_owned(), ..Default::default() }
}

async fn delete(user: &User, request: DeleteTaskRequest) -> Result<Task, tonic::Status> {
    Ok(user.rpc.clone().delete_task(user.with_token(request)).await?.into_inner().task.unwrap())
}

async fn complete(user: &User, request: CompleteTaskRequest) -> Result<Task, tonic::Status> {
    Ok(user.rpc.clone().complete_task(user.with_token(request)).await?.into_inner().task.unwrap())
}

on_both_databases! {
    async fn one_request_id_sent_fifty_times_takes_effect_once(database: TestDatabase) {
        let mut service = Service::start(&database).await;
        let user = service.new_user();
        let id = Uuid::new_v4().to_string();
        let answers = join_all((0..50).map(|_| user.try_create(create("once", &id)))).await;
        let answers: Vec<Vec<u8>> = answers.into_iter().map(|answer| answer.unwrap().encode_to_vec()).collect();
        // What became of the task since does not change what was answered.
        let made = Task::decode(&*answers[0]).unwrap();
        user.delete(&made.id).await.unwrap();
        service.restart().await;
        let after = service.caller(&user.token).try_create(create("once", &id)).await.unwrap().encode_to_vec();
        for answer in answers.iter().chain([&after]) {
            assert_eq!(answer, &answers[0]);
        }
        let tables = service.tables().await;
        assert_eq!(tables.number("SELECT COUNT(*) AS number FROM task").await, 1);
        assert_eq!(tables.number("SELECT revision AS number FROM user_revision").await, 2);
    }

    async fn every_change_can_be_repeated(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("repeated").await;
        // One id serves all methods: it is looked up under the method's name.
        let request_id = Uuid::new_v4().to_string();
        let task = Some(Task { id: made.id.clone(), etag: made.etag.clone(), ..titled("new") });
        let update = UpdateTaskRequest { task, request_id: request_id.clone(), ..Default::default() };
        let updated = user.update(update.clone()).await.unwrap();
        let request = CompleteTaskRequest { task_id: made.id.clone(), request_id: request_id.clone(), ..Default::default() };
        let completed = complete(&user, request.clone()).await.unwrap();
        let gone = DeleteTaskRequest { task_id: made.id.clone(), request_id, ..Default::default() };
        let deleted = delete(&user, gone.clone()).await.unwrap();
        assert_eq!(user.update(update).await.unwrap(), updated);
        assert_eq!(complete(&user, request).await.unwrap(), completed);
        assert_eq!(delete(&user, gone).await.unwrap(), deleted);
        assert_eq!([updated.revision, completed.revision, deleted.revision], [2, 3, 4]);
        assert_eq!(user.get(&made.id).await.unwrap(), deleted);
    }

    async fn a_request_id_with_another_payload_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, other) = (service.new_user(), service.new_user());
        let id = Uuid::new_v4().to_string();
        user.try_create(create("one", &id)).await.unwrap();
        for validate_only in [false, true] {
            let reused = CreateTaskRequest { validate_only, ..create("another", &id) };
            let refusal = user.try_create(reused).await.unwrap_err();
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::InvalidArgument, "REQUEST_ID_REUSED"));
        }
        assert_eq!(other.try_create(create("another", &id)).await.unwrap().title, "another");
        assert_eq!(user.titles().await, ["one"]);
    }

    async fn a_refused_request_leaves_its_id_free(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("work").await;
        let request = |etag: &str, request_id: &str| DeleteTaskRequest {
            task_id: made.id.clone(),
            etag: etag.to_owned(),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        let id = Uuid::new_v4().to_string();
        assert_eq!(reason(&delete(&user, request("stale", &id)).await.unwrap_err()), "ETAG_MISMATCH");
        delete(&user, request(&made.etag, &id)).await.unwrap();
    }

    async fn a_request_id_is_free_again_after_a_day(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let service = Service::start_at(&database, clock.clone()).await;
        let user = service.new_user();
        let id = Uuid::new_v4().to_string();
        let first = user.try_create(create("daily", &id)).await.unwrap();
        clock.advance(Duration::hours(24) - Duration::microseconds(1));
        assert_eq!(user.try_create(create("daily", &id)).await.unwrap(), first);
        clock.advance(Duration::microseconds(1));
        let second = user.try_create(create("other", &id)).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(user.try_create(create("other", &id)).await.unwrap(), second);
    }

    async fn the_service_forgets_old_answers_by_itself(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let mut service = Service::start_at(&database, clock.clone()).await;
        service.new_user().try_create(create("once", &Uuid::new_v4().to_string())).await.unwrap();
        let tables = service.tables().await;
        let kept = "SELECT COUNT(*) AS number FROM request_record";
        assert_eq!(tables.number(kept).await, 1);
        clock.advance(Duration::hours(24));
        service.restart().await;
        while tables.number(kept).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    async fn a_request_that_only_asks_leaves_nothing_behind(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let tables = service.tables().await;
        let nothing = tables.counts().await;
        let ask = CreateTaskRequest { validate_only: true, ..create("asked", &Uuid::new_v4().to_string()) };
        let told = user.try_create(ask.clone()).await.unwrap();
        assert_eq!((told.title.as_str(), told.revision, told.position.as_str()), ("asked", 1, "a0"));
        assert_eq!(tables.counts().await, nothing);
        assert_eq!(nothing.iter().map(|(_, count)| count).sum::<i64>(), 0);

        // The same request in earnest is no repetition.
        let made = user.try_create(CreateTaskRequest { validate_only: false, ..ask }).await.unwrap();
        let before = (tables.counts().await, user.get(&made.id).await.unwrap());
        let task = Some(Task { id: made.id.clone(), ..titled("new") });
        let update = UpdateTaskRequest { task, validate_only: true, ..Default::default() };
        assert_eq!(user.update(update).await.unwrap().title, "new");
        let task_id = made.id.clone();
        let request = CompleteTaskRequest { task_id: task_id.clone(), validate_only: true, ..Default::default() };
        assert!(complete(&user, request).await.unwrap().complete_time.is_some());
        let request = DeleteTaskRequest { task_id, validate_only: true, ..Default::default() };
        assert!(delete(&user, request).await.unwrap().purge_time.is_some());
        assert_eq!((tables.counts().await, user.get(&made.id).await.unwrap()), before);
        assert_eq!(tables.number("SELECT revision AS number FROM user_revision").await, 1);
    }

    async fn a_request_that_only_asks_gets_the_same_refusals(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("work").await;
        let create = CreateTaskRequest {
            task: Some(titled("x")), task_id: made.id.clone(), validate_only: true, ..Default::default()
        };
        assert_eq!(reason(&user.try_create(create).await.unwrap_err()), "TASK_EXISTS");
        let ask = |task_id: &str, etag: &str| DeleteTaskRequest {
            task_id: task_id.to_owned(), etag: etag.to_owned(), validate_only: true, ..Default::default()
        };
        assert_eq!(reason(&delete(&user, ask(&made.id, "stale")).await.unwrap_err()), "ETAG_MISMATCH");
        let unknown = Uuid::new_v4().to_string();
        assert_eq!(reason(&delete(&user, ask(&unknown, "")).await.unwrap_err()), "TASK_NOT_FOUND");
        assert_eq!(reason(&delete(&user, ask("no id", "")).await.unwrap_err()), "VALIDATION_FAILED");
    }
}
