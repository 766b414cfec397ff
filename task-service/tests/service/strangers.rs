//! Another user's task is answered like one that never existed.

use prost::Message;
use prost_types::FileDescriptorSet;
use proto::task::v1::{
    CompleteTaskRequest, CreateTaskRequest, DeleteTaskRequest, GetTaskRequest, Task, UpdateTaskRequest,
};
use service_runtime::on_both_databases;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::support::{
    Service,
    client::{User, bytes, reason, titled},
};

/// Every RPC of the service, as the contract lists them.
fn methods() -> Vec<String> {
    let files = FileDescriptorSet::decode(proto::PUBLIC_DESCRIPTORS).unwrap().file;
    let services = files.into_iter().filter(|file| file.package() == "duet.task.v1").flat_map(|file| file.service);
    let methods = services.flat_map(|service| service.method);
    methods.map(|method| method.name.unwrap()).collect()
}

/// What the RPC answers to this id; nothing if it takes none.
async fn refusal(user: &User, method: &str, id: &str) -> Option<Status> {
    let mut rpc = user.rpc.clone();
    let task_id = id.to_owned();
    let status = match method {
        "GetTask" => rpc.get_task(user.with_token(GetTaskRequest { task_id })).await.unwrap_err(),
        "UpdateTask" => {
            let task = Some(Task { id: task_id, ..titled("stolen") });
            user.update(UpdateTaskRequest { task, ..Default::default() }).await.unwrap_err()
        }
        "CompleteTask" => {
            let request = CompleteTaskRequest { task_id, etag: "any".into(), ..Default::default() };
            rpc.complete_task(user.with_token(request)).await.unwrap_err()
        }
        "DeleteTask" => {
            let request = DeleteTaskRequest { task_id, validate_only: true, ..Default::default() };
            rpc.delete_task(user.with_token(request)).await.unwrap_err()
        }
        // An id asked for is given even if another user has the same: see below. A listing takes none.
        "CreateTask" | "ListTasks" => return None,
        unknown => panic!("{unknown} is new: say here what it answers to another user's id"),
    };
    Some(status)
}

async fn refusals(user: &User, id: &str) -> Vec<Status> {
    let mut refusals = Vec::new();
    for method in methods() {
        refusals.extend(refusal(user, &method, id).await);
    }
    refusals
}

on_both_databases! {
    async fn another_users_task_is_answered_like_none(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (owner, stranger) = (service.new_user(), service.new_user());
        stranger.create("own").await;
        let id = Uuid::now_v7().to_string();
        let before = refusals(&stranger, &id).await;
        assert_eq!(before.len(), 4);
        for status in &before {
            assert_eq!((status.code(), reason(status).as_str()), (Code::NotFound, "TASK_NOT_FOUND"));
        }
        let request = CreateTaskRequest { task: Some(titled("secret")), task_id: id.clone(), ..Default::default() };
        let made = owner.try_create(request).await.unwrap();
        let unknown = refusals(&stranger, &Uuid::now_v7().to_string()).await;
        for ((foreign, before), unknown) in refusals(&stranger, &id).await.iter().zip(&before).zip(&unknown) {
            assert_eq!(bytes(foreign), bytes(before));
            assert_eq!(bytes(foreign), bytes(unknown));
        }
        owner.delete(&id).await.unwrap();
        for (trashed, before) in refusals(&stranger, &id).await.iter().zip(&before) {
            assert_eq!(bytes(trashed), bytes(before));
        }
        assert_eq!(stranger.titles().await, ["own"]);
        assert_eq!(owner.get(&id).await.unwrap().title, made.title);
    }

    async fn a_task_under_another_users_id_is_ones_own(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (owner, stranger) = (service.new_user(), service.new_user());
        let id = owner.create("theirs").await.id;
        let request = CreateTaskRequest { task: Some(titled("mine")), task_id: id.clone(), ..Default::default() };
        stranger.try_create(request).await.unwrap();
        stranger.delete(&id).await.unwrap();
        assert_eq!(owner.titles().await, ["theirs"]);
        assert!(stranger.titles().await.is_empty());
    }
}
