//! What fields may hold, and which of them an update changes.

use prost_types::FieldMask;
use proto::task::v1::{CreateTaskRequest, GetTaskRequest, Priority, Task, TaskTime, UpdateTaskRequest};
use service_runtime::on_both_databases;
use tonic::Code;

use crate::support::{
    Service,
    client::{User, fields, reason, titled},
};

fn full() -> Task {
    Task {
        title: "title".into(),
        notes: "notes".into(),
        priority: Priority::High.into(),
        due: Some(TaskTime { date: "2026-12-24".into(), ..Default::default() }),
        labels: vec!["label".into()],
        ..Default::default()
    }
}

/// What an update of `full()` leaves behind, without what the server sets.
async fn updated(user: &User, change: Task, paths: &[&str]) -> Result<Task, tonic::Status> {
    let made = user.try_create(CreateTaskRequest { task: Some(full()), ..Default::default() }).await.unwrap();
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    let request = UpdateTaskRequest {
        task: Some(Task { id: made.id, ..change }),
        update_mask: Some(FieldMask { paths }),
        ..Default::default()
    };
    let task = user.update(request).await?;
    let Task { title, notes, priority, due, labels, .. } = task;
    Ok(Task { title, notes, priority, due, labels, ..Default::default() })
}

fn broken() -> Task {
    Task {
        title: "two\nlines".into(),
        notes: "n".repeat(16 * 1024 + 1),
        priority: 77,
        due: Some(TaskTime { date: "soon".into(), time_of_day: "late".into(), time_zone: "here".into() }),
        labels: vec!["twice".into(), "twice".into(), String::new()],
        ..Default::default()
    }
}

const BROKEN_FIELDS: [&str; 8] = [
    "task.title",
    "task.notes",
    "task.priority",
    "task.due.date",
    "task.due.time_of_day",
    "task.due.time_zone",
    "task.labels[1]",
    "task.labels[2]",
];

on_both_databases! {
    async fn every_broken_rule_is_told_at_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let create = CreateTaskRequest {
            task: Some(broken()),
            task_id: "no id".into(),
            request_id: "no id".into(),
            ..Default::default()
        };
        let refusal = user.try_create(create).await.unwrap_err();
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::InvalidArgument, "VALIDATION_FAILED"));
        assert_eq!(fields(&refusal), [&["request_id", "task_id"][..], &BROKEN_FIELDS].concat());

        let update = UpdateTaskRequest {
            task: Some(broken()),
            update_mask: Some(FieldMask { paths: vec!["*".into(), "colour".into()] }),
            request_id: "no id".into(),
            ..Default::default()
        };
        let refusal = user.update(update).await.unwrap_err();
        assert_eq!(fields(&refusal), [&["request_id", "task.id", "update_mask"][..], &BROKEN_FIELDS].concat());
    }

    async fn what_is_missing_is_told(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        assert_eq!(fields(&user.try_create(CreateTaskRequest::default()).await.unwrap_err()), ["task.title"]);
        assert_eq!(fields(&user.update(UpdateTaskRequest::default()).await.unwrap_err()), ["task.id"]);
        assert_eq!(fields(&user.delete("").await.unwrap_err()), ["task_id"]);
        assert_eq!(fields(&user.get("").await.unwrap_err()), ["task_id"]);
    }

    async fn the_longest_of_everything_is_kept(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let task = Task {
            title: "\u{1f384}".repeat(500),
            notes: "n".repeat(16 * 1024),
            labels: (10..30).map(|number| format!("{number}{}", "\u{1f384}".repeat(48))).collect(),
            ..Default::default()
        };
        let made = user.try_create(CreateTaskRequest { task: Some(task.clone()), ..Default::default() }).await.unwrap();
        assert_eq!((made.title, made.notes, made.labels), (task.title, task.notes, task.labels));
    }

    async fn a_message_far_beyond_that_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let task = Some(Task { notes: "n".repeat(70 * 1024), ..titled("x") });
        let refusal = user.try_create(CreateTaskRequest { task, ..Default::default() }).await.unwrap_err();
        assert!(matches!(refusal.code(), Code::OutOfRange | Code::ResourceExhausted), "{refusal:?}");
        assert!(user.titles().await.is_empty());
    }

    async fn without_a_mask_only_what_is_set_changes(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let change = Task { notes: "new".into(), labels: vec!["b".into(), "a".into()], ..Default::default() };
        let expected = Task { notes: "new".into(), labels: vec!["a".into(), "b".into()], ..full() };
        assert_eq!(updated(&user, change, &[]).await.unwrap(), expected);
        assert_eq!(updated(&user, Task::default(), &[]).await.unwrap(), full());
        let change = Task { priority: Priority::None.into(), ..Default::default() };
        let expected = Task { priority: Priority::None.into(), ..full() };
        assert_eq!(updated(&user, change, &[]).await.unwrap(), expected);
    }

    async fn what_a_mask_names_and_the_task_lacks_is_cleared(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let change = Task { title: "not named".into(), ..Default::default() };
        let expected = Task { due: None, labels: vec![], ..full() };
        assert_eq!(updated(&user, change, &["due", "labels"]).await.unwrap(), expected);
        let expected = Task { notes: String::new(), priority: Priority::None.into(), ..full() };
        assert_eq!(updated(&user, Task::default(), &["notes", "priority"]).await.unwrap(), expected);
        assert_eq!(fields(&updated(&user, Task::default(), &["title"]).await.unwrap_err()), ["task.title"]);
    }

    async fn a_star_replaces_everything_that_can_change(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let expected = Task { priority: Priority::None.into(), ..titled("new") };
        assert_eq!(updated(&user, titled("new"), &["*"]).await.unwrap(), expected);
    }

    async fn a_mask_ignores_what_the_server_sets_and_refuses_what_is_unknown(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let change = Task { position: "zz".into(), revision: 99, ..titled("new") };
        let paths = ["title", "position", "revision", "create_time", "state"];
        assert_eq!(updated(&user, change, &paths).await.unwrap(), Task { title: "new".into(), ..full() });
        let unknown = updated(&user, titled("new"), &["title", "colour"]).await.unwrap_err();
        assert_eq!((reason(&unknown).as_str(), fields(&unknown)), ("VALIDATION_FAILED", vec!["update_mask".to_owned()]));
    }

    async fn a_refusal_stays_small_whatever_was_sent(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let refusal = updated(&user, titled("x"), &["colour".repeat(1000).as_str(); 9]).await.unwrap_err();
        assert!(refusal.details().len() < 1024, "{}", refusal.details().len());
        let request = user.with_token(GetTaskRequest { task_id: "x".repeat(60_000) });
        let refusal = user.rpc.clone().get_task(request).await.unwrap_err();
        assert!(refusal.details().len() < 1024, "{}", refusal.details().len());
    }
}
