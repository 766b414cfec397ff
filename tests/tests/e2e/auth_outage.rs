//! auth-service is away: who is known is served for as long as that is certain, nobody else is let in, nobody is told
//! that a good token is bad, and it is over at once.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use e2e::{Clients, Engine, Pair, Person, Refusal, eventually};
use futures::future::join_all;
use tokio::time::sleep;
use tonic::{Code, Status};
use xtask::process::Signal;

const RECOVERY: Duration = Duration::from_secs(1);
/// How long task-service lives without news of revocations (`TASK_MAX_STALENESS`).
const STALENESS: Duration = Duration::from_secs(3);
/// At least so much of it is left when auth-service goes: it has been heard of every second.
const LEFT: Duration = Duration::from_millis(1_200);

fn assert_unavailable(status: &Status) {
    let refusal = Refusal::of(status);
    refusal.assert(Code::Unavailable, "AUTH_UNAVAILABLE");
    assert_eq!(refusal.domain, "auth.duet");
    assert!(refusal.retry_after().is_some_and(|delay| !delay.is_zero()), "{refusal:?}");
}

/// Calls with a token that is known, from before auth-service goes until nobody may be served any more, and well beyond.
async fn assert_served_while_certain(clients: &Clients, person: &Person, going: Instant, gone: Instant) {
    let (mut served, mut refused) = (0, 0);
    while gone.elapsed() < STALENESS + Duration::from_secs(1) {
        let sent = Instant::now();
        match clients.list(person).await {
            Ok(_) => {
                assert!(sent < gone + STALENESS, "served {:?} after auth-service went", sent - gone);
                served += 1;
            }
            Err(status) => {
                assert_unavailable(&status);
                assert!(sent > going + LEFT, "refused {:?} after auth-service began to go", sent - going);
                refused += 1;
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(served > 5 && refused > 5, "{served} served, {refused} refused");
}

async fn assert_served_again(clients: &Clients, person: &Person) {
    let again = async || clients.list(person).await.ok();
    let (tasks, took) = eventually("service after auth-service is back", Duration::from_secs(10), again).await;
    assert_eq!(tasks.len(), 1);
    assert!(took <= RECOVERY, "{took:?}");
}

/// Waits until task-service hears from auth-service.
async fn hears(pair: &Pair) {
    let watched = async || (pair.auth.metric("auth_revocation_watchers ").await > 0.0).then_some(());
    eventually("task-service follows auth-service", Duration::from_secs(10), watched).await;
    // A probe comes back within a quarter of a second.
    sleep(Duration::from_millis(500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_auth_service_is_away_known_tokens_are_served_for_three_seconds_and_all_are_within_a_second_after() {
    let mut pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let clients = [pair.direct(), pair.through_edge()];
    let person = clients[0].sign_up().await;
    clients[0].create(&person, "kept").await.unwrap();
    for crash in [false, true] {
        let unknown = clients[0].log_in(&person).await.unwrap();
        hears(&pair).await;
        let going = Instant::now();
        match crash {
            true => pair.auth.kill(),
            false => assert!(pair.auth.stop().await.0.success()),
        }
        let gone = Instant::now();
        let certain =
            join_all(clients.iter().map(|clients| assert_served_while_certain(clients, &person, going, gone)));
        let strangers = async {
            while gone.elapsed() < STALENESS {
                assert_unavailable(&clients[0].list(&unknown).await.unwrap_err());
                sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::join!(certain, strangers);
        pair.auth.start().await;
        for clients in &clients {
            assert_served_again(clients, &person).await;
            assert_served_again(clients, &unknown).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_auth_service_is_unavailable_within_the_deadline() {
    let mut pair = Pair::on(Engine::Sqlite).await.start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    let unknown = clients.log_in(&person).await.unwrap();
    clients.create(&person, "kept").await.unwrap();
    hears(&pair).await;
    pair.auth.freeze().await;
    let gone = Instant::now();
    let in_time = async {
        let start = Instant::now();
        assert_unavailable(&clients.list(&unknown).await.unwrap_err());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        let mut request = unknown.request(proto::task::v1::ListTasksRequest::default());
        request.set_timeout(Duration::from_secs(4));
        assert_unavailable(&clients.tasks().list_tasks(request).await.unwrap_err());
    };
    let known = async {
        clients.list(&person).await.expect("a token that is known");
        sleep(STALENESS.saturating_sub(gone.elapsed())).await;
        assert_unavailable(&clients.list(&person).await.unwrap_err());
    };
    tokio::join!(in_time, known);
    pair.auth.signal(Signal::CONT);
    assert_served_again(&clients, &person).await;
}

const VALIDATIONS: &str = "grpc_server_handled_total{method=\"/duet.auth.v1.TokenService/ValidateToken\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auth_service_is_asked_about_once_for_each_token_and_not_overrun_when_it_returns() {
    const CLIENTS: usize = 64;
    const TOKENS: usize = 200;
    let mut pair = Pair::on(Engine::Sqlite).await.start().await;
    let clients = pair.direct();
    let person = clients.sign_up().await;
    clients.create(&person, "kept").await.unwrap();
    let sessions = clients.log_in_often(&person, TOKENS).await;
    let all = async || {
        join_all(sessions.iter().map(|session| clients.list(session))).await.into_iter().collect::<Result<Vec<_>, _>>()
    };
    for _ in 0..3 {
        all().await.expect("to be served");
    }
    assert_eq!(pair.auth.metric(VALIDATIONS).await, TOKENS as f64 + 1.0, "each was asked about once");

    pair.auth.kill();
    let gone = Instant::now();
    let (ended, back, served) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    let calling = join_all((0..CLIENTS).map(async |first| {
        for session in sessions.iter().cycle().skip(first * TOKENS / CLIENTS) {
            if ended.load(Ordering::SeqCst) {
                return;
            }
            match clients.list(session).await {
                Ok(_) => served.fetch_add(usize::from(back.load(Ordering::SeqCst)), Ordering::SeqCst),
                Err(status) => {
                    assert_unavailable(&status);
                    sleep(Duration::from_millis(50)).await;
                    0
                }
            };
        }
    }));
    let returning = async {
        sleep((STALENESS + RECOVERY).saturating_sub(gone.elapsed())).await;
        pair.auth.start().await;
        back.store(true, Ordering::SeqCst);
        assert_served_again(&clients, &person).await;
        let enough = async || (served.load(Ordering::SeqCst) > 4 * TOKENS).then_some(());
        eventually("service for everybody", Duration::from_secs(30), enough).await;
        ended.store(true, Ordering::SeqCst);
    };
    tokio::join!(calling, returning);
    let asked = pair.auth.metric(VALIDATIONS).await;
    eprintln!("{asked} validations over the return, {served:?} calls served");
    assert!(asked <= 1.5 * TOKENS as f64, "{asked} validations of {TOKENS} tokens");
}
