//! How often one client may try.

use std::{sync::Arc, time::Duration};

use crate::support::{PASSWORD, Service, column, details, execute, reason};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{LoginRequest, SignUpRequest};
use service_runtime::{clock::Clock, on_both_databases, testing::TestDatabase};
use tonic::{Code, Request, Status};

const DEFAULTS: [&str; 4] = ["--auth-login-limit", "5", "--auth-sign-up-limit", "5"];

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

fn is_limited(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted && reason(status) == "RATE_LIMITED"
}

fn retry_delay(status: &Status) -> Duration {
    details(status).retry_info().unwrap().retry_delay.unwrap()
}

async fn log_in_from(service: &Service, forwarded: &str) -> Result<(), Status> {
    let message =
        LoginRequest { email: "ada@example.org".into(), password: PASSWORD.into(), ..LoginRequest::default() };
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
    service.auth().await.login(request).await.map(drop)
}

/// How many refusals the rows of the trail tell of, the oldest row first.
async fn refusals(database: &TestDatabase) -> Vec<i64> {
    column(database, "SELECT count FROM auth_event WHERE type = 'RATE_LIMITED' ORDER BY id").await
}

/// Waits until they tell of so many.
async fn told(database: &TestDatabase, expected: &[i64]) {
    let telling = async {
        while refusals(database).await != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), telling).await.unwrap();
}

/// Whether a login from that address, as a proxy tells it, is let in.
async fn let_in_from(service: &Service, forwarded: &str) -> bool {
    match log_in_from(service, forwarded).await {
        Err(status) if is_limited(&status) => false,
        Err(status) => {
            assert_eq!(reason(&status), "INVALID_CREDENTIALS");
            true
        }
        Ok(()) => true,
    }
}

on_both_databases! {
    async fn the_sixth_login_waits_for_as_long_as_it_is_told(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &DEFAULTS).await;
        service.signed_up("ada@example.org").await;
        for _ in 0..5 {
            service.log_in("ada@example.org", PASSWORD).await.unwrap();
            clock.advance(TimeDelta::seconds(10));
        }
        let status = service.log_in("ada@example.org", PASSWORD).await.unwrap_err();
        assert!(is_limited(&status), "{status:?}");
        assert_eq!(retry_delay(&status), Duration::from_secs(10));
        clock.advance(TimeDelta::microseconds(9_999_999));
        let status = service.log_in("ada@example.org", PASSWORD).await.unwrap_err();
        assert_eq!((is_limited(&status), retry_delay(&status)), (true, Duration::from_micros(1)));
        clock.advance(TimeDelta::microseconds(1));
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        service.stop().await;
    }

    async fn of_sixty_four_logins_at_once_over_two_replicas_five_are_let_in(database: TestDatabase) {
        let replicas = [
            Arc::new(Service::start_with(&database, Clock::system(), &DEFAULTS).await),
            Arc::new(Service::start_with(&database, Clock::system(), &DEFAULTS).await),
        ];
        let attempts: Vec<_> = (0..64)
            .map(|number| {
                let service = Arc::clone(&replicas[number % 2]);
                tokio::spawn(async move { service.log_in("ada@example.org", PASSWORD).await.unwrap_err() })
            })
            .collect();
        let mut reasons = Vec::new();
        for attempt in attempts {
            reasons.push(reason(&attempt.await.unwrap()));
        }
        let count = |wanted: &str| reasons.iter().filter(|reason| *reason == wanted).count();
        assert_eq!((count("INVALID_CREDENTIALS"), count("RATE_LIMITED")), (5, 59), "{reasons:?}");
    }

    async fn attempts_count_before_anything_is_looked_at(database: TestDatabase) {
        let service = Service::start_with(&database, manual_clock(), &DEFAULTS).await;
        for _ in 0..5 {
            let status = service.auth().await.sign_up(SignUpRequest::default()).await.unwrap_err();
            assert_eq!(reason(&status), "VALIDATION_FAILED");
        }
        assert!(is_limited(&service.sign_up("ada@example.org").await.unwrap_err()));
        let status = service.log_in("ada@example.org", PASSWORD).await.unwrap_err();
        assert_eq!(reason(&status), "INVALID_CREDENTIALS", "logins have a window of their own");
        service.stop().await;
    }

    async fn nobody_is_believed_by_default(database: TestDatabase) {
        let service = Service::start_with(&database, manual_clock(), &DEFAULTS).await;
        for number in 0..5 {
            assert!(let_in_from(&service, &format!("192.0.2.{number}")).await);
        }
        assert!(!let_in_from(&service, "192.0.2.99").await, "a client cannot choose its own address");
        service.stop().await;
    }

    async fn a_trusted_proxy_tells_clients_apart(database: TestDatabase) {
        let trusted = [&DEFAULTS[..], &["--auth-trusted-proxies", "127.0.0.0/8,10.0.0.0/8"]].concat();
        let service = Service::start_with(&database, manual_clock(), &trusted).await;
        for number in 0..5 {
            assert!(let_in_from(&service, &format!("203.0.113.{number}, 192.0.2.1, 10.0.0.1")).await);
        }
        assert!(!let_in_from(&service, "203.0.113.99, 192.0.2.1").await, "what stands further left is the client's word");
        assert!(let_in_from(&service, "192.0.2.2").await);
        for number in 0..5 {
            assert!(let_in_from(&service, &format!("2001:db8:0:7::{number}")).await);
        }
        assert!(!let_in_from(&service, "2001:db8:0:7:ffff::1").await, "a network of 64 bits is one client");
        assert!(let_in_from(&service, "2001:db8:0:8::1").await);
        service.stop().await;
    }

    async fn a_flood_of_refusals_costs_the_database_nothing_and_is_told_in_one_row(database: TestDatabase) {
        let trusted = [&DEFAULTS[..], &["--auth-trusted-proxies", "127.0.0.1"]].concat();
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &trusted).await;
        for _ in 0..5 {
            assert!(let_in_from(&service, "192.0.2.1").await);
        }
        clock.advance(TimeDelta::seconds(7));
        assert!(!let_in_from(&service, "192.0.2.1").await);
        // From here on it is known without asking.
        execute(&database, "ALTER TABLE attempt_window RENAME TO attempt_window_away").await;
        clock.advance(TimeDelta::seconds(53) - TimeDelta::microseconds(1));
        for _ in 0..100 {
            let status = log_in_from(&service, "192.0.2.1").await.unwrap_err();
            assert_eq!((is_limited(&status), retry_delay(&status)), (true, Duration::from_micros(1)));
        }
        assert_eq!(log_in_from(&service, "192.0.2.2").await.unwrap_err().code(), Code::Unavailable);
        clock.advance(TimeDelta::microseconds(1));
        assert_eq!(log_in_from(&service, "192.0.2.1").await.unwrap_err().code(), Code::Unavailable, "not for too long");
        execute(&database, "ALTER TABLE attempt_window_away RENAME TO attempt_window").await;
        told(&database, &[101]).await;
        for _ in 0..5 {
            assert!(let_in_from(&service, "192.0.2.1").await);
        }
        clock.advance(TimeDelta::seconds(8));
        for _ in 0..3 {
            assert!(!let_in_from(&service, "192.0.2.1").await);
        }
        service.stop().await;
        assert_eq!(refusals(&database).await, [101, 3], "the last ones are told at the end, in the row of their window");
    }

    async fn every_refusal_over_two_replicas_is_told(database: TestDatabase) {
        let clock = manual_clock();
        let replicas = [
            Service::start_with(&database, clock.clone(), &DEFAULTS).await,
            Service::start_with(&database, clock.clone(), &DEFAULTS).await,
        ];
        for number in 0..45 {
            let let_in = let_in_from(&replicas[number % 2], "192.0.2.1").await;
            assert_eq!(let_in, number < 5, "{number}");
        }
        for service in replicas {
            service.stop().await;
        }
        assert_eq!(refusals(&database).await, [40]);
    }

    async fn who_cannot_be_counted_is_not_let_in(database: TestDatabase) {
        let service = Service::start_with(&database, Clock::system(), &DEFAULTS).await;
        service.signed_up("ada@example.org").await;
        execute(&database, "ALTER TABLE attempt RENAME TO attempt_away").await;
        let status = service.log_in("ada@example.org", PASSWORD).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(retry_delay(&status) > Duration::ZERO);
        assert_eq!(service.sign_up("eve@example.org").await.unwrap_err().code(), Code::Unavailable);
        execute(&database, "ALTER TABLE attempt_away RENAME TO attempt").await;
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        service.stop().await;
    }

    async fn too_many_hashes_are_refused_and_told_when_to_come_back(database: TestDatabase) {
        let small = ["--auth-hash-memory-kib", "131072", "--auth-hash-threads", "1", "--auth-hash-queue", "2"];
        let service = Arc::new(Service::start_with(&database, Clock::system(), &small).await);
        let attempts: Vec<_> = (0..32)
            .map(|_| {
                let service = Arc::clone(&service);
                tokio::spawn(async move { service.log_in("ada@example.org", PASSWORD).await.unwrap_err() })
            })
            .collect();
        let mut overloaded = 0;
        for attempt in attempts {
            let status = attempt.await.unwrap();
            if reason(&status) == "OVERLOADED" {
                assert_eq!(status.code(), Code::ResourceExhausted);
                assert!(retry_delay(&status) > Duration::ZERO);
                overloaded += 1;
            }
        }
        assert!((1..32).contains(&overloaded), "{overloaded}");
    }
}
