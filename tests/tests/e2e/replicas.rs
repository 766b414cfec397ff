//! Two task-services on one database are one service.

use e2e::{Engine, Pair, Refusal};
use futures::future::join_all;
use proto::task::v1::{CreateTaskRequest, ListTasksRequest, Task};
use tonic::Code;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_accept_each_others_page_tokens() {
    let pair = Pair::on(Engine::Postgres).await.start().await;
    let (_second, second) = pair.second_task_service().await;
    let first = pair.direct();
    let (person, stranger) = (first.sign_up().await, first.sign_up().await);
    let mut titles = Vec::new();
    for number in 0..5 {
        titles.push(format!("task {number}"));
        first.create(&person, &titles[number]).await.unwrap();
    }
    let (mut listed, mut page_token) = (Vec::new(), String::new());
    for clients in [&first, &second, &first] {
        let message = ListTasksRequest { page_size: 2, page_token: page_token.clone(), ..Default::default() };
        let page = clients.tasks().list_tasks(person.request(message)).await.unwrap().into_inner();
        listed.extend(page.tasks.into_iter().map(|task| task.title));
        let last = std::mem::replace(&mut page_token, page.next_page_token);
        if !last.is_empty() {
            let message = ListTasksRequest { page_size: 2, page_token: last, ..Default::default() };
            let refusal = Refusal::expect(second.tasks().list_tasks(stranger.request(message)).await);
            refusal.assert(Code::InvalidArgument, "PAGE_TOKEN_INVALID");
        }
    }
    assert_eq!((listed, page_token), (titles, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_id_at_two_replicas_has_one_effect() {
    let pair = Pair::on(Engine::Postgres).await.start().await;
    let (_second, second) = pair.second_task_service().await;
    let first = pair.direct();
    let person = first.sign_up().await;
    let request_id = Uuid::new_v4().to_string();
    let answers = join_all((0..20).map(async |number| {
        let clients = if number % 2 == 0 { &first } else { &second };
        let task = Task { title: "once".to_owned(), ..Task::default() };
        let message = CreateTaskRequest { task: Some(task), request_id: request_id.clone(), ..Default::default() };
        clients.tasks().create_task(person.request(message)).await.unwrap().into_inner()
    }))
    .await;
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(second.list(&person).await.unwrap().len(), 1);
}
