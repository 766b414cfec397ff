//! What people do, from signing up to logging out.

use e2e::{Clients, Engine, PROMPT, Pair, Refusal, on_both_engines};
use proto::{
    auth::v1::GetMeRequest,
    task::v1::{CompleteTaskRequest, CreateTaskRequest, State, Task},
};
use tonic::{Code, Status};
use uuid::Uuid;

on_both_engines! {
    async fn somebody_signs_up_and_gets_a_task_done(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        for clients in [pair.direct(), pair.through_edge()] {
            get_something_done(&clients).await;
        }
    }

    async fn a_stranger_gets_the_same_answer_before_and_after_a_task_exists(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        for clients in [pair.direct(), pair.through_edge()] {
            let (owner, stranger) = (clients.sign_up().await, clients.sign_up().await);
            let task_id = Uuid::now_v7().to_string();
            let before = clients.get(&stranger, &task_id).await.unwrap_err();
            let task = Task { title: "mine".to_owned(), ..Task::default() };
            let message = CreateTaskRequest { task: Some(task), task_id: task_id.clone(), ..Default::default() };
            clients.tasks().create_task(owner.request(message)).await.unwrap();
            let after = clients.get(&stranger, &task_id).await.unwrap_err();
            Refusal::of(&before).assert(Code::NotFound, "TASK_NOT_FOUND");
            assert_eq!(bytes(&before), bytes(&after));
            assert_eq!(clients.get(&owner, &task_id).await.unwrap().title, "mine");
        }
    }

    async fn a_session_ends_everywhere_at_logout_and_others_go_on(engine: Engine) {
        let pair = Pair::on(engine).await.start().await;
        let clients = pair.direct();
        let phone = clients.sign_up().await;
        let laptop = clients.log_in(&phone).await.unwrap();
        clients.create(&phone, "before").await.unwrap();
        clients.log_out(&phone).await.unwrap();
        let me = clients.auth().get_me(phone.request(GetMeRequest {})).await;
        Refusal::expect(me).assert(Code::Unauthenticated, "TOKEN_REVOKED");
        clients.revoked_within(PROMPT, &phone).await;
        let refusal = Refusal::expect(clients.list(&phone).await);
        assert_eq!(refusal.domain, "auth.duet");
        assert_eq!(clients.list(&laptop).await.unwrap().len(), 1);
        clients.log_out(&phone).await.expect("a session that has ended can be ended");
    }

    async fn the_sixth_login_within_a_minute_waits(engine: Engine) {
        let pair = Pair::on(engine).await.default_limits().edge().start().await;
        let (direct, edge) = (pair.direct(), pair.through_edge());
        let person = direct.sign_up().await;
        for attempt in 1..=5 {
            let clients = if attempt % 2 == 0 { &edge } else { &direct };
            clients.log_in(&person).await.expect("five are let in");
        }
        for clients in [&direct, &edge] {
            let refusal = Refusal::expect(clients.log_in(&person).await);
            refusal.assert(Code::ResourceExhausted, "RATE_LIMITED");
            let wait = refusal.retry_after().expect("RetryInfo").as_secs_f64();
            assert!(wait > 30.0 && wait <= 60.0, "{wait} s");
        }
        direct.sign_up().await;
    }
}

async fn get_something_done(clients: &Clients) {
    let person = clients.sign_up().await;
    let person = clients.log_in(&person).await.unwrap();
    let me = clients.auth().get_me(person.request(GetMeRequest {})).await.unwrap().into_inner().user.unwrap();
    assert_eq!((&me.id, &me.email), (&person.id, &person.email));
    let first = clients.create(&person, "water the plants").await.unwrap();
    let second = clients.create(&person, "read").await.unwrap();
    assert_eq!(first.state(), State::NeedsAction);
    let listed = clients.list(&person).await.unwrap();
    assert_eq!(listed, [first.clone(), second.clone()]);
    let message = CompleteTaskRequest { task_id: first.id.clone(), etag: first.etag, ..Default::default() };
    let done = clients.tasks().complete_task(person.request(message)).await.unwrap().into_inner().task.unwrap();
    assert_eq!(done.state(), State::Completed);
    assert_eq!(clients.list(&person).await.unwrap(), [done, second]);
}

fn bytes(status: &Status) -> (Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}
