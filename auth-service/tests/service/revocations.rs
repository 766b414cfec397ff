//! Every session that ends before its time is written down once, and refused by every replica.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::{
    MASTER_KEY, PASSWORD, Service, bearer, column, connection, eventually, execute,
    proxy::{Proxy, Way},
    reason, settings,
    watching::Watching,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{
    ChangePasswordRequest, DeleteMeRequest, LogoutRequest, RejectionReason, RevokeOtherSessionsRequest,
    RevokeSessionRequest, Tokens, validate_token_response::Verdict,
};
use sea_orm::{ConnectionTrait, DatabaseConnection};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};

/// Whoever is revoked is refused everywhere within this.
const BOUND: Duration = Duration::from_secs(3);
const EMAIL: &str = "ada@example.org";

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

fn claims(token: &str) -> serde_json::Value {
    let payload = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// The session that a token belongs to.
fn session(token: &str) -> String {
    claims(token)["sid"].as_str().unwrap().to_owned()
}

async fn log_in(service: &Service) -> Tokens {
    service.log_in(EMAIL, PASSWORD).await.unwrap().1
}

/// The sessions that are written down, in order.
async fn revoked(database: &TestDatabase) -> Vec<String> {
    let sessions: Vec<uuid::Uuid> = column(database, "SELECT session_id FROM revocation ORDER BY number, id").await;
    sessions.iter().map(ToString::to_string).collect()
}

async fn users(database: &TestDatabase, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command
        .current_dir(database.folder())
        .env("AUTH_DATABASE_URL", &database.settings.url)
        .arg("users")
        .args(arguments);
    if database.engine == Engine::Postgres {
        command.env("AUTH_MASTER_KEY", MASTER_KEY);
    }
    let run = move || command.stdin(Stdio::null()).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Ends a session without a word to any service: what a replica commits whose doorbell is out of order.
async fn end_in_silence(connection: &impl ConnectionTrait, engine: Engine, session: &str) {
    let session = match engine {
        Engine::Postgres => format!("'{session}'"),
        Engine::Sqlite => format!("unhex('{}')", session.replace('-', "")),
    };
    let id = match engine {
        Engine::Postgres => "gen_random_uuid()",
        Engine::Sqlite => "randomblob(16)",
    };
    let end = format!("UPDATE session SET end_time = create_time WHERE id = {session}");
    let tell = format!(
        "INSERT INTO revocation (id, session_id, expire_time) SELECT {id}, id, expire_time FROM session WHERE id = {session}"
    );
    for statement in [end, tell] {
        connection.execute_unprepared(&statement).await.unwrap();
    }
}

on_both_databases! {
    async fn every_way_to_end_a_session_is_written_down_once_and_heeded_at_once(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let mine = service.sign_up(EMAIL).await.unwrap().tokens.unwrap();
        let mut watching = Watching::begin(&service, "").await.unwrap();
        assert_eq!(watching.snapshot().await, []);
        let mut expected = Vec::new();
        let mut ended = async |ended: &[&Tokens]| {
            let mut sessions: Vec<_> = ended.iter().map(|tokens| session(&tokens.access_token)).collect();
            for tokens in ended {
                assert_eq!(service.rejection(&tokens.access_token).await, RejectionReason::Revoked);
            }
            let mut told = watching.news().await;
            told.sort_unstable();
            sessions.sort_unstable();
            assert_eq!(told, sessions);
            expected.extend(sessions);
            expected.sort_unstable();
            let mut rows = revoked(&database).await;
            rows.sort_unstable();
            assert_eq!(rows, expected);
        };
        let mut auth = service.auth().await;

        let other = log_in(&service).await;
        assert!(service.accepts(&other.access_token).await);
        for _ in 0..2 {
            auth.logout(bearer(&other.access_token, LogoutRequest::default())).await.unwrap();
        }
        ended(&[&other]).await;

        let other = log_in(&service).await;
        auth.logout(LogoutRequest { refresh_token: other.refresh_token.clone() }).await.unwrap();
        ended(&[&other]).await;

        let other = log_in(&service).await;
        let request = RevokeSessionRequest { session_id: session(&other.access_token) };
        auth.revoke_session(bearer(&mine.access_token, request)).await.unwrap();
        ended(&[&other]).await;

        let others = [log_in(&service).await, log_in(&service).await];
        auth.revoke_other_sessions(bearer(&mine.access_token, RevokeOtherSessionsRequest {})).await.unwrap();
        ended(&[&others[0], &others[1]]).await;

        let stolen = log_in(&service).await;
        service.refresh(&stolen.refresh_token).await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        assert_eq!(reason(&service.refresh(&stolen.refresh_token).await.unwrap_err()), "REFRESH_TOKEN_INVALID");
        ended(&[&stolen]).await;

        let other = log_in(&service).await;
        let new_password = "Another-7-password".to_owned();
        let request = ChangePasswordRequest {
            current_password: PASSWORD.into(),
            new_password: new_password.clone(),
            revoke_other_sessions: None,
        };
        auth.change_password(bearer(&mine.access_token, request)).await.unwrap();
        ended(&[&other]).await;

        let other = service.log_in(EMAIL, &new_password).await.unwrap().1;
        auth.delete_me(bearer(&mine.access_token, DeleteMeRequest { password: new_password })).await.unwrap();
        ended(&[&mine, &other]).await;
        service.stop().await;
    }

    async fn what_a_command_ends_is_refused_before_long(database: TestDatabase) {
        let service = Service::start(&database).await;
        let disabled = [service.signed_up(EMAIL).await.1, log_in(&service).await.access_token];
        let deleted = service.signed_up("eve@example.org").await.1;
        for token in disabled.iter().chain([&deleted]) {
            assert!(service.accepts(token).await);
        }
        users(&database, &["disable", EMAIL]).await;
        for token in &disabled {
            let took = service.soon_refuses(token).await;
            assert!(took < BOUND, "{took:?}");
        }
        users(&database, &["delete", "eve@example.org", "--yes"]).await;
        service.soon_refuses(&deleted).await;
        // Enabling gives nothing back, and disabling again ends nothing twice.
        users(&database, &["enable", EMAIL]).await;
        users(&database, &["disable", EMAIL]).await;
        let mut rows = revoked(&database).await;
        rows.sort_unstable();
        let mut expected: Vec<_> = disabled.iter().chain([&deleted]).map(|token| session(token)).collect();
        expected.sort_unstable();
        assert_eq!(rows, expected);
        service.stop().await;
    }

    async fn a_revocation_is_remembered_as_long_as_its_tokens_and_no_longer(database: TestDatabase) {
        let clock = manual_clock();
        let arguments = ["--auth-access-token-lifetime", "7d", "--auth-session-idle-lifetime", "6d"];
        let service = Service::start_with(&database, clock.clone(), &arguments).await;
        let short = service.sign_up(EMAIL).await.unwrap().tokens.unwrap();
        service.auth().await.logout(bearer(&short.access_token, LogoutRequest::default())).await.unwrap();
        service.stop().await;
        let arguments = ["--auth-access-token-lifetime", "7d"];
        let service = Service::start_with(&database, clock.clone(), &arguments).await;
        let long = log_in(&service).await;
        service.auth().await.logout(bearer(&long.access_token, LogoutRequest::default())).await.unwrap();
        let times: Vec<DateTime<chrono::Utc>> = column(&database, "SELECT expire_time FROM revocation ORDER BY expire_time").await;
        let day = 24 * 3600;
        let seconds: Vec<_> = times.iter().map(|time| time.timestamp() - 1_800_000_000).collect();
        assert_eq!(seconds, [6 * day + 60, 7 * day + 60], "a minute longer than the last token");
        for (token, exp) in [(&short, 6 * day), (&long, 7 * day)] {
            assert_eq!(claims(&token.access_token)["exp"], 1_800_000_000 + exp);
        }
        service.stop().await;
    }

    async fn a_session_outlives_its_tokens_though_the_settings_have_become_shorter(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let first = service.sign_up(EMAIL).await.unwrap().tokens.unwrap();
        service.stop().await;
        let arguments = ["--auth-session-idle-lifetime", "1h", "--auth-access-token-lifetime", "1h"];
        let service = Service::start_with(&database, clock.clone(), &arguments).await;
        clock.advance(TimeDelta::minutes(1));
        let second = service.refresh(&first.refresh_token).await.unwrap();
        clock.advance(TimeDelta::hours(2));
        assert!(service.accepts(&first.access_token).await);
        assert_eq!(service.rejection(&second.access_token).await, RejectionReason::Expired);
        let expire_time: DateTime<chrono::Utc> = column(&database, "SELECT expire_time FROM session").await[0];
        assert!(expire_time.timestamp() >= claims(&first.access_token)["exp"].as_i64().unwrap());
        // What ends it is heeded, because it had not ended by itself.
        let logout = LogoutRequest { refresh_token: second.refresh_token };
        service.auth().await.logout(logout).await.unwrap();
        assert_eq!(service.rejection(&first.access_token).await, RejectionReason::Revoked);
        service.stop().await;
    }

    async fn what_ended_before_there_was_the_table_stays_refused(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up(EMAIL).await;
        let living = log_in(&service).await.access_token;
        service.auth().await.logout(bearer(&token, LogoutRequest::default())).await.unwrap();
        service.stop().await;
        // The step that makes the table is taken again, and what it fills in goes into the table of today.
        for statement in [
            "ALTER TABLE revocation RENAME TO today",
            "DROP INDEX revocation_by_number",
            "DROP INDEX revocation_by_expire_time",
            "DELETE FROM seaql_migrations WHERE version LIKE '%_revocation'",
        ] {
            execute(&database, statement).await;
        }
        auth_service::app::migrate(&settings(&database, &[])).await.unwrap();
        for statement in [
            "DELETE FROM today",
            "INSERT INTO today (id, session_id, expire_time) SELECT id, session_id, expire_time FROM revocation",
            "DROP TABLE revocation",
            "ALTER TABLE today RENAME TO revocation",
        ] {
            execute(&database, statement).await;
        }
        let service = Service::start(&database).await;
        assert_eq!(service.rejection(&token).await, RejectionReason::Revoked);
        assert!(service.accepts(&living).await);
        service.stop().await;
    }

    async fn many_are_read_in_pages_and_told_in_parts(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        const MANY: usize = 12_345;
        let (id, time) = match database.engine {
            Engine::Sqlite => ("randomblob(16)", "'2100-01-01T00:00:00+00:00'"),
            Engine::Postgres => ("gen_random_uuid()", "'2100-01-01'"),
        };
        let rows = format!(
            "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY}) \
             INSERT INTO revocation (id, session_id, expire_time) SELECT {id}, {id}, {time} FROM numbers"
        );
        execute(&database, &rows).await;
        execute(&database, &rows.replace("2100", "2001")).await;
        let service = Service::start(&database).await;
        let mut watching = Watching::begin(&service, "").await.unwrap();
        let mut told = Vec::new();
        while told.len() < MANY {
            let part = watching.snapshot().await;
            assert!(part.len() <= 1000);
            told.extend(part.iter().map(|revocation| crate::support::watching::session(revocation).to_owned()));
        }
        assert!(watching.is_silent_for(Duration::from_millis(600)).await);
        let mut all: Vec<String> = revoked(&database).await;
        all.sort_unstable();
        told.sort_unstable();
        assert_eq!(told.len(), MANY, "those that have expired are not told");
        assert!(told.iter().all(|session| all.binary_search(session).is_ok()));
        service.stop().await;
    }

    async fn another_process_is_heard_without_a_doorbell(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up(EMAIL).await;
        let connection = connection(&database).await;
        for _ in 0..5 {
            let token = log_in(&service).await.access_token;
            assert!(service.accepts(&token).await);
            end_in_silence(&connection, database.engine, &session(&token)).await;
            let took = service.soon_refuses(&token).await;
            assert!(took < BOUND, "{took:?}");
        }
        service.stop().await;
    }
}

async fn raw(database: &TestDatabase) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(&database.settings.url);
    options.max_connections(1).idle_timeout(None).max_lifetime(None);
    sea_orm::Database::connect(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_held_open_while_later_ones_commit_is_not_missed() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let service = Service::start(&database).await;
    let (_, token) = service.signed_up(EMAIL).await;
    let mut watching = Watching::begin(&service, "").await.unwrap();
    watching.snapshot().await;
    assert!(service.accepts(&token).await);

    let slow = raw(&database).await;
    slow.execute_unprepared("BEGIN").await.unwrap();
    end_in_silence(&slow, Engine::Postgres, &session(&token)).await;
    for _ in 0..6 {
        let later = log_in(&service).await.access_token;
        service.auth().await.logout(bearer(&later, LogoutRequest::default())).await.unwrap();
        assert_eq!(watching.news().await, [session(&later)]);
        // Long enough for a reading between each of them.
        tokio::time::sleep(Duration::from_millis(350)).await;
    }
    assert!(service.accepts(&token).await, "it has not been committed");
    slow.execute_unprepared("COMMIT").await.unwrap();
    service.soon_refuses(&token).await;
    assert_eq!(watching.news().await, [session(&token)]);
    let last = column::<uuid::Uuid>(&database, "SELECT session_id FROM revocation ORDER BY number LIMIT 1").await;
    assert_eq!(last[0].to_string(), session(&token), "its number was the lowest");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_that_took_over_numbers_again_is_not_missed() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let proxy = Proxy::before(&database).await;
    let service = Service::start_from(proxy.through(settings(&database, &[])), Clock::system()).await;
    let (_, token) = service.signed_up(EMAIL).await;
    assert!(service.accepts(&token).await);
    proxy.set(Way::Cut);
    let connection = raw(&database).await;
    end_in_silence(&connection, Engine::Postgres, &session(&token)).await;
    // Long below the horizon.
    connection.execute_unprepared("UPDATE revocation SET number = 5").await.unwrap();
    proxy.set(Way::Open);
    let refused = async || matches!(service.judge(&token, "").await, Ok(Verdict::Rejection(_)));
    eventually(Duration::from_secs(5), refused).await;
    let mut watching = watching_soon(&service).await;
    assert_eq!(watching.snapshot().await.len(), 1);
    service.stop().await;
}

async fn watching_soon(service: &Service) -> Watching {
    let mut watching = None;
    let begun = async || {
        watching = Watching::begin(service, "").await.ok();
        watching.is_some()
    };
    eventually(Duration::from_secs(5), begun).await;
    watching.unwrap()
}

async fn replicas(database: &TestDatabase) -> [Service; 2] {
    [Service::start(database).await, Service::start(database).await]
}

/// How long it takes until one replica refuses what another one has revoked.
async fn delay([here, there]: &[Service; 2]) -> Duration {
    let token = log_in(here).await.access_token;
    assert!(there.accepts(&token).await);
    here.auth().await.logout(bearer(&token, LogoutRequest::default())).await.unwrap();
    assert!(!here.accepts(&token).await, "its own replica heeds it before it answers");
    there.soon_refuses(&token).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_hear_of_each_other_by_the_doorbell() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let replicas = replicas(&database).await;
    replicas[0].signed_up(EMAIL).await;
    // By reading each 250 ms alone, a quarter of them would be so quick; a busy machine may need a second attempt.
    let mostly_quick = async || {
        let mut quick = 0;
        for _ in 0..20 {
            quick += u32::from(delay(&replicas).await < Duration::from_millis(60));
        }
        quick > 10
    };
    eventually(Duration::from_secs(30), mostly_quick).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_agree_within_a_second_when_the_doorbell_is_dead() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let replicas = replicas(&database).await;
    replicas[0].signed_up(EMAIL).await;
    let connection = raw(&database).await;
    let killing = tokio::spawn(async move {
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                    WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query LIKE '%pg_notify%') \
                    AND pid <> pg_backend_pid()";
        loop {
            connection.execute_unprepared(kill).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut delays = Vec::new();
    for _ in 0..10 {
        delays.push(delay(&replicas).await);
    }
    killing.abort();
    delays.sort_unstable();
    assert!(delays[5] < Duration::from_secs(1) && delays[9] < BOUND, "{delays:?}");
    let back = async || delay(&replicas).await < Duration::from_millis(60);
    eventually(Duration::from_secs(10), back).await;
}
