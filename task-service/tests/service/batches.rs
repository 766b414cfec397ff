//! Many tasks at once: all or none.

use proto::task::v1::{
    BatchCreateTasksRequest, BatchDeleteTasksRequest, BatchGetTasksRequest, BatchUpdateTasksRequest, CreateTaskRequest,
    DeleteTaskRequest, Task, UpdateTaskRequest,
};
use service_runtime::on_both_databases;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, fields, reason, titled},
};

fn new(title: &str) -> CreateTaskRequest {
    CreateTaskRequest { task: Some(titled(title)), ..Default::default() }
}

fn renamed(id: &str, title: &str) -> UpdateTaskRequest {
    UpdateTaskRequest { task: Some(Task { id: id.to_owned(), ..titled(title) }), ..Default::default() }
}

fn gone(id: &str) -> DeleteTaskRequest {
    DeleteTaskRequest { task_id: id.to_owned(), ..Default::default() }
}

async fn create(user: &User, request: BatchCreateTasksRequest) -> Result<Vec<Task>, Status> {
    Ok(user.rpc.clone().batch_create_tasks(user.with_token(request)).await?.into_inner().tasks)
}

async fn update(user: &User, requests: Vec<UpdateTaskRequest>) -> Result<Vec<Task>, Status> {
    let request = user.with_token(BatchUpdateTasksRequest { requests, ..Default::default() });
    Ok(user.rpc.clone().batch_update_tasks(request).await?.into_inner().tasks)
}

async fn delete(user: &User, requests: Vec<DeleteTaskRequest>) -> Result<Vec<Task>, Status> {
    let request = user.with_token(BatchDeleteTasksRequest { requests, ..Default::default() });
    Ok(user.rpc.clone().batch_delete_tasks(request).await?.into_inner().tasks)
}

async fn get(user: &User, ids: &[&str]) -> Result<Vec<Task>, Status> {
    let task_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let request = user.with_token(BatchGetTasksRequest { task_ids });
    Ok(user.rpc.clone().batch_get_tasks(request).await?.into_inner().tasks)
}

fn index(status: &Status) -> String {
    status.get_details_error_info().unwrap().metadata["index"].clone()
}

on_both_databases! {
    async fn a_batch_is_one_change(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let requests: Vec<_> = (0..100).map(|number| new(&number.to_string())).collect();
        let request_id = Uuid::new_v4().to_string();
        let request = BatchCreateTasksRequest { requests, request_id, validate_only: false };
        let asked = create(&user, BatchCreateTasksRequest { validate_only: true, ..request.clone() }).await.unwrap();
        assert_eq!((asked.len(), user.titles().await.len()), (100, 0));
        let made = create(&user, request.clone()).await.unwrap();
        assert_eq!(create(&user, request).await.unwrap(), made, "repeated");
        assert!(made.iter().all(|task| task.revision == 1));
        let ids: Vec<&str> = made.iter().rev().map(|task| task.id.as_str()).collect();
        let read: Vec<Task> = get(&user, &ids).await.unwrap();
        assert!(read.iter().eq(made.iter().rev()), "in the order asked for");
        let changed = update(&user, made.iter().map(|task| renamed(&task.id, "renamed")).collect()).await.unwrap();
        assert!(changed.iter().all(|task| (task.title.as_str(), task.revision) == ("renamed", 2)));
        let deleted = delete(&user, made.iter().map(|task| gone(&task.id)).collect()).await.unwrap();
        assert!(deleted.iter().all(|task| task.delete_time.is_some() && task.revision == 3));
        assert_eq!(get(&user, &ids[..2]).await.unwrap(), [deleted[99].clone(), deleted[98].clone()]);
    }

    async fn one_bad_item_spoils_the_batch_and_is_named(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let (one, other) = (user.create("one").await, user.create("other").await);
        let unknown = Uuid::now_v7().to_string();
        let tables = service.tables().await;
        let before = tables.counts().await;
        let taken = CreateTaskRequest { task_id: one.id.clone(), ..new("taken") };
        let requests = vec![new("good"), new("good too"), taken];
        let exists = create(&user, BatchCreateTasksRequest { requests, ..Default::default() }).await.unwrap_err();
        assert_eq!((exists.code(), reason(&exists), index(&exists)), (Code::AlreadyExists, "TASK_EXISTS".into(), "2".into()));
        let missing = update(&user, vec![renamed(&one.id, "renamed"), renamed(&unknown, "renamed")]).await.unwrap_err();
        assert_eq!((missing.code(), reason(&missing), index(&missing)), (Code::NotFound, "TASK_NOT_FOUND".into(), "1".into()));
        let stale = DeleteTaskRequest { etag: "stale".into(), ..gone(&other.id) };
        let stale = delete(&user, vec![gone(&one.id), stale]).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale), index(&stale)), (Code::Aborted, "ETAG_MISMATCH".into(), "1".into()));
        let missing = get(&user, &[&one.id, &unknown]).await.unwrap_err();
        assert_eq!((reason(&missing), index(&missing)), ("TASK_NOT_FOUND".into(), "1".into()));
        assert_eq!(tables.counts().await, before);
        assert_eq!(get(&user, &[&one.id, &other.id]).await.unwrap(), [one, other]);
    }

    async fn every_broken_rule_of_every_item_is_told_at_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let repeated = CreateTaskRequest { request_id: Uuid::new_v4().to_string(), validate_only: true, ..new("x") };
        let requests = vec![new(""), new("good"), repeated, CreateTaskRequest { task_id: "no id".into(), ..new("") }];
        let refusal = create(&user, BatchCreateTasksRequest { requests, ..Default::default() }).await.unwrap_err();
        let expected = [
            "requests[0].task.title",
            "requests[2].request_id",
            "requests[2].validate_only",
            "requests[3].task_id",
            "requests[3].task.title",
        ];
        assert_eq!(fields(&refusal), expected);
        let refusal = update(&user, vec![renamed("no id", "x"), renamed("", "x")]).await.unwrap_err();
        assert_eq!(fields(&refusal), ["requests[0].task.id", "requests[1].task.id"]);
        assert_eq!(fields(&delete(&user, vec![gone("no id")]).await.unwrap_err()), ["requests[0].task_id"]);
        assert_eq!(fields(&get(&user, &["no id"]).await.unwrap_err()), ["task_ids[0]"]);
        let worst = create(&user, BatchCreateTasksRequest { requests: vec![new("two\nlines"); 100], ..Default::default() });
        assert!(worst.await.unwrap_err().details().len() < 8 * 1024, "it must fit into headers");
    }

    async fn a_batch_has_one_to_a_hundred_items(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let id = user.create("task").await.id;
        for count in [0, 101] {
            let requests = vec![new("x"); count];
            let refusals = [
                create(&user, BatchCreateTasksRequest { requests, ..Default::default() }).await.unwrap_err(),
                update(&user, vec![renamed(&id, "x"); count]).await.unwrap_err(),
                delete(&user, vec![gone(&id); count]).await.unwrap_err(),
            ];
            for refusal in refusals {
                assert_eq!((refusal.code(), fields(&refusal)), (Code::InvalidArgument, vec!["requests".to_owned()]));
            }
            assert_eq!(fields(&get(&user, &vec![id.as_str(); count]).await.unwrap_err()), ["task_ids"]);
        }
    }

    async fn a_batch_has_room_for_a_hundred_of_the_longest_tasks(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let task = Task {
            notes: "n".repeat(16 * 1024),
            labels: (10..30).map(|number| format!("{number}{}", "\u{1f384}".repeat(48))).collect(),
            annotations: (10..30).map(|number| (number.to_string().repeat(31), "\u{1f384}".repeat(128))).collect(),
            ..titled(&"\u{1f384}".repeat(500))
        };
        let requests = vec![CreateTaskRequest { task: Some(task), ..Default::default() }; 100];
        let made = create(&user, BatchCreateTasksRequest { requests, ..Default::default() }).await.unwrap();
        let ids: Vec<&str> = made.iter().map(|task| task.id.as_str()).collect();
        assert_eq!(get(&user, &ids).await.unwrap(), made);
    }

    async fn what_goes_with_another_item_has_gone(database: TestDatabase) {
        let service = Service::start(&database).await;
        let user = service.new_user();
        let top = user.create("top").await;
        let under = user.create_under(&top.id, "under").await.unwrap();
        let with_etag = |task: &Task, etag: &str| DeleteTaskRequest { etag: etag.to_owned(), ..gone(&task.id) };
        let stale = vec![gone(&top.id), with_etag(&under, &top.etag)];
        let refusal = delete(&user, stale).await.unwrap_err();
        assert_eq!((reason(&refusal), index(&refusal)), ("ETAG_MISMATCH".into(), "1".into()));
        assert_eq!(user.titles().await, ["top", "under"]);
        let seen = vec![with_etag(&top, &top.etag), with_etag(&under, &under.etag), with_etag(&top, &top.etag)];
        let deleted = delete(&user, seen).await.unwrap();
        assert_eq!(deleted[0].delete_time, deleted[1].delete_time);
        let again = delete(&user, vec![gone(&under.id)]).await.unwrap_err();
        assert_eq!(reason(&again), "TASK_NOT_FOUND");
        user.undelete(&top.id).await.unwrap();
        assert_eq!(user.titles().await, ["top", "under"]);
    }
}
