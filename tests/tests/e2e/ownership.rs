//! Somebody else's task is no task, whatever is asked of it.

use e2e::{Clients, Engine, Pair, Person, Refusal, on_both_engines};
use prost_reflect::DescriptorPool;
use proto::task::v1::{
    BatchDeleteTasksRequest, BatchGetTasksRequest, BatchUpdateTasksRequest, CancelTaskRequest, CompleteTaskRequest,
    CreateTaskListRequest, CreateTaskRequest, DeleteTaskListRequest, DeleteTaskRequest, GetTaskListRequest,
    GetTaskRequest, ListTasksRequest, ModifyTaskLabelsRequest, MoveTaskListRequest, MoveTaskRequest, PurgeTasksRequest,
    ReopenTaskRequest, StartTaskRequest, Task, TaskList, UndeleteTaskListRequest, UndeleteTaskRequest,
    UpdateTaskListRequest, UpdateTaskRequest,
};
use tonic::{Code, Status};
use uuid::Uuid;

/// Asks for `task_id` by the RPC of that name, with the owner's etag and without.
async fn try_rpc(clients: &Clients, caller: &Person, rpc: &str, task_id: &str, etag: &str) -> Result<(), Status> {
    let (mut tasks, task_id, etag) = (clients.tasks(), task_id.to_owned(), etag.to_owned());
    match rpc {
        "GetTask" => tasks.get_task(caller.request(GetTaskRequest { task_id })).await.map(drop),
        "UpdateTask" => {
            let task = Task { id: task_id, title: "stolen".to_owned(), etag, ..Task::default() };
            let message = UpdateTaskRequest { task: Some(task), ..UpdateTaskRequest::default() };
            tasks.update_task(caller.request(message)).await.map(drop)
        }
        "CompleteTask" => {
            let message = CompleteTaskRequest { task_id, etag, ..CompleteTaskRequest::default() };
            tasks.complete_task(caller.request(message)).await.map(drop)
        }
        "ModifyTaskLabels" => {
            let add_labels = vec!["stolen".to_owned()];
            let message = ModifyTaskLabelsRequest { task_id, add_labels, ..ModifyTaskLabelsRequest::default() };
            tasks.modify_task_labels(caller.request(message)).await.map(drop)
        }
        "StartTask" => {
            let message = StartTaskRequest { task_id, etag, ..StartTaskRequest::default() };
            tasks.start_task(caller.request(message)).await.map(drop)
        }
        "ReopenTask" => {
            let message = ReopenTaskRequest { task_id, etag, ..ReopenTaskRequest::default() };
            tasks.reopen_task(caller.request(message)).await.map(drop)
        }
        "CancelTask" => {
            let message = CancelTaskRequest { task_id, etag, ..CancelTaskRequest::default() };
            tasks.cancel_task(caller.request(message)).await.map(drop)
        }
        "MoveTask" => {
            let message = MoveTaskRequest { task_id, etag, ..MoveTaskRequest::default() };
            tasks.move_task(caller.request(message)).await.map(drop)
        }
        "UndeleteTask" => {
            let message = UndeleteTaskRequest { task_id, etag, ..UndeleteTaskRequest::default() };
            tasks.undelete_task(caller.request(message)).await.map(drop)
        }
        "PurgeTasks" => {
            let message = PurgeTasksRequest { task_ids: vec![task_id], ..PurgeTasksRequest::default() };
            tasks.purge_tasks(caller.request(message)).await.map(drop)
        }
        "BatchGetTasks" => {
            let message = BatchGetTasksRequest { task_ids: vec![task_id] };
            tasks.batch_get_tasks(caller.request(message)).await.map(drop)
        }
        "BatchUpdateTasks" => {
            let task = Task { id: task_id, title: "stolen".to_owned(), etag, ..Task::default() };
            let requests = vec![UpdateTaskRequest { task: Some(task), ..UpdateTaskRequest::default() }];
            let message = BatchUpdateTasksRequest { requests, ..BatchUpdateTasksRequest::default() };
            tasks.batch_update_tasks(caller.request(message)).await.map(drop)
        }
        "BatchDeleteTasks" => {
            let requests = vec![DeleteTaskRequest { task_id, etag, ..DeleteTaskRequest::default() }];
            let message = BatchDeleteTasksRequest { requests, ..BatchDeleteTasksRequest::default() };
            tasks.batch_delete_tasks(caller.request(message)).await.map(drop)
        }
        "DeleteTask" => {
            let message = DeleteTaskRequest { task_id, etag, ..DeleteTaskRequest::default() };
            tasks.delete_task(caller.request(message)).await.map(drop)
        }
        other => panic!("{other} has no attempt with a foreign id yet"),
    }
}

/// As `try_rpc`, of the lists.
async fn try_list_rpc(clients: &Clients, caller: &Person, rpc: &str, list_id: &str, etag: &str) -> Result<(), Status> {
    let (mut lists, task_list_id, etag) = (clients.lists(), list_id.to_owned(), etag.to_owned());
    match rpc {
        "GetTaskList" => lists.get_task_list(caller.request(GetTaskListRequest { task_list_id })).await.map(drop),
        "UpdateTaskList" => {
            let list = TaskList { id: task_list_id, title: "stolen".to_owned(), etag, ..TaskList::default() };
            let message = UpdateTaskListRequest { task_list: Some(list), ..UpdateTaskListRequest::default() };
            lists.update_task_list(caller.request(message)).await.map(drop)
        }
        "MoveTaskList" => {
            let message = MoveTaskListRequest { task_list_id, etag, ..MoveTaskListRequest::default() };
            lists.move_task_list(caller.request(message)).await.map(drop)
        }
        "DeleteTaskList" => {
            let message = DeleteTaskListRequest { task_list_id, etag, ..DeleteTaskListRequest::default() };
            lists.delete_task_list(caller.request(message)).await.map(drop)
        }
        "UndeleteTaskList" => {
            let message = UndeleteTaskListRequest { task_list_id, etag, ..UndeleteTaskListRequest::default() };
            lists.undelete_task_list(caller.request(message)).await.map(drop)
        }
        other => panic!("{other} has no attempt with a foreign id yet"),
    }
}

/// The RPCs of a service, without those that take no id of what is there already.
fn rpcs(service: &str, without_id: &[&str]) -> Vec<String> {
    let pool = DescriptorPool::decode(proto::PUBLIC_DESCRIPTORS).unwrap();
    let service = pool.get_service_by_name(service).unwrap();
    let all: Vec<String> = service.methods().map(|method| method.name().to_owned()).collect();
    assert!(without_id.iter().all(|rpc| all.iter().any(|known| known == rpc)));
    all.into_iter().filter(|rpc| !without_id.contains(&rpc.as_str())).collect()
}

/// RPCs that take no id of a task that is there already; the second test is about them.
const WITHOUT_ID: [&str; 3] = ["CreateTask", "ListTasks", "BatchCreateTasks"];

on_both_engines! {
    async fn every_rpc_answers_a_foreign_id_like_one_that_never_existed(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        let clients = pair.direct();
        let (owner, stranger) = (clients.sign_up().await, clients.sign_up().await);
        let task = clients.create(&owner, "mine").await.unwrap();
        let unknown = Uuid::now_v7().to_string();
        let rpcs = rpcs("duet.task.v1.TaskService", &WITHOUT_ID);
        for rpc in &rpcs {
            for etag in ["", task.etag.as_str()] {
                for clients in [pair.direct(), pair.through_edge()] {
                    let foreign = try_rpc(&clients, &stranger, rpc, &task.id, etag).await.unwrap_err();
                    let never = try_rpc(&clients, &stranger, rpc, &unknown, etag).await.unwrap_err();
                    Refusal::of(&foreign).assert(Code::NotFound, "TASK_NOT_FOUND");
                    assert_eq!(foreign.message(), never.message(), "{rpc}");
                    assert_eq!(foreign.details(), never.details(), "{rpc}");
                }
            }
        }
        assert_eq!(clients.get(&owner, &task.id).await.unwrap(), task, "nothing has changed");
        for rpc in &rpcs {
            try_rpc(&clients, &owner, rpc, &task.id, "").await.expect("the owner may");
        }
    }

    async fn every_rpc_answers_a_foreign_list_like_one_that_never_existed(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        let clients = pair.direct();
        let (owner, stranger) = (clients.sign_up().await, clients.sign_up().await);
        let list = TaskList { title: "mine".to_owned(), ..TaskList::default() };
        let message = CreateTaskListRequest { task_list: Some(list), ..CreateTaskListRequest::default() };
        let list = clients.lists().create_task_list(owner.request(message)).await.unwrap().into_inner().task_list.unwrap();
        let unknown = Uuid::now_v7().to_string();
        let rpcs = rpcs("duet.task.v1.TaskListService", &["CreateTaskList", "ListTaskLists"]);
        for rpc in &rpcs {
            for etag in ["", list.etag.as_str()] {
                for clients in [pair.direct(), pair.through_edge()] {
                    let foreign = try_list_rpc(&clients, &stranger, rpc, &list.id, etag).await.unwrap_err();
                    let never = try_list_rpc(&clients, &stranger, rpc, &unknown, etag).await.unwrap_err();
                    Refusal::of(&foreign).assert(Code::NotFound, "TASK_LIST_NOT_FOUND");
                    assert_eq!(foreign.message(), never.message(), "{rpc}");
                    assert_eq!(foreign.details(), never.details(), "{rpc}");
                }
            }
        }
        for rpc in &rpcs {
            try_list_rpc(&clients, &owner, rpc, &list.id, "").await.expect("the owner may");
        }
    }

    async fn one_id_may_name_a_task_of_each_user_and_lists_never_mix(engine: Engine) {
        let pair = Pair::on(engine).await.start().await;
        let clients = pair.direct();
        let (owner, stranger) = (clients.sign_up().await, clients.sign_up().await);
        let (task_id, request_id) = (Uuid::now_v7().to_string(), Uuid::new_v4().to_string());
        for (person, title) in [(&owner, "mine"), (&stranger, "theirs")] {
            let message = CreateTaskRequest {
                task: Some(Task { title: title.to_owned(), ..Task::default() }),
                task_id: task_id.clone(),
                request_id: request_id.clone(),
                ..CreateTaskRequest::default()
            };
            clients.tasks().create_task(person.request(message)).await.expect("an id of one's own");
        }
        for (person, title) in [(&owner, "mine"), (&stranger, "theirs")] {
            let listed = clients.list(person).await.unwrap();
            assert_eq!(listed.iter().map(|task| task.title.as_str()).collect::<Vec<_>>(), [title]);
            assert_eq!(clients.get(person, &task_id).await.unwrap().title, title);
        }
        clients.create(&owner, "second").await.unwrap();
        let message = ListTasksRequest { page_size: 1, ..Default::default() };
        let page = clients.tasks().list_tasks(owner.request(message)).await.unwrap().into_inner();
        let message = ListTasksRequest { page_size: 1, page_token: page.next_page_token, ..Default::default() };
        let refusal = Refusal::expect(clients.tasks().list_tasks(stranger.request(message)).await);
        refusal.assert(Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    }
}
