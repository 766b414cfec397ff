//! WatchRevocations, as a verifier meets it.

use std::time::{Duration, Instant};

use crate::support::{
    PASSWORD, Service, bearer, eventually,
    proxy::{Proxy, Way},
    reason, settings,
    watching::{Watching, probe, start},
};
use proto::auth::v1::{LogoutRequest, WatchRevocationsRequest};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tonic::{Code, Status};

/// Begins a session and ends it.
async fn revoke(service: &Service) {
    let token = service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token;
    service.auth().await.logout(bearer(&token, LogoutRequest::default())).await.unwrap();
}

fn refusal(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}

fn malformed() -> (Code, String) {
    (Code::InvalidArgument, "REQUEST_MALFORMED".to_owned())
}

on_both_databases! {
    async fn a_cursor_goes_on_where_it_was_given_and_nowhere_else(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("ada@example.org").await;
        revoke(&service).await;
        let mut first = Watching::begin(&service, "").await.unwrap();
        let known = first.snapshot().await;
        assert_eq!(known.len(), 1);
        let id: uuid::Uuid = known[0].id.parse().unwrap();
        assert_eq!(id.get_version_num(), 7);
        assert!(known[0].expire_time.unwrap().seconds > id.get_timestamp().unwrap().to_unix().0 as i64 + 24 * 3600);
        revoke(&service).await;
        let news = first.news().await;
        assert_eq!(news.len(), 1);
        let cursor = first.cursor.clone();
        drop(first);
        revoke(&service).await;
        revoke(&service).await;
        let mut second = Watching::begin(&service, &cursor).await.unwrap();
        assert_eq!(second.news().await.len(), 2, "no more than what is new");
        service.stop().await;

        let service = Service::start(&database).await;
        for refused in [&cursor, &second.cursor, "1", "garbage", "a.b"] {
            let status = Watching::begin(&service, refused).await.err().unwrap();
            assert_eq!(refusal(&status), (Code::OutOfRange, "CURSOR_EXPIRED".to_owned()), "{refused}");
        }
        let mut third = Watching::begin(&service, "").await.unwrap();
        assert_eq!(third.snapshot().await.len(), 4);
        let ahead = third.cursor.rsplit_once('.').unwrap().0.to_owned() + ".5";
        let status = Watching::begin(&service, &ahead).await.err().unwrap();
        assert_eq!(refusal(&status), (Code::OutOfRange, "CURSOR_EXPIRED".to_owned()));
        service.stop().await;
    }

    async fn probes_are_echoed_after_a_reading(database: TestDatabase) {
        let service = Service::start(&database).await;
        let mut watching = Watching::begin(&service, "").await.unwrap();
        watching.snapshot().await;
        assert!(watching.is_silent_for(Duration::from_millis(600)).await, "nobody asked");
        for id in [0, 7, 8] {
            watching.send(probe(id)).await;
            let asked = Instant::now();
            assert_eq!(watching.echo().await, id);
            assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        }
        for id in 20..=60 {
            watching.send(probe(id)).await;
        }
        let mut echoes = vec![watching.echo().await];
        while *echoes.last().unwrap() < 60 {
            echoes.push(watching.echo().await);
        }
        assert!(echoes.len() <= 3, "one echo for many: {echoes:?}");
        watching.send(probe(61)).await;
        watching.echo().await;
        watching.say_no_more();
        service.signed_up("ada@example.org").await;
        revoke(&service).await;
        assert_eq!(watching.news().await.len(), 1, "one who only listens is told too");
        service.stop().await;
    }

    async fn what_does_not_belong_there_is_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        for first in [probe(1), WatchRevocationsRequest::default()] {
            let status = Watching::begin_with(&service, first).await.err().unwrap();
            assert_eq!(refusal(&status), malformed());
        }
        for wrong in [start(""), WatchRevocationsRequest::default(), probe(5), probe(4)] {
            let mut watching = Watching::begin(&service, "").await.unwrap();
            watching.send(probe(5)).await;
            watching.send(wrong).await;
            assert_eq!(refusal(&watching.end().await), malformed());
        }
        service.stop().await;
    }

    async fn a_stream_whose_client_keeps_asking_ends_when_the_service_does(database: TestDatabase) {
        let service = Service::start(&database).await;
        let mut watching = Watching::begin(&service, "").await.unwrap();
        watching.snapshot().await;
        let stopping = Instant::now();
        let asking = async {
            for id in 1.. {
                watching.send(probe(id)).await;
                if id == 50 {
                    service.begin_to_stop();
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
                if stopping.elapsed() > Duration::from_secs(1) {
                    return;
                }
            }
        };
        asking.await;
        assert_eq!(refusal(&watching.end().await), (Code::Unavailable, "SHUTTING_DOWN".to_owned()));
        service.stop().await;
        assert!(stopping.elapsed() < Duration::from_secs(6), "{:?}", stopping.elapsed());
    }
}

async fn a_replica_that_cannot_read_echoes_nothing(way: Way) {
    let database = TestDatabase::create(Engine::Postgres).await;
    let proxy = Proxy::before(&database).await;
    let service = Service::start_from(proxy.through(settings(&database, &[])), Clock::system()).await;
    let mut watching = Watching::begin(&service, "").await.unwrap();
    watching.snapshot().await;
    watching.send(probe(1)).await;
    assert_eq!(watching.echo().await, 1);

    proxy.set(way);
    watching.send(probe(2)).await;
    assert!(watching.is_silent_for(Duration::from_millis(1200)).await, "the last reading began before the probe came");
    let status = Watching::begin(&service, "").await.err().unwrap();
    assert_eq!(refusal(&status), (Code::Unavailable, "DATABASE_UNAVAILABLE".to_owned()));

    proxy.set(Way::Open);
    let begun = Instant::now();
    assert_eq!(watching.echo().await, 2);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    eventually(Duration::from_secs(5), async || Watching::begin(&service, "").await.is_ok()).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_echoed_while_the_database_is_silent() {
    a_replica_that_cannot_read_echoes_nothing(Way::Held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_echoed_while_the_database_is_gone() {
    a_replica_that_cannot_read_echoes_nothing(Way::Cut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_sent_away() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let service = Service::start(&database).await;
    let begun = Instant::now();
    let silent = futures::stream::pending();
    let status = service.tokens().await.watch_revocations(silent).await.unwrap_err();
    assert_eq!(refusal(&status), malformed());
    assert!(begun.elapsed() >= Duration::from_secs(9) && begun.elapsed() < Duration::from_secs(15));
    service.stop().await;
}
