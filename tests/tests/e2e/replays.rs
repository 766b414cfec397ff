//! One request sent often, and many requests that only one can win.

use e2e::{Engine, Pair, Refusal, on_both_engines};
use futures::future::join_all;
use proto::task::v1::{CreateTaskRequest, Task, UpdateTaskRequest};
use tonic::Code;
use uuid::Uuid;

on_both_engines! {
    async fn one_request_id_has_one_effect_and_one_answer_also_after_a_restart(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        let clients = pair.direct();
        let person = clients.sign_up().await;
        let message = CreateTaskRequest {
            task: Some(Task { title: "once".to_owned(), ..Task::default() }),
            request_id: Uuid::new_v4().to_string(),
            ..CreateTaskRequest::default()
        };
        let answers = join_all((0..50).map(async |_| {
            clients.tasks().create_task(person.request(message.clone())).await.unwrap().into_inner()
        }))
        .await;
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");

        pair.task.kill();
        pair.task.start().await;
        let clients = pair.direct();
        let again = clients.tasks().create_task(person.request(message.clone())).await.unwrap().into_inner();
        assert_eq!(again, answers[0]);
        assert_eq!(clients.list(&person).await.unwrap(), [again.task.unwrap()]);

        let other = CreateTaskRequest { task: Some(Task { title: "other".to_owned(), ..Task::default() }), ..message };
        let refusal = Refusal::expect(clients.tasks().create_task(person.request(other)).await);
        refusal.assert(Code::InvalidArgument, "REQUEST_ID_REUSED");
    }

    async fn of_fifty_racing_writes_with_one_etag_one_succeeds(engine: Engine) {
        let pair = Pair::on(engine).await.start().await;
        let clients = pair.direct();
        let person = clients.sign_up().await;
        let task = clients.create(&person, "contested").await.unwrap();
        let answers = join_all((0..50).map(async |number| {
            let task = Task { title: format!("writer {number}"), ..task.clone() };
            let message = UpdateTaskRequest { task: Some(task), ..UpdateTaskRequest::default() };
            clients.tasks().update_task(person.request(message)).await
        }))
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 49));
        lost.into_iter().for_each(|lost| Refusal::expect(lost).assert(Code::Aborted, "ETAG_MISMATCH"));
        let winner = won.into_iter().next().unwrap().unwrap().into_inner().task.unwrap();
        assert_eq!(clients.list(&person).await.unwrap(), [winner]);
    }
}
