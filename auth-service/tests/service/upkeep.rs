//! What is forgotten in time, and what is not.

use std::time::Duration;

use crate::support::{PASSWORD, Service, bearer, column, execute};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{LogoutRequest, SignUpRequest};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

async fn count(database: &TestDatabase, table: &str) -> i64 {
    column::<i64>(database, &format!("SELECT count(*) FROM {table}")).await[0]
}

/// Writes events whose ids are the `numbers` of a time long ago.
async fn write_old_events(database: &TestDatabase, numbers: std::ops::RangeInclusive<u32>) {
    let (id, time) = match database.engine {
        Engine::Sqlite => ("unhex(printf('000000000000700080000000%08x', n))", "'2020-01-01T00:00:00+00:00'"),
        Engine::Postgres => ("('00000000-0000-7000-8000-0000' || lpad(to_hex(n), 8, '0'))::uuid", "now()"),
    };
    let (first, last) = numbers.into_inner();
    let rows = format!(
        "WITH RECURSIVE numbers(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) \
         INSERT INTO auth_event (id, type, source, ip_address, user_agent, request_id, create_time, count) \
         SELECT {id}, 'LOGGED_OUT', 'RPC', '', '', '', {time}, 1 FROM numbers"
    );
    execute(database, &rows).await;
}

/// Starts it anew, so that it looks for what is old, and tells how much of each table is left.
async fn left_after_a_start(database: &TestDatabase, clock: &Clock, tables: &[&str]) -> Vec<i64> {
    // Events are looked for last: once this one is gone, so is all that is old.
    write_old_events(database, 1..=1).await;
    // No key is made meanwhile, which would be an event, too.
    let settings = ["--auth-event-retention", "400d", "--auth-key-lifetime", "3650d"];
    let service = Service::start_with(database, clock.clone(), &settings).await;
    let old = "SELECT count(*) FROM auth_event WHERE request_id = ''";
    let forgetting = async {
        while column::<i64>(database, old).await != [0] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), forgetting).await.unwrap();
    let mut left = Vec::new();
    for table in tables {
        left.push(count(database, table).await);
    }
    service.stop().await;
    left
}

on_both_databases! {
    async fn each_thing_is_forgotten_in_its_time(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let ada =
            SignUpRequest {
                email: "ada@example.org".into(),
                password: PASSWORD.into(),
                display_name: String::new(),
                ..SignUpRequest::default()
            };
        service.auth_as("first").await.sign_up(ada).await.unwrap();
        service.log_in("ada@example.org", "wrong").await.unwrap_err();
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        service.stop().await;
        let left = async || {
            let tables = ["attempt_window", "attempt", "known_address", "session", "auth_event"];
            left_after_a_start(&database, &clock, &tables).await
        };
        // The windows: the client's two, and that of the account's known address, which holds the failure.
        assert_eq!(left().await, [3, 4, 1, 2, 3]);
        clock.advance(TimeDelta::seconds(60));
        assert_eq!(left().await, [3, 4, 1, 2, 3]);
        clock.advance(TimeDelta::microseconds(1));
        assert_eq!(left().await, [1, 1, 1, 2, 3]);
        clock.advance(TimeDelta::hours(1));
        assert_eq!(left().await, [0, 0, 1, 2, 3]);
        clock.advance(TimeDelta::days(30));
        assert_eq!(left().await, [0, 0, 0, 2, 3]);
        // Sessions go by a time of their own.
        execute(&database, "UPDATE session SET purge_time = create_time WHERE user_agent LIKE 'first%'").await;
        assert_eq!(left().await, [0, 0, 0, 1, 3]);
        clock.advance(TimeDelta::days(369));
        assert_eq!(left().await, [0, 0, 0, 0, 3]);
        clock.advance(TimeDelta::days(1));
        assert_eq!(left().await, [0; 5]);
        assert_eq!(count(&database, "user_account").await, 1);
    }

    async fn a_revocation_is_forgotten_once_it_has_expired(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        service.auth().await.logout(bearer(&token, LogoutRequest::default())).await.unwrap();
        service.stop().await;
        clock.advance(TimeDelta::days(7) + TimeDelta::seconds(60));
        assert_eq!(left_after_a_start(&database, &clock, &["revocation"]).await, [1]);
        clock.advance(TimeDelta::microseconds(1));
        assert_eq!(left_after_a_start(&database, &clock, &["revocation"]).await, [0]);
    }

    async fn a_long_trail_is_forgotten_by_several_replicas_batch_by_batch(database: TestDatabase) {
        let clock = manual_clock();
        Service::start_with(&database, clock.clone(), &[]).await.stop().await;
        write_old_events(&database, 2..=1701).await;
        assert_eq!(count(&database, "auth_event").await, 1700);
        let other = Service::start_with(&database, clock.clone(), &[]).await;
        other.signed_up("ada@example.org").await;
        assert_eq!(left_after_a_start(&database, &clock, &["auth_event"]).await, [1]);
        other.stop().await;
    }
}
