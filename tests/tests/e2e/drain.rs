//! Stopping in order: nobody is cut off without a word, and nothing holds the end up.

use std::time::Duration;

use e2e::{Clients, Engine, Pair, Program, Refusal};
use tokio::net::TcpStream;
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus, health_client::HealthClient,
};
use xtask::process::Signal;

use crate::sqlite_lock::Lock;

const WITHIN: Duration = Duration::from_secs(10);

async fn watch(channel: Channel) -> tonic::Streaming<HealthCheckResponse> {
    let mut watching = HealthClient::new(channel).watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let first = watching.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    watching
}

/// What a watcher hears last.
async fn ending(mut watching: tonic::Streaming<HealthCheckResponse>) -> Status {
    loop {
        match watching.message().await {
            Ok(Some(health)) => assert_eq!(health.status(), ServingStatus::NotServing),
            Ok(None) => panic!("the stream must end with a status that says why"),
            Err(status) => return status,
        }
    }
}

async fn stops_in_order(program: &mut Program, watchers: Vec<Channel>) {
    let mut silent = Vec::new();
    let mut watching = Vec::new();
    for channel in watchers {
        watching.push(watch(channel).await);
    }
    for _ in 0..3 {
        silent.push(TcpStream::connect(program.operations()).await.unwrap());
    }
    let ((status, took), endings) =
        tokio::join!(program.stop(), futures::future::join_all(watching.into_iter().map(ending)));
    assert!(status.success(), "{status}:\n{}", program.log());
    assert!(took < WITHIN, "{took:?}");
    for status in endings {
        let refusal = Refusal::of(&status);
        refusal.assert(Code::Unavailable, "SHUTTING_DOWN");
        assert!(refusal.retry_after().is_some_and(|delay| !delay.is_zero()), "{refusal:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_streams_and_silent_connections_do_not_hold_up_the_end() {
    let mut pair = Pair::on(Engine::Sqlite).await.start().await;
    let _silent = [
        TcpStream::connect(pair.address("AUTH_LISTEN")).await.unwrap(),
        TcpStream::connect(pair.address("AUTH_INTERNAL_LISTEN")).await.unwrap(),
        TcpStream::connect(pair.address("TASK_LISTEN")).await.unwrap(),
    ];
    let auth = vec![pair.channel("AUTH_LISTEN"), pair.channel("AUTH_INTERNAL_LISTEN")];
    let task = vec![pair.channel("TASK_LISTEN")];
    let Pair { auth: auth_service, task: task_service, .. } = &mut pair;
    tokio::join!(stops_in_order(auth_service, auth), stops_in_order(task_service, task));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_in_flight_ends_well_before_the_service_does() {
    let mut pair = Pair::on(Engine::Sqlite).await.start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    clients.create(&person, "first").await.unwrap();
    let lock = Lock::take(pair.task.setting("TASK_DATABASE_URL")).await;
    let in_flight = tokio::spawn({
        let (clients, person): (Clients, _) = (clients.clone(), person.clone());
        async move { clients.create(&person, "in flight").await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    pair.task.signal(Signal::TERM);
    tokio::time::sleep(Duration::from_millis(300)).await;
    lock.release().await;
    let task = in_flight.await.unwrap().expect("a call in flight must end well");
    let (status, _) = pair.task.stop().await;
    assert!(status.success(), "{status}");
    pair.task.start().await;
    assert_eq!(pair.direct().get(&person, &task.id).await.unwrap(), task);
}
