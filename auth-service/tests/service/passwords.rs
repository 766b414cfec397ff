//! Showing a password and replacing it, as callers see it.

use std::time::Duration;

use crate::support::{PASSWORD, Service, bearer, column, details, events, execute, reason};
use chrono::DateTime;
use proto::auth::v1::{ChangePasswordRequest, SignUpRequest};
use service_runtime::{clock::Clock, on_both_databases, testing::TestDatabase};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Status};

const NEW_PASSWORD: &str = "Tr7wLb2v";
/// Hashes of `PASSWORD` that other programs made: better-auth, bcryptjs and argon2-cffi.
const BETTER_AUTH: &str = "8f4b33901ac95773cb37e39fb694390b:1ca3ea37388b7fd252c49f90e7a70ac9ee22f1332b99b4268720660876657f5140b3354bb205043358270d6abeec3ee18adca48f32ae1889b7651e40ce536c2d";
const BCRYPT: &str = "$2b$10$KxPUtGuwLJHps.C.hpVj7eWyRlAycIupaf0gNR9Q68xHnAt0Zl6qq";
const ARGON2I: &str = "$argon2i$v=19$m=128,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$gXDaheqeiKIjMwIlGC6hMsWYD0xFnDd2";
const SCHEMES: &str = "SELECT scheme FROM hash_scheme ORDER BY scheme";

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

/// Makes it the hash of that user, as an import would.
async fn import(database: &TestDatabase, email: &str, hash: &str, scheme: &str) {
    execute(database, &format!("UPDATE user_account SET password_hash = '{hash}' WHERE email_key = '{email}'")).await;
    let kept: Vec<String> = column(database, SCHEMES).await;
    if !kept.iter().any(|kept| kept == scheme) {
        execute(database, &format!("INSERT INTO hash_scheme VALUES ('{scheme}')")).await;
    }
}

async fn hash_of(database: &TestDatabase, email: &str) -> String {
    column(database, &format!("SELECT password_hash FROM user_account WHERE email_key = '{email}'")).await.remove(0)
}

async fn change(service: &Service, token: &str, passwords: (&str, &str), others: Option<bool>) -> Result<(), Status> {
    let request = ChangePasswordRequest {
        current_password: passwords.0.into(),
        new_password: passwords.1.into(),
        revoke_other_sessions: others,
    };
    service.auth().await.change_password(bearer(token, request)).await.map(drop)
}

fn violations(status: &Status) -> Vec<(String, String)> {
    assert_eq!((status.code(), reason(status).as_str()), (Code::InvalidArgument, "VALIDATION_FAILED"));
    let broken = details(status).bad_request().unwrap().field_violations.clone();
    broken.into_iter().map(|violation| (violation.field, violation.description)).collect()
}

/// How many hashes have been computed by the scheme of new ones, and how many by others.
async fn hashes(service: &Service) -> (u64, u64) {
    let mut stream = TcpStream::connect(service.operations).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{text}"));
        line.trim().parse().unwrap()
    };
    (value("auth_password_hashes_total "), value("auth_password_hashes_other_total "))
}

on_both_databases! {
    async fn a_password_changes_and_the_other_sessions_end(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        let (_, other) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let (_, third) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        change(&service, &token, (PASSWORD, NEW_PASSWORD), None).await.unwrap();
        assert!(service.accepts(&token).await);
        assert!(!service.accepts(&other.access_token).await && !service.accepts(&third.access_token).await);
        assert_eq!(reason(&service.log_in("ada@example.org", PASSWORD).await.unwrap_err()), "INVALID_CREDENTIALS");
        let (_, kept) = service.log_in("ada@example.org", NEW_PASSWORD).await.unwrap();

        change(&service, &token, (NEW_PASSWORD, PASSWORD), Some(false)).await.unwrap();
        assert!(service.accepts(&token).await && service.accepts(&kept.access_token).await);
        change(&service, &token, (PASSWORD, NEW_PASSWORD), Some(true)).await.unwrap();
        assert!(!service.accepts(&kept.access_token).await);
        let count = async |sql: &str| column::<i64>(&database, sql).await;
        assert_eq!(count("SELECT count FROM auth_event WHERE type = 'SESSION_REVOKED' ORDER BY create_time").await, [2, 1]);
        assert_eq!(count("SELECT count(*) FROM auth_event WHERE type = 'PASSWORD_CHANGED' AND session_id IS NOT NULL").await, [3]);
        service.stop().await;
    }

    async fn a_password_is_replaced_by_who_knows_it_only(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        let (_, other) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let before = hash_of(&database, "ada@example.org").await;
        let status = change(&service, &token, ("Xk4mPq9Z", NEW_PASSWORD), None).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "INVALID_CREDENTIALS"));
        assert_eq!(hash_of(&database, "ada@example.org").await, before);
        assert!(service.accepts(&other.access_token).await);
        let failed = "SELECT count(*) FROM auth_event WHERE type = 'LOGIN_FAILED' AND user_id IS NOT NULL AND session_id IS NOT NULL";
        assert_eq!(column::<i64>(&database, failed).await, [1]);
        service.stop().await;
    }

    async fn a_new_password_keeps_every_rule_before_anything_is_hashed(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        let before = hashes(&service).await;
        let broken = async |new: &str| violations(&change(&service, &token, (PASSWORD, new), None).await.unwrap_err());
        assert_eq!(broken("x").await.len(), 3);
        assert!(broken("x").await.iter().all(|(field, _)| field == "new_password"));
        assert_eq!(broken(PASSWORD).await[0].1, "must be another than the current one");
        let wrong = change(&service, &token, ("wrong", "x"), None).await.unwrap_err();
        assert_eq!(violations(&wrong).len(), 3, "whatever the current one is");
        assert_eq!(hashes(&service).await, before);
        assert_eq!(events(&database).await, ["SIGNED_UP"]);
        service.stop().await;
    }

    async fn who_has_no_password_is_told_so(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        execute(&database, "UPDATE user_account SET password_hash = NULL").await;
        let status = change(&service, &token, (PASSWORD, NEW_PASSWORD), None).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NO_PASSWORD"));
        assert_eq!(reason(&service.log_in("ada@example.org", PASSWORD).await.unwrap_err()), "INVALID_CREDENTIALS");
        service.stop().await;
    }

    async fn of_racing_changes_one_succeeds(database: TestDatabase) {
        let service = std::sync::Arc::new(Service::start(&database).await);
        let (_, token) = service.signed_up("ada@example.org").await;
        let racing: Vec<_> = (0..8)
            .map(|number| {
                let (service, token) = (std::sync::Arc::clone(&service), token.clone());
                tokio::spawn(async move { change(&service, &token, (PASSWORD, &format!("Tr7wLb2v{number}")), None).await })
            })
            .collect();
        let mut changed = 0;
        for one in racing {
            match one.await.unwrap() {
                Ok(()) => changed += 1,
                Err(status) => assert_eq!(reason(&status), "INVALID_CREDENTIALS"),
            }
        }
        assert_eq!(changed, 1);
        let events = events(&database).await;
        let count = |wanted| events.iter().filter(|event| *event == wanted).count();
        assert_eq!((count("PASSWORD_CHANGED"), count("LOGIN_FAILED")), (1, 7));
    }

    async fn a_hash_from_elsewhere_is_raised_at_the_first_right_login(database: TestDatabase) {
        let service = Service::start(&database).await;
        for (email, hash, scheme) in [
            ("ada@example.org", BETTER_AUTH, "scrypt$ln=14,r=16,p=1"),
            ("bob@example.org", BCRYPT, "bcrypt$10"),
            ("eve@example.org", ARGON2I, "argon2i$v=19$m=128,t=3,p=2"),
        ] {
            service.signed_up(email).await;
            import(&database, email, hash, scheme).await;
            assert_eq!(reason(&service.log_in(email, "Xk4mPq9Z").await.unwrap_err()), "INVALID_CREDENTIALS");
            assert_eq!(hash_of(&database, email).await, hash, "only who knows the password raises it");
            service.log_in(email, PASSWORD).await.unwrap();
            assert!(hash_of(&database, email).await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
            service.log_in(email, PASSWORD).await.unwrap();
        }
        service.stop().await;
    }

    async fn a_hash_from_elsewhere_is_good_enough_to_change_the_password(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        import(&database, "ada@example.org", BCRYPT, "bcrypt$10").await;
        change(&service, &token, (PASSWORD, NEW_PASSWORD), None).await.unwrap();
        service.log_in("ada@example.org", NEW_PASSWORD).await.unwrap();
        service.stop().await;
    }

    async fn every_scheme_that_is_kept_is_known(database: TestDatabase) {
        let service = Service::start(&database).await;
        assert!(column::<String>(&database, SCHEMES).await.is_empty());
        service.signed_up("ada@example.org").await;
        service.stop().await;
        let service = Service::start_with(&database, Clock::system(), &["--auth-hash-iterations", "2"]).await;
        assert_eq!(column::<String>(&database, SCHEMES).await, ["argon2id$v=19$m=64,t=1,p=1"]);
        service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let both = ["argon2id$v=19$m=64,t=1,p=1", "argon2id$v=19$m=64,t=2,p=1"];
        assert_eq!(column::<String>(&database, SCHEMES).await, both);
        service.stop().await;
        let service = Service::start_with(&database, Clock::system(), &["--auth-hash-iterations", "3"]).await;
        let (_, tokens) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        change(&service, &tokens.access_token, (PASSWORD, NEW_PASSWORD), None).await.unwrap();
        assert_eq!(column::<String>(&database, SCHEMES).await.len(), 3);
        service.stop().await;
    }

    async fn every_failed_login_takes_the_same_path(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        for email in ["known@e.org", "disabled@e.org", "scrypt@e.org", "bcrypt@e.org", "argon2i@e.org", "none@e.org"] {
            service.signed_up(email).await;
        }
        let (email, long) = ("known@e.org", "x".repeat(257));
        let own = hashes(&service).await;
        service.log_in(email, "wrong").await.unwrap_err();
        assert_eq!(hashes(&service).await, (own.0 + 1, own.1));
        assert!(clock.take_pauses().is_empty(), "there is nothing to hide");

        execute(&database, "UPDATE user_account SET disable_time = create_time WHERE email_key = 'disabled@e.org'").await;
        execute(&database, "UPDATE user_account SET password_hash = NULL WHERE email_key = 'none@e.org'").await;
        import(&database, "scrypt@e.org", BETTER_AUTH, "scrypt$ln=14,r=16,p=1").await;
        import(&database, "bcrypt@e.org", BCRYPT, "bcrypt$10").await;
        import(&database, "argon2i@e.org", ARGON2I, "argon2i$v=19$m=128,t=3,p=2").await;
        let mut pauses = Vec::new();
        for (email, password, refusal, others) in [
            ("known@e.org", "wrong", Some("INVALID_CREDENTIALS"), 0),
            ("known@e.org", &*long, Some("INVALID_CREDENTIALS"), 0),
            ("known@e.org", PASSWORD, None, 0),
            ("unknown@e.org", PASSWORD, Some("INVALID_CREDENTIALS"), 0),
            ("no address", PASSWORD, Some("INVALID_CREDENTIALS"), 0),
            ("none@e.org", PASSWORD, Some("INVALID_CREDENTIALS"), 0),
            ("disabled@e.org", "wrong", Some("INVALID_CREDENTIALS"), 0),
            ("disabled@e.org", PASSWORD, Some("USER_DISABLED"), 0),
            ("scrypt@e.org", "wrong", Some("INVALID_CREDENTIALS"), 1),
            ("scrypt@e.org", &*long, Some("INVALID_CREDENTIALS"), 0),
            ("bcrypt@e.org", "wrong", Some("INVALID_CREDENTIALS"), 1),
            ("argon2i@e.org", "wrong", Some("INVALID_CREDENTIALS"), 1),
            ("scrypt@e.org", PASSWORD, None, 1),
            ("bcrypt@e.org", PASSWORD, None, 1),
            ("argon2i@e.org", PASSWORD, None, 1),
        ] {
            let before = hashes(&service).await;
            let answer = service.log_in(email, password).await;
            assert_eq!(answer.err().map(|status| reason(&status)).as_deref(), refusal, "{email} {password}");
            let after = hashes(&service).await;
            assert_eq!((after.0 - before.0, after.1 - before.1), (1, others), "{email} {password}");
            let asked = clock.take_pauses();
            assert_eq!(asked.len(), 1, "{email} {password}");
            pauses.extend(asked);
        }
        assert!(pauses.iter().all(|pause| *pause == pauses[0]), "{pauses:?}");
        assert!(pauses[0] > Duration::from_millis(5), "{pauses:?}");
        let failed = "SELECT count(*) FROM auth_event WHERE type = 'LOGIN_FAILED'";
        assert_eq!(column::<i64>(&database, failed).await, [12]);
        service.stop().await;
    }

    async fn a_disabled_user_does_not_get_in(database: TestDatabase) {
        let service = Service::start(&database).await;
        service.signed_up("ada@example.org").await;
        execute(&database, "UPDATE user_account SET disable_time = create_time").await;
        let status = service.log_in("ada@example.org", PASSWORD).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "USER_DISABLED"));
        assert_eq!(events(&database).await, ["SIGNED_UP", "LOGIN_FAILED"]);
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM session").await, [1]);
        service.stop().await;
    }

    async fn the_other_policy_asks_for_length_and_nothing_of_ones_own(database: TestDatabase) {
        let nist = ["--auth-password-policy", "nist", "--auth-issuer", "http://tasks.acme-corporation.example"];
        let service = Service::start_with(&database, Clock::system(), &nist).await;
        let sign_up = async |password: &str| {
            let (email, display_name) = ("ada.lovelace@example.org".into(), "Augusta King".into());
            let request = SignUpRequest { email, password: password.into(), display_name, ..SignUpRequest::default() };
            service.auth().await.sign_up(request).await.map(tonic::Response::into_inner)
        };
        assert_eq!(violations(&sign_up("xk4mpq9ztr7wlb").await.unwrap_err())[0].1, "must have at least 15 characters");
        for own in ["Ada.Lovelace-2026", "AugustaKing12345", "acme-corporation", "duetduetduetduet"] {
            let broken = violations(&sign_up(own).await.unwrap_err());
            assert!(broken.iter().any(|(field, rule)| field == "password" && rule.contains("your name")), "{own} {broken:?}");
        }
        let token = sign_up("twelve turtles swim east").await.unwrap().tokens.unwrap().access_token;
        let own = change(&service, &token, ("twelve turtles swim east", "augusta.king.2026"), None).await.unwrap_err();
        assert!(violations(&own).iter().any(|(_, rule)| rule.contains("your name")));
        change(&service, &token, ("twelve turtles swim east", "nine herons sail north"), None).await.unwrap();
        service.stop().await;
    }
}
