//! auth-service is away: nobody is let in, nobody is told that a good token is bad, and it is over at once.

use std::time::{Duration, Instant};

use e2e::{Clients, Engine, Pair, Person, Refusal, eventually};
use tonic::Code;
use xtask::process::Signal;

const RECOVERY: Duration = Duration::from_secs(1);

async fn assert_unavailable(clients: &Clients, person: &Person) {
    let refusal = Refusal::expect(clients.list(person).await);
    refusal.assert(Code::Unavailable, "AUTH_UNAVAILABLE");
    assert_eq!(refusal.domain, "auth.duet");
    assert!(refusal.retry_after().is_some_and(|delay| !delay.is_zero()), "{refusal:?}");
}

async fn assert_served_again(clients: &Clients, person: &Person) {
    let again = async || clients.list(person).await.ok();
    let (tasks, took) = eventually("service after auth-service is back", Duration::from_secs(10), again).await;
    assert_eq!(tasks.len(), 1);
    assert!(took <= RECOVERY, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn task_calls_are_unavailable_while_auth_service_is_away_and_served_within_a_second_after() {
    let mut pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let clients = [pair.direct(), pair.through_edge()];
    let person = clients[0].sign_up().await;
    clients[0].create(&person, "kept").await.unwrap();
    for crash in [false, true] {
        match crash {
            true => pair.auth.kill(),
            false => assert!(pair.auth.stop().await.0.success()),
        }
        // Longer than any pause between attempts to connect would have grown.
        for _ in 0..10 {
            for clients in &clients {
                assert_unavailable(clients, &person).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        pair.auth.start().await;
        for clients in &clients {
            assert_served_again(clients, &person).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_auth_service_is_unavailable_within_the_deadline() {
    let mut pair = Pair::on(Engine::Sqlite).await.start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    clients.create(&person, "kept").await.unwrap();
    pair.auth.signal(Signal::STOP);
    let start = Instant::now();
    assert_unavailable(&clients, &person).await;
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let mut request = person.request(proto::task::v1::ListTasksRequest::default());
    request.set_timeout(Duration::from_secs(4));
    let refusal = Refusal::expect(clients.tasks().list_tasks(request).await);
    refusal.assert(Code::Unavailable, "AUTH_UNAVAILABLE");
    pair.auth.signal(Signal::CONT);
    assert_served_again(&clients, &person).await;
}
