//! How often anybody may fail at one account, and what keeps its owner from being shut out.

use std::time::Duration;

use crate::support::{PASSWORD, Service, column, details, reason};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{LoginRequest, SignUpRequest};
use service_runtime::{clock::Clock, on_both_databases, testing::TestDatabase};
use tonic::Request;

const ADA: &str = "ada@example.org";
/// Ada's own address, and one that it never came from.
const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "198.51.100.8";
const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

async fn behind_a_proxy(database: &TestDatabase, clock: &Clock, more: &[&str]) -> Service {
    let arguments = ["--auth-trusted-proxies", "127.0.0.1", "--auth-account-failures", "10"];
    Service::start_with(database, clock.clone(), &[&arguments[..], more].concat()).await
}

fn from<T>(client: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-forwarded-for", client.parse().unwrap());
    request
}

async fn sign_up(service: &Service, client: &str, email: &str) {
    let message = SignUpRequest {
        email: email.into(),
        password: PASSWORD.into(),
        display_name: String::new(),
        ..SignUpRequest::default()
    };
    service.auth().await.sign_up(from(client, message)).await.unwrap();
}

/// Whether the password was looked at, or how long to wait until it is.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Right,
    Wrong,
    Wait(Duration),
}

async fn log_in(service: &Service, client: &str, email: &str, password: &str) -> Answer {
    let message = LoginRequest { email: email.into(), password: password.into(), ..LoginRequest::default() };
    let Err(status) = service.auth().await.login(from(client, message)).await else { return Answer::Right };
    match reason(&status).as_str() {
        "INVALID_CREDENTIALS" => Answer::Wrong,
        "RATE_LIMITED" => Answer::Wait(details(&status).retry_info().unwrap().retry_delay.unwrap()),
        other => panic!("{other}"),
    }
}

/// A stranger's address; no two of the first 60,000 are alike.
fn stranger(number: usize) -> String {
    format!("203.{}.{}.9", number / 250, number % 250)
}

async fn fail(service: &Service, times: usize, email: &str) {
    for number in 0..times {
        assert_eq!(log_in(service, &stranger(number), email, "wrong").await, Answer::Wrong, "{number}");
    }
}

fn seconds(seconds: u64) -> Answer {
    Answer::Wait(Duration::from_secs(seconds))
}

on_both_databases! {
    async fn after_ten_failures_from_wherever_one_in_half_a_minute_is_let_in(database: TestDatabase) {
        let clock = manual_clock();
        let service = behind_a_proxy(&database, &clock, &[]).await;
        sign_up(&service, HOME, ADA).await;
        // An account that nobody has, and what is no address, behave the same.
        for email in [ADA, "nobody@example.org", "no address", "no\0address", ""] {
            fail(&service, 10, email).await;
            assert_eq!(log_in(&service, ELSEWHERE, email, PASSWORD).await, seconds(30), "{email:?}");
        }
        assert_eq!(log_in(&service, ELSEWHERE, "Ada@Example.ORG", PASSWORD).await, seconds(30));
        clock.advance(TimeDelta::seconds(30) - MICROSECOND);
        for email in [ADA, "nobody@example.org"] {
            assert_eq!(log_in(&service, ELSEWHERE, email, "wrong").await, Answer::Wait(Duration::from_micros(1)));
        }
        clock.advance(MICROSECOND);
        for email in [ADA, "nobody@example.org"] {
            assert_eq!(log_in(&service, ELSEWHERE, email, "wrong").await, Answer::Wrong);
            assert_eq!(log_in(&service, &stranger(11), email, "wrong").await, seconds(30));
        }
        clock.advance(TimeDelta::hours(1));
        fail(&service, 10, ADA).await;
        service.stop().await;
    }

    async fn a_stranger_who_fails_a_thousand_times_does_not_keep_the_owner_out(database: TestDatabase) {
        let clock = manual_clock();
        let service = behind_a_proxy(&database, &clock, &[]).await;
        sign_up(&service, HOME, ADA).await;
        let mut looked_at = 0;
        for number in 0..1000 {
            // What stands left of the last entry is the stranger's word, even if it is the owner's address.
            let forged = format!("{HOME}, {}", stranger(number));
            match log_in(&service, &forged, ADA, "wrong").await {
                Answer::Wrong => looked_at += 1,
                Answer::Wait(wait) => assert!(wait <= Duration::from_secs(30), "{wait:?}"),
                Answer::Right => panic!("a wrong password was right"),
            }
            clock.advance(TimeDelta::seconds(3));
            if number % 100 == 99 {
                assert_eq!(log_in(&service, HOME, ADA, PASSWORD).await, Answer::Right, "after {number}");
            }
        }
        // Ten at once and one in each half minute, of 3,000 s.
        assert!((100..=111).contains(&looked_at), "{looked_at}");
        assert!(matches!(log_in(&service, ELSEWHERE, ADA, PASSWORD).await, Answer::Wait(_)), "it is as good as a stranger");
        for _ in 0..10 {
            assert_eq!(log_in(&service, HOME, ADA, "wrong").await, Answer::Wrong);
        }
        assert_eq!(log_in(&service, HOME, ADA, PASSWORD).await, seconds(30), "the allowance has the same numbers");
        service.stop().await;
    }

    async fn a_right_password_does_not_count_and_makes_its_address_known(database: TestDatabase) {
        let clock = manual_clock();
        let service = behind_a_proxy(&database, &clock, &[]).await;
        sign_up(&service, HOME, ADA).await;
        fail(&service, 9, ADA).await;
        for number in 0..20 {
            assert_eq!(log_in(&service, &format!("192.0.2.{number}"), ADA, PASSWORD).await, Answer::Right);
        }
        assert_eq!(log_in(&service, ELSEWHERE, ADA, "wrong").await, Answer::Wrong);
        assert_eq!(log_in(&service, ELSEWHERE, ADA, PASSWORD).await, seconds(30), "that was the tenth");
        let other = log_in(&service, ELSEWHERE, "eve@example.org", "wrong").await;
        assert_eq!(other, Answer::Wrong, "the account is shut, not the client");
        assert_eq!(log_in(&service, "192.0.2.19", ADA, PASSWORD).await, Answer::Right);
        service.stop().await;
    }

    async fn an_address_is_known_for_thirty_days_after_the_last_success(database: TestDatabase) {
        let clock = manual_clock();
        let service = behind_a_proxy(&database, &clock, &[]).await;
        sign_up(&service, HOME, ADA).await;
        clock.advance(TimeDelta::days(30) - MICROSECOND);
        fail(&service, 10, ADA).await;
        assert_eq!(log_in(&service, HOME, ADA, PASSWORD).await, Answer::Right);
        clock.advance(TimeDelta::days(30));
        fail(&service, 10, ADA).await;
        assert_eq!(log_in(&service, HOME, ADA, PASSWORD).await, seconds(30));
        service.stop().await;
    }

    async fn the_numbers_are_settings(database: TestDatabase) {
        let clock = manual_clock();
        let mine = ["--auth-account-failure-window", "10m", "--auth-account-retry-interval", "7s",
            "--auth-known-address-lifetime", "1h"];
        let arguments = [&["--auth-trusted-proxies", "127.0.0.1", "--auth-account-failures", "2"][..], &mine].concat();
        let service = Service::start_with(&database, clock.clone(), &arguments).await;
        sign_up(&service, HOME, ADA).await;
        fail(&service, 2, ADA).await;
        assert_eq!(log_in(&service, ELSEWHERE, ADA, "wrong").await, seconds(7));
        assert_eq!(log_in(&service, HOME, ADA, PASSWORD).await, Answer::Right);
        clock.advance(TimeDelta::hours(1));
        fail(&service, 2, ADA).await;
        assert_eq!(log_in(&service, HOME, ADA, PASSWORD).await, seconds(7));
        clock.advance(TimeDelta::minutes(10));
        fail(&service, 2, ADA).await;
        service.stop().await;
    }

    async fn neither_accounts_nor_addresses_are_kept_as_they_are(database: TestDatabase) {
        let clock = manual_clock();
        let service = behind_a_proxy(&database, &clock, &[]).await;
        for email in [ADA, "eve@example.org"] {
            sign_up(&service, HOME, email).await;
            log_in(&service, HOME, email, PASSWORD).await;
            log_in(&service, ELSEWHERE, email, "wrong").await;
        }
        let accounts = column::<String>(&database, "SELECT DISTINCT account FROM known_address").await;
        let addresses = column::<String>(&database, "SELECT DISTINCT client FROM known_address").await;
        assert_eq!((accounts.len(), addresses.len()), (2, 2), "one address looks different for each account");
        let keys = "SELECT client FROM attempt_window WHERE kind NOT IN ('password', 'sign-up')";
        let names = [accounts, addresses, column(&database, keys).await].concat();
        assert_eq!(names.len(), 2 + 2 + 4);
        for name in names {
            assert!(name.len() == 43 && !name.contains(['@', '.']), "{name}");
        }
        service.stop().await;
    }
}
