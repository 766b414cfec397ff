//! A task from the first word to the trash.

use proto::task::v1::{CompleteTaskRequest, CreateTaskRequest, Priority, State, Task, TaskTime, UpdateTaskRequest};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    Service,
    client::{User, reason, titled},
};

async fn complete(user: &User, id: &str, etag: &str) -> Result<Task, tonic::Status> {
    let request = CompleteTaskRequest { task_id: id.to_owned(), etag: etag.to_owned(), ..Default::default() };
    Ok(user.rpc.clone().complete_task(user.with_token(request)).await?.into_inner().task.unwrap())
}

on_both_databases! {
    async fn a_task_is_made_as_told_and_read_back(database: TestDatabase) {
        let start = "2026-11-21T12:00:00.123456Z".parse().unwrap();
        let service = Service::start_at(&database, Clock::manual(start)).await;
        let user = service.new_user();
        let due = TaskTime { date: "2026-12-24".into(), time_of_day: "18:00".into(), time_zone: "Europe/Vienna".into() };
        let told = Task {
            title: "Baum schmücken \u{1f384}".into(),
            notes: "with\nthe whole family".into(),
            priority: Priority::Urgent.into(),
            due: Some(due),
            labels: vec!["home".into(), "feast".into()],
            // Output only: to be ignored.
            id: "nonsense".into(),
            state: State::Cancelled.into(),
            revision: 99,
            etag: "nonsense".into(),
            position: "zz".into(),
            ..Default::default()
        };
        let made = user.try_create(CreateTaskRequest { task: Some(told.clone()), ..Default::default() }).await.unwrap();
        let time = Some(prost_types::Timestamp { seconds: start.timestamp(), nanos: 123_456_000 });
        let expected = Task {
            id: made.id.clone(),
            task_list_id: made.task_list_id.clone(),
            etag: made.etag.clone(),
            position: "a0".into(),
            labels: vec!["feast".into(), "home".into()],
            state: State::NeedsAction.into(),
            create_time: time,
            update_time: time,
            revision: 1,
            ..told
        };
        assert_eq!(made, expected);
        assert_eq!(uuid::Uuid::parse_str(&made.id).unwrap().get_version_num(), 7);
        assert_eq!(user.get(&made.id).await.unwrap(), made);
        assert_eq!(user.page(0, "").await.unwrap().tasks, [made]);
    }

    async fn new_tasks_are_last_in_one_inbox(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let titles: Vec<String> = (0..70).map(|number| format!("task {number}")).collect();
        let mut lists = Vec::new();
        for title in &titles {
            lists.push(user.create(title).await.task_list_id);
        }
        lists.dedup();
        assert_eq!(lists.len(), 1);
        let tasks = user.page(200, "").await.unwrap().tasks;
        assert_eq!(tasks.iter().map(|task| &task.title).collect::<Vec<_>>(), titles.iter().collect::<Vec<_>>());
        assert!(tasks.is_sorted_by(|one, next| one.position.as_bytes() < next.position.as_bytes()));
    }

    async fn an_update_changes_the_task_and_its_etag(database: TestDatabase) {
        let clock = Clock::manual("2026-11-21T12:00:00Z".parse().unwrap());
        let service = Service::start_at(&database, clock.clone()).await;
        let user = service.new_user();
        let made = user.create("before").await;
        clock.advance(chrono::Duration::seconds(5));
        let task = Some(Task { title: "after".into(), ..made.clone() });
        let updated = user.update(UpdateTaskRequest { task, ..Default::default() }).await.unwrap();
        let expected = Task {
            title: "after".into(),
            update_time: Some(prost_types::Timestamp { seconds: made.create_time.unwrap().seconds + 5, nanos: 0 }),
            revision: 2,
            etag: updated.etag.clone(),
            ..made.clone()
        };
        assert_eq!(updated, expected);
        assert_ne!(updated.etag, made.etag);
        assert_eq!(user.get(&made.id).await.unwrap(), updated);
    }

    async fn a_task_is_completed_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("work").await;
        assert_eq!(reason(&complete(&user, &made.id, "stale").await.unwrap_err()), "ETAG_MISMATCH");
        let done = complete(&user, &made.id, &made.etag).await.unwrap();
        assert_eq!(done.state(), State::Completed);
        assert_eq!(done.complete_time, done.update_time);
        let again = complete(&user, &made.id, "").await.unwrap_err();
        assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "INVALID_TRANSITION"));
        assert_eq!(again.get_details_precondition_failure().unwrap().violations[0].subject, made.id);
        assert_eq!(user.get(&made.id).await.unwrap(), done);
    }

    async fn a_deleted_task_is_in_the_trash_for_thirty_days(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let (kept, made) = (user.create("kept").await, user.create("deleted").await);
        let deleted = user.delete(&made.id).await.unwrap();
        let month = deleted.purge_time.unwrap().seconds - deleted.delete_time.unwrap().seconds;
        assert_eq!(month, 30 * 24 * 3600);
        assert_eq!(user.titles().await, [kept.title]);
        assert_eq!(user.get(&made.id).await.unwrap(), deleted);
    }

    async fn what_is_in_the_trash_cannot_be_changed(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let made = user.create("deleted").await;
        let deleted = user.delete(&made.id).await.unwrap();
        let update = UpdateTaskRequest { task: Some(Task { title: "x".into(), ..made.clone() }), ..Default::default() };
        let refusals = [
            user.delete(&made.id).await.unwrap_err(),
            user.update(update).await.unwrap_err(),
            complete(&user, &made.id, "").await.unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::NotFound, "TASK_NOT_FOUND"));
        }
        assert_eq!(user.get(&made.id).await.unwrap(), deleted);
    }

    async fn an_id_of_the_clients_making_is_one_of_its_users_own(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, other) = (service.new_user(), service.new_user());
        let create = |title: &str| CreateTaskRequest {
            task: Some(titled(title)),
            task_id: "6BA7B810-9DAD-11D1-80B4-00C04FD430C8".into(),
            ..Default::default()
        };
        let made = user.try_create(create("first")).await.unwrap();
        assert_eq!(made.id, "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
        let taken = user.try_create(create("second")).await.unwrap_err();
        assert_eq!((taken.code(), reason(&taken).as_str()), (Code::AlreadyExists, "TASK_EXISTS"));
        user.delete(&made.id).await.unwrap();
        assert_eq!(reason(&user.try_create(create("third")).await.unwrap_err()), "TASK_EXISTS");
        assert_eq!(other.try_create(create("another's")).await.unwrap().id, made.id);
        assert_eq!(user.get(&made.id).await.unwrap().title, "first");
    }
}
