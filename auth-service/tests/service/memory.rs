//! Tokens are judged from memory, as long as that can vouch for them.

use std::time::{Duration, Instant};

use crate::support::{
    PASSWORD, Service, bearer, eventually, execute,
    proxy::{Proxy, Way},
    reason, settings,
};
use proto::auth::v1::{LogoutRequest, RejectionReason};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tonic::Code;

/// What an operator sees.
async fn metric(service: &Service, name: &str) -> f64 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(service.operations).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: duet\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let line = answer.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("{name} in {answer}")).rsplit(' ').next().unwrap().parse().unwrap()
}

/// The service with tables that it would have to ask about a session out of its reach.
async fn without_tables(database: &TestDatabase) -> (Service, [String; 3]) {
    let service = Service::start(database).await;
    let (_, warm) = service.signed_up("ada@example.org").await;
    let cold = service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token;
    let ended = service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token;
    assert!(service.accepts(&warm).await);
    service.auth().await.logout(bearer(&ended, LogoutRequest::default())).await.unwrap();
    for table in ["session", "user_account", "signing_key"] {
        execute(database, &format!("ALTER TABLE {table} RENAME TO {table}_away")).await;
    }
    (service, [warm, cold, ended])
}

on_both_databases! {
    async fn neither_a_warm_nor_a_cold_token_is_looked_up(database: TestDatabase) {
        let (service, [warm, cold, ended]) = without_tables(&database).await;
        for _ in 0..3 {
            assert!(service.accepts(&warm).await && service.accepts(&cold).await);
            assert_eq!(service.rejection(&ended).await, RejectionReason::Revoked);
        }
        assert_eq!(metric(&service, "auth_tokens_cold_total").await, 2.0);
        assert_eq!(metric(&service, "auth_tokens_warm_total").await, 5.0, "warm once before, twice three times less one");
        assert_eq!(metric(&service, "auth_tokens_asked_total").await, 0.0);
        assert!(metric(&service, "auth_tokens_rejected_total").await >= 3.0);
        assert_eq!(metric(&service, "auth_revocations_known").await, 1.0);
        assert!(metric(&service, "auth_revocations_read_age_seconds").await < 1.0);
        service.stop().await;
    }

    async fn what_has_ended_is_refused_by_a_replica_that_has_just_started(database: TestDatabase) {
        let (service, [warm, cold, ended]) = without_tables(&database).await;
        service.stop().await;
        execute(&database, "ALTER TABLE signing_key_away RENAME TO signing_key").await;
        let service = Service::start(&database).await;
        assert_eq!(service.rejection(&ended).await, RejectionReason::Revoked, "without a moment's delay");
        assert!(service.accepts(&warm).await && service.accepts(&cold).await);
        service.stop().await;
    }

    async fn without_readings_the_session_is_looked_up(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        let ended = service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token;
        execute(&database, "ALTER TABLE revocation RENAME TO revocation_away").await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert!(service.accepts(&token).await && service.accepts(&ended).await);
        assert_eq!(metric(&service, "auth_tokens_asked_total").await, 2.0);
        execute(&database, "UPDATE session SET end_time = create_time WHERE id = (SELECT max(id::text)::uuid FROM session)"
            .replace("(SELECT max(id::text)::uuid FROM session)", match database.engine {
                Engine::Postgres => "(SELECT id FROM session ORDER BY id DESC LIMIT 1)",
                Engine::Sqlite => "(SELECT max(id) FROM session)",
            }).as_str()).await;
        assert_eq!(service.rejection(&ended).await, RejectionReason::Revoked);
        execute(&database, "ALTER TABLE session RENAME TO session_away").await;
        for token in [&token, &ended] {
            let judged = service.judge(token, "").await;
            // The one that is refused for good may be refused from memory.
            let unknown = judged.as_ref().is_err_and(|status| status.code() == Code::Internal);
            assert!(unknown || token == &ended, "{judged:?}");
        }
        execute(&database, "ALTER TABLE revocation_away RENAME TO revocation").await;
        let back = async || service.judge(&token, "").await.is_ok();
        eventually(Duration::from_secs(3), back).await;
        service.stop().await;
    }
}

async fn unreachable_database(way: Way) {
    let database = TestDatabase::create(Engine::Postgres).await;
    let proxy = Proxy::before(&database).await;
    let service = Service::start_from(proxy.through(settings(&database, &[])), Clock::system()).await;
    let (_, warm) = service.signed_up("ada@example.org").await;
    let cold = service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token;
    let late = service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token;
    assert!(service.accepts(&warm).await);

    proxy.set(way);
    assert!(service.accepts(&warm).await && service.accepts(&cold).await, "there is nothing to ask the database");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for token in [&warm, &cold, &late] {
        let begun = Instant::now();
        let status = service.judge(token, "").await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "DATABASE_UNAVAILABLE"), "{way:?}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }

    proxy.set(Way::Open);
    let took = eventually(Duration::from_secs(10), async || service.judge(&late, "").await.is_ok()).await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    let asked = metric(&service, "auth_tokens_asked_total").await;
    let fresh = async || metric(&service, "auth_revocations_read_age_seconds").await < 1.0;
    eventually(Duration::from_secs(5), fresh).await;
    assert!(service.accepts(&warm).await);
    assert_eq!(metric(&service, "auth_tokens_asked_total").await, asked, "from memory again");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_silent_for_a_second_makes_tokens_unavailable() {
    unreachable_database(Way::Held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_for_a_second_makes_tokens_unavailable() {
    unreachable_database(Way::Cut).await;
}
