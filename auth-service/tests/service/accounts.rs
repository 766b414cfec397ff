//! Signing up, logging in and out, as callers see it.

use std::time::Duration;

use crate::support::{PASSWORD, Service, bearer, column, details, events, execute, reason};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{GetMeRequest, LogoutRequest, RejectionReason, SignUpRequest, User};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::{Code, Status};

async fn me(service: &Service, token: &str) -> Result<User, Status> {
    let answer = service.auth().await.get_me(bearer(token, GetMeRequest {})).await?;
    Ok(answer.into_inner().user.unwrap())
}

async fn log_out(service: &Service, token: &str) -> Result<(), Status> {
    service.auth().await.logout(bearer(token, LogoutRequest::default())).await.map(drop)
}

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

on_both_databases! {
    async fn a_person_signs_up_logs_in_and_out(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (user, first) = service.signed_up("Ada@example.org").await;
        assert_eq!((user.email.as_str(), user.display_name.as_str()), ("Ada@example.org", "Ada"));
        assert_eq!(user.last_login_time, user.create_time);
        assert_eq!(me(&service, &first).await.unwrap(), user);

        clock.advance(TimeDelta::seconds(90));
        let (again, tokens) = service.log_in("ada@EXAMPLE.org", PASSWORD).await.unwrap();
        assert_eq!((&again.id, &again.update_time), (&user.id, &user.update_time));
        assert_eq!(again.last_login_time.unwrap().seconds, user.last_login_time.unwrap().seconds + 90);
        assert_eq!(tokens.token_type, "Bearer");
        assert_eq!(tokens.access_token_expire_time.unwrap().seconds, 1_800_000_090 + 24 * 3600);
        assert_eq!(me(&service, &tokens.access_token).await.unwrap(), again);

        log_out(&service, &first).await.unwrap();
        assert_eq!(reason(&me(&service, &first).await.unwrap_err()), "TOKEN_REVOKED");
        assert_eq!(service.rejection(&first).await, RejectionReason::Revoked);
        assert!(service.accepts(&tokens.access_token).await, "the other session goes on");
        service.stop().await;
    }

    async fn every_broken_rule_is_told_at_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let request = SignUpRequest {
            email: "no address".into(),
            password: "x".into(),
            display_name: "\n".repeat(101),
            ..SignUpRequest::default()
        };
        let status = service.auth().await.sign_up(request).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "VALIDATION_FAILED"));
        let violations = details(&status).bad_request().unwrap().field_violations.clone();
        let count = |field| violations.iter().filter(|violation| violation.field == field).count();
        assert_eq!((count("email"), count("password"), count("display_name")), (2, 3, 2), "{violations:?}");
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM user_account").await, [0]);
        service.stop().await;
    }

    async fn a_common_password_is_refused_and_a_random_one_is_not(database: TestDatabase) {
        let service = Service::start(&database).await;
        let sign_up = async |password: &str| {
            let request =
                SignUpRequest {
                    email: "ada@example.org".into(),
                    password: password.into(),
                    display_name: String::new(),
                    ..SignUpRequest::default()
                };
            service.auth().await.sign_up(request).await
        };
        // Taken from the list that is refused; nobody's password.
        let refused = sign_up("Passw0rd").await.unwrap_err();
        assert_eq!(details(&refused).bad_request().unwrap().field_violations[0].description, "must not be a common password");
        assert!(sign_up("Xk4mPq9z").await.is_ok());
        service.stop().await;
    }

    async fn an_address_belongs_to_one_person_in_any_case(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("é.Ada@example.org").await;
        for same in ["é.ada@example.org", "E\u{301}.ADA@EXAMPLE.ORG"] {
            let status = service.sign_up(same).await.unwrap_err();
            assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "EMAIL_TAKEN"));
        }
        service.signed_up("ada@example.org").await;
        service.stop().await;
    }

    async fn of_racing_sign_ups_with_one_address_one_succeeds(database: TestDatabase) {
        let service = std::sync::Arc::new(Service::start(&database).await);
        let racing: Vec<_> = (0..16)
            .map(|_| {
                let service = std::sync::Arc::clone(&service);
                tokio::spawn(async move { service.sign_up("ada@example.org").await })
            })
            .collect();
        let mut made = 0;
        for one in racing {
            match one.await.unwrap() {
                Ok(_) => made += 1,
                Err(status) => assert_eq!(reason(&status), "EMAIL_TAKEN"),
            }
        }
        assert_eq!(made, 1);
        assert_eq!(events(&database).await, ["SIGNED_UP"]);
    }

    async fn an_unknown_address_and_a_wrong_password_are_one_answer(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("ada@example.org").await;
        let answer = async |email: &str, password: &str| {
            let status = service.log_in(email, password).await.unwrap_err();
            (status.code(), status.message().to_owned(), status.details().to_vec())
        };
        let wrong = answer("ada@example.org", "Xk4mPq9Z").await;
        assert_eq!(wrong.0, Code::Unauthenticated);
        assert_eq!(answer("eve@example.org", PASSWORD).await, wrong);
        assert_eq!(answer("no address", PASSWORD).await, wrong);
        assert_eq!(answer("ada@example.org", &"x".repeat(257)).await, wrong);
        assert_eq!(answer("", "").await, wrong);
        service.stop().await;
    }

    async fn logging_out_needs_a_right_token_but_not_a_living_one(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &["--auth-access-token-lifetime", "1h"]).await;
        let missing = service.auth().await.logout(LogoutRequest::default()).await.unwrap_err();
        assert_eq!(reason(&missing), "TOKEN_MISSING");
        let (_, token) = service.signed_up("ada@example.org").await;
        let (start, end) = token.split_at(token.len() - 2);
        let (start, changed) = start.split_at(start.len() - 1);
        let forged = format!("{start}{}{end}", if changed == "A" { "B" } else { "A" });
        assert_eq!(reason(&log_out(&service, &forged).await.unwrap_err()), "TOKEN_INVALID");
        assert_eq!(reason(&log_out(&service, "garbage").await.unwrap_err()), "TOKEN_INVALID");
        assert!(service.accepts(&token).await);

        clock.advance(TimeDelta::hours(2));
        assert_eq!(service.rejection(&token).await, RejectionReason::Expired);
        assert_eq!(reason(&me(&service, &token).await.unwrap_err()), "TOKEN_EXPIRED");
        for _ in 0..3 {
            log_out(&service, &token).await.unwrap();
        }
        assert_eq!(events(&database).await, ["SIGNED_UP", "LOGGED_OUT"]);
        service.stop().await;
    }

    async fn racing_log_outs_write_one_event(database: TestDatabase) {
        let service = std::sync::Arc::new(Service::start(&database).await);
        let (_, token) = service.signed_up("ada@example.org").await;
        let racing: Vec<_> = (0..16)
            .map(|_| {
                let (service, token) = (std::sync::Arc::clone(&service), token.clone());
                tokio::spawn(async move { log_out(&service, &token).await })
            })
            .collect();
        for one in racing {
            one.await.unwrap().unwrap();
        }
        assert_eq!(events(&database).await, ["SIGNED_UP", "LOGGED_OUT"]);
    }

    async fn no_token_outlives_its_session(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &["--auth-session-lifetime", "2h"]).await;
        service.signed_up("ada@example.org").await;
        let (_, tokens) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        assert_eq!(tokens.access_token_expire_time.unwrap().seconds, 1_800_000_000 + 2 * 3600);
        clock.advance(TimeDelta::hours(2));
        assert_eq!(service.rejection(&tokens.access_token).await, RejectionReason::Expired);
        log_out(&service, &tokens.access_token).await.unwrap();
        assert_eq!(events(&database).await, ["LOGIN_SUCCEEDED", "SIGNED_UP"], "it had ended by itself");
        service.stop().await;
    }

    async fn what_happens_is_written_down_with_where_it_came_from(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("ada@example.org").await;
        let mut request = tonic::Request::new(proto::auth::v1::LoginRequest {
            email: "ada@example.org".into(),
            password: "wrong".into(),
            ..proto::auth::v1::LoginRequest::default()
        });
        request.metadata_mut().insert("x-request-id", "request-7".parse().unwrap());
        service.auth().await.login(request).await.unwrap_err();
        let (_, tokens) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        log_out(&service, &tokens.access_token).await.unwrap();
        service.log_in("eve@example.org", PASSWORD).await.unwrap_err();

        let expected = ["SIGNED_UP", "LOGIN_FAILED", "LOGIN_SUCCEEDED", "LOGGED_OUT", "LOGIN_FAILED"];
        assert_eq!(events(&database).await, expected);
        let text = async |sql: &str| column::<String>(&database, sql).await;
        assert_eq!(text("SELECT DISTINCT ip_address FROM auth_event").await, ["127.0.0.1"]);
        assert_eq!(text("SELECT DISTINCT source FROM auth_event").await, ["RPC"]);
        assert!(text("SELECT DISTINCT user_agent FROM auth_event").await[0].starts_with("tonic/"));
        assert_eq!(text("SELECT type FROM auth_event WHERE request_id = 'request-7'").await, ["LOGIN_FAILED"]);
        assert_eq!(text("SELECT type FROM auth_event WHERE user_id IS NULL").await, ["LOGIN_FAILED"]);
        assert_eq!(text("SELECT type FROM auth_event WHERE session_id IS NULL ORDER BY type").await, ["LOGIN_FAILED"; 2]);
        service.stop().await;
    }

    async fn without_its_audit_row_nothing_happens(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
        let status = service.sign_up("eve@example.org").await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Internal, "INTERNAL"));
        assert!(details(&status).request_info().is_some());
        assert!(!status.message().contains("auth_event"), "{}", status.message());
        assert!(service.log_in("ada@example.org", PASSWORD).await.is_err());
        assert!(log_out(&service, &token).await.is_err());
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM user_account").await, [1]);
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM session").await, [1]);
        assert!(service.accepts(&token).await, "the session has not ended");
        execute(&database, "ALTER TABLE auth_event_away RENAME TO auth_event").await;
        service.signed_up("eve@example.org").await;
        service.stop().await;
    }

    async fn an_old_hash_is_raised_at_the_next_login(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("ada@example.org").await;
        service.stop().await;
        let service = Service::start_with(&database, Clock::system(), &["--auth-hash-memory-kib", "128"]).await;
        let hash = async || column::<String>(&database, "SELECT password_hash FROM user_account").await.remove(0);
        assert!(hash().await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        service.log_in("ada@example.org", "wrong").await.unwrap_err();
        assert!(hash().await.contains("m=64"), "only who knows the password raises it");
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        assert!(hash().await.starts_with("$argon2id$v=19$m=128,t=1,p=1$"));
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        service.stop().await;
    }

    async fn a_deadline_that_passes_leaves_nothing_behind(database: TestDatabase) {
        let slow = ["--auth-hash-memory-kib", "65536", "--auth-hash-iterations", "8", "--auth-hash-threads", "1"];
        let service = Service::start_with(&database, Clock::system(), &slow).await;
        let message =
            SignUpRequest {
                email: "ada@example.org".into(),
                password: PASSWORD.into(),
                display_name: String::new(),
                ..SignUpRequest::default()
            };
        let mut request = tonic::Request::new(message);
        request.set_timeout(Duration::from_millis(60));
        let status = service.auth().await.sign_up(request).await.unwrap_err();
        assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled), "{status:?}");
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM user_account").await, [0]);
        service.stop().await;
    }
}
