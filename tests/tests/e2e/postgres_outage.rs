//! PostgreSQL is stopped at once in the middle of writes (`pg_ctl stop -m immediate`), and comes back.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use e2e::{Clients, Pair, Person, Refusal, eventually, web};
use tokio::{join, task::spawn_blocking, time::sleep};
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use xtask::postgres::Postgres;

use crate::writers::Crowd;

const CYCLES: u64 = 50;
const WRITERS: usize = 4;
/// A pool tries a connection that was idle for so long before it hands it out, so that none from before the outage
/// is used after it.
const TRIED_AFTER: Duration = Duration::from_millis(500);
const PORTS: [&str; 3] = ["AUTH_LISTEN", "AUTH_INTERNAL_LISTEN", "TASK_LISTEN"];

async fn new_server() -> Postgres {
    spawn_blocking(Postgres::create).await.unwrap().expect("a PostgreSQL server of its own")
}

fn assert_unavailable(status: &Status) {
    let refusal = Refusal::of(status);
    assert_eq!(refusal.code, Code::Unavailable, "{refusal:?}");
    assert!(["DATABASE_UNAVAILABLE", "AUTH_UNAVAILABLE"].contains(&refusal.reason.as_str()), "{refusal:?}");
    assert!(refusal.retry_after().is_some_and(|delay| !delay.is_zero()), "{refusal:?}");
}

async fn health_becomes(pair: &Pair, expected: ServingStatus) {
    for port in PORTS {
        let channel = pair.channel(port);
        let reported = async || {
            let answer = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await;
            (answer.expect("health is always answered").into_inner().status() == expected).then_some(())
        };
        eventually(&format!("{expected:?} at {port}"), Duration::from_secs(5), reported).await;
    }
    for operations in [pair.auth.operations(), pair.task.operations()] {
        let ready = web::request(operations, "GET", "/readyz", &[], b"").await.status;
        assert_eq!(ready == 200, expected == ServingStatus::Serving, "{ready}");
    }
}

async fn assert_down(pair: &Pair, clients: &Clients, person: &Person) {
    health_becomes(pair, ServingStatus::NotServing).await;
    let (login, list, sign_up) = join!(clients.log_in(person), clients.list(person), clients.try_sign_up());
    assert_unavailable(&list.unwrap_err());
    for refused in [login.unwrap_err(), sign_up.unwrap_err()] {
        Refusal::of(&refused).assert(Code::Unavailable, "DATABASE_UNAVAILABLE");
        assert_unavailable(&refused);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_when_postgresql_stops_at_once_and_service_goes_on_when_it_is_back() {
    let mut server = new_server().await;
    let pair = Pair::inside(&server).await.start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    let mut crowd = Crowd::gather(&clients, WRITERS).await;
    for cycle in 0..CYCLES {
        let stopped = AtomicBool::new(false);
        let stopping = async {
            sleep(Duration::from_micros(300_000 + cycle * 1_337)).await;
            stopped.store(true, Ordering::SeqCst);
            server.stop_immediate().expect("to stop PostgreSQL");
        };
        let (told, ()) = join!(crowd.write(&clients, &stopped), stopping);
        told.iter().for_each(assert_unavailable);
        assert_down(&pair, &clients, &person).await;
        sleep(TRIED_AFTER).await;
        server.start().expect("to start PostgreSQL again");
        let again = async || clients.list(&person).await.ok();
        let (_, took) = eventually("service once PostgreSQL is back", Duration::from_secs(10), again).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        crowd.check(&clients).await;
        health_becomes(&pair, ServingStatus::Serving).await;
    }
    let (tasks, sign_ups) = crowd.check_all(&clients).await;
    assert!(tasks > 50 && sign_ups > 10, "too few writes to tell: {tasks} tasks, {sign_ups} sign-ups");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_own_database_task_service_says_so_itself() {
    let mut server = new_server().await;
    let folder = tempfile::tempdir().unwrap();
    let embedded = format!("sqlite://{}/auth.db", folder.path().display());
    let pair = Pair::inside(&server).await.set("AUTH_DATABASE_URL", embedded).start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    let task = clients.create(&person, "kept").await.unwrap();
    server.stop_immediate().expect("to stop PostgreSQL");
    for refused in [clients.list(&person).await.map(drop), clients.create(&person, "refused").await.map(drop)] {
        let refusal = Refusal::expect(refused);
        refusal.assert(Code::Unavailable, "DATABASE_UNAVAILABLE");
        assert_eq!(refusal.domain, "task.duet");
        assert!(refusal.retry_after().is_some_and(|delay| !delay.is_zero()), "{refusal:?}");
    }
    sleep(TRIED_AFTER).await;
    server.start().expect("to start PostgreSQL again");
    let again = async || clients.list(&person).await.ok();
    let (tasks, took) = eventually("service once PostgreSQL is back", Duration::from_secs(10), again).await;
    assert_eq!(tasks, [task]);
    assert!(took < Duration::from_secs(2), "{took:?}");
}
