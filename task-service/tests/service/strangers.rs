//! Another user's task is answered like one that never existed.

use prost::Message;
use prost_types::FileDescriptorSet;
use proto::task::v1::{
    BatchCreateTasksRequest, BatchDeleteTasksRequest, BatchGetTasksRequest, BatchUpdateTasksRequest,
    CreateTaskListRequest, CreateTaskRequest, DeleteTaskRequest, GetTaskListRequest, GetTaskRequest, ListTasksRequest,
    ModifyTaskLabelsRequest, MoveTaskListRequest, MoveTaskRequest, State, Task, TaskList, UpdateTaskListRequest,
    UpdateTaskRequest,
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
async fn refusal(user: &User, own: &str, method: &str, id: &str) -> Option<Status> {
    let (mut rpc, mut lists) = (user.rpc.clone(), user.lists.clone());
    let (task_id, own) = (id.to_owned(), own.to_owned());
    let status = match method {
        "GetTask" => rpc.get_task(user.with_token(GetTaskRequest { task_id })).await.unwrap_err(),
        "UpdateTask" => {
            let task = Some(Task { id: task_id, ..titled("stolen") });
            user.update(UpdateTaskRequest { task, ..Default::default() }).await.unwrap_err()
        }
        "ModifyTaskLabels" => {
            let request = ModifyTaskLabelsRequest { task_id, add_labels: vec!["x".into()], ..Default::default() };
            rpc.modify_task_labels(user.with_token(request)).await.unwrap_err()
        }
        "StartTask" => user.advance(id, State::InProcess, "any").await.unwrap_err(),
        "CompleteTask" => user.advance(id, State::Completed, "any").await.unwrap_err(),
        "ReopenTask" => user.advance(id, State::NeedsAction, "").await.unwrap_err(),
        "CancelTask" => user.advance(id, State::Cancelled, "").await.unwrap_err(),
        "MoveTask" => {
            let request = MoveTaskRequest { task_id, parent_id: Some(String::new()), ..Default::default() };
            user.move_task(request).await.unwrap_err()
        }
        "UndeleteTask" => user.undelete(id).await.unwrap_err(),
        "PurgeTasks" => user.purge(&[id]).await.unwrap_err(),
        "GetTaskList" => {
            let request = GetTaskListRequest { task_list_id: task_id };
            lists.get_task_list(user.with_token(request)).await.unwrap_err()
        }
        "UpdateTaskList" => {
            let task_list = Some(TaskList { id: task_id, title: "stolen".into(), ..Default::default() });
            let request = UpdateTaskListRequest { task_list, ..Default::default() };
            lists.update_task_list(user.with_token(request)).await.unwrap_err()
        }
        "MoveTaskList" => {
            let request = MoveTaskListRequest { task_list_id: task_id, ..Default::default() };
            lists.move_task_list(user.with_token(request)).await.unwrap_err()
        }
        "DeleteTaskList" => user.delete_list(id).await.unwrap_err(),
        "UndeleteTaskList" => user.undelete_list(id).await.unwrap_err(),
        "DeleteTask" => {
            let request = DeleteTaskRequest { task_id, validate_only: true, ..Default::default() };
            rpc.delete_task(user.with_token(request)).await.unwrap_err()
        }
        "BatchGetTasks" => {
            let request = BatchGetTasksRequest { task_ids: vec![own, task_id] };
            rpc.batch_get_tasks(user.with_token(request)).await.unwrap_err()
        }
        "BatchCreateTasks" => {
            let under =
                CreateTaskRequest { task: Some(Task { parent_id: task_id, ..titled("x") }), ..Default::default() };
            let request = BatchCreateTasksRequest { requests: vec![under], ..Default::default() };
            rpc.batch_create_tasks(user.with_token(request)).await.unwrap_err()
        }
        "BatchUpdateTasks" => {
            let update = |id| UpdateTaskRequest { task: Some(Task { id, ..titled("own") }), ..Default::default() };
            let request =
                BatchUpdateTasksRequest { requests: vec![update(own), update(task_id)], ..Default::default() };
            rpc.batch_update_tasks(user.with_token(request)).await.unwrap_err()
        }
        "BatchDeleteTasks" => {
            let delete = |task_id| DeleteTaskRequest { task_id, ..Default::default() };
            let request =
                BatchDeleteTasksRequest { requests: vec![delete(own), delete(task_id)], ..Default::default() };
            rpc.batch_delete_tasks(user.with_token(request)).await.unwrap_err()
        }
        "CreateTask" => user.create_under(id, "under another's").await.unwrap_err(),
        "ListTasks" => user.tasks(ListTasksRequest { task_list_id: task_id, ..Default::default() }).await.unwrap_err(),
        // They take no id of what is there already: an id asked for is given even if another user has the same.
        "CreateTaskList" | "ListTaskLists" => return None,
        unknown => panic!("{unknown} is new: say here what it answers to another user's id"),
    };
    Some(status)
}

async fn refusals(user: &User, own: &str, id: &str) -> Vec<Status> {
    let mut refusals = Vec::new();
    for method in methods() {
        refusals.extend(refusal(user, own, &method, id).await);
    }
    refusals
}

on_both_databases! {
    async fn another_users_task_is_answered_like_none(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (owner, stranger) = (service.new_user(), service.new_user());
        let own = stranger.create("own").await.id;
        let id = Uuid::now_v7().to_string();
        let before = refusals(&stranger, &own, &id).await;
        assert_eq!(before.len(), methods().len() - 2);
        for status in &before {
            let told = ["TASK_NOT_FOUND", "TASK_LIST_NOT_FOUND"].contains(&reason(status).as_str());
            assert!(status.code() == Code::NotFound && told, "{status:?}");
        }
        // One id for a task and for a list: each RPC finds what it looks for.
        let task_list = Some(TaskList { title: "secret".into(), ..Default::default() });
        let request = CreateTaskListRequest { task_list, task_list_id: id.clone(), ..Default::default() };
        owner.lists.clone().create_task_list(owner.with_token(request)).await.unwrap();
        let request = CreateTaskRequest { task: Some(titled("secret")), task_id: id.clone(), ..Default::default() };
        let made = owner.try_create(request).await.unwrap();
        let unknown = refusals(&stranger, &own, &Uuid::now_v7().to_string()).await;
        for ((foreign, before), unknown) in refusals(&stranger, &own, &id).await.iter().zip(&before).zip(&unknown) {
            assert_eq!(bytes(foreign), bytes(before));
            assert_eq!(bytes(foreign), bytes(unknown));
        }
        owner.delete(&id).await.unwrap();
        owner.delete_list(&id).await.unwrap();
        for (trashed, before) in refusals(&stranger, &own, &id).await.iter().zip(&before) {
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
