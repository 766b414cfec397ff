//! Somebody else's task is no task, whatever is asked of it.

use e2e::{Clients, Engine, Pair, Person, Refusal, on_both_engines};
use prost_reflect::DescriptorPool;
use proto::task::v1::{
    CompleteTaskRequest, CreateTaskRequest, DeleteTaskRequest, GetTaskRequest, ListTasksRequest, Task,
    UpdateTaskRequest,
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
        "DeleteTask" => {
            let message = DeleteTaskRequest { task_id, etag, ..DeleteTaskRequest::default() };
            tasks.delete_task(caller.request(message)).await.map(drop)
        }
        other => panic!("{other} has no attempt with a foreign id yet"),
    }
}

/// RPCs that take no id of a task that is there already; the second test is about them.
const WITHOUT_ID: [&str; 2] = ["CreateTask", "ListTasks"];

on_both_engines! {
    async fn every_rpc_answers_a_foreign_id_like_one_that_never_existed(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        let clients = pair.direct();
        let (owner, stranger) = (clients.sign_up().await, clients.sign_up().await);
        let task = clients.create(&owner, "mine").await.unwrap();
        let unknown = Uuid::now_v7().to_string();
        let pool = DescriptorPool::decode(proto::PUBLIC_DESCRIPTORS).unwrap();
        let service = pool.get_service_by_name("duet.task.v1.TaskService").unwrap();
        let rpcs: Vec<String> = service.methods().map(|method| method.name().to_owned()).collect();
        assert!(WITHOUT_ID.iter().all(|rpc| rpcs.iter().any(|known| known == rpc)));
        for rpc in rpcs.iter().filter(|rpc| !WITHOUT_ID.contains(&rpc.as_str())) {
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
        for rpc in rpcs.iter().filter(|rpc| !WITHOUT_ID.contains(&rpc.as_str())) {
            try_rpc(&clients, &owner, rpc, &task.id, "").await.expect("the owner may");
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
        let message = ListTasksRequest { page_size: 1, page_token: String::new() };
        let page = clients.tasks().list_tasks(owner.request(message)).await.unwrap().into_inner();
        let message = ListTasksRequest { page_size: 1, page_token: page.next_page_token };
        let refusal = Refusal::expect(clients.tasks().list_tasks(stranger.request(message)).await);
        refusal.assert(Code::InvalidArgument, "PAGE_TOKEN_INVALID");
    }
}
