//! The audit trail: what is written down, and what people see of it.

use std::collections::BTreeSet;

use crate::support::{PASSWORD, Service, bearer, column, execute, reason};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{
    AuthEvent, AuthEventSource, AuthEventType, ChangePasswordRequest, DeleteMeRequest, ListAuthEventsRequest,
    ListSessionsRequest, LoginRequest, LogoutRequest, RefreshTokenRequest, RevokeOtherSessionsRequest,
    RevokeSessionRequest, SignUpRequest, UpdateMeRequest, User,
};
use service_runtime::{clock::Clock, on_both_databases};
use tonic::{Request, Status};

const ADA: &str = "ada@example.org";
const HOME: &str = "198.51.100.7";
const SOFTWARE: &str = "trail-test/1";

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

async fn list(service: &Service, token: &str, size: i32, page: &str) -> Result<(Vec<AuthEvent>, String), Status> {
    let message = ListAuthEventsRequest { page_size: size, page_token: page.into() };
    let answer = service.auth().await.list_auth_events(bearer(token, message)).await?.into_inner();
    Ok((answer.events, answer.next_page_token))
}

async fn all(service: &Service, token: &str) -> Vec<AuthEvent> {
    list(service, token, 0, "").await.unwrap().0
}

fn types(events: &[AuthEvent]) -> Vec<AuthEventType> {
    events.iter().map(AuthEvent::r#type).collect()
}

/// A call as a person's software makes it, through a proxy, with an id that says which call it is.
fn call<T>(id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in [("x-forwarded-for", HOME), ("x-request-id", id)] {
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    request
}

fn sign_up(email: &str) -> SignUpRequest {
    SignUpRequest {
        email: email.into(),
        password: PASSWORD.into(),
        display_name: String::new(),
        ..SignUpRequest::default()
    }
}

fn log_in(email: &str, password: &str) -> LoginRequest {
    LoginRequest { email: email.into(), password: password.into(), ..LoginRequest::default() }
}

fn with_token<T>(token: &str, mut request: Request<T>) -> Request<T> {
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

on_both_databases! {
    async fn everything_that_calls_cause_is_found_with_where_it_came_from(database: TestDatabase) {
        let clock = manual_clock();
        let arguments = ["--auth-trusted-proxies", "127.0.0.1", "--auth-account-failures", "1", "--auth-login-limit", "6"];
        let service = Service::start_with(&database, clock.clone(), &arguments).await;
        let mut client = service.auth_as(SOFTWARE).await;
        let made = client.sign_up(call("signed-up", sign_up(ADA))).await.unwrap().into_inner();
        let ada = made.user.unwrap().id;
        let token = made.tokens.unwrap().access_token;
        let entered = client.login(call("logged-in", log_in(ADA, PASSWORD))).await.unwrap().into_inner();
        let second = entered.tokens.unwrap().access_token;
        client.login(call("wrong-password", log_in(ADA, "wrong"))).await.unwrap_err();
        client.login(call("nobody", log_in("nobody@example.org", "wrong"))).await.unwrap_err();
        for id in ["account-shut", "account-shut-again"] {
            assert_eq!(reason(&client.login(call(id, log_in(ADA, "wrong"))).await.unwrap_err()), "RATE_LIMITED");
        }
        client.login(call("nobody-shut", log_in("nobody@example.org", "wrong"))).await.unwrap_err();
        for id in ["client-shut", "client-shut-again", "and-again"] {
            assert_eq!(reason(&client.login(call(id, log_in("eve@example.org", "wrong"))).await.unwrap_err()), "RATE_LIMITED");
        }
        client.logout(with_token(&second, call("logged-out", LogoutRequest::default()))).await.unwrap();

        let rows = all(&service, &token).await;
        let found: BTreeSet<_> = rows.iter().map(|row| (row.r#type(), row.request_id.as_str(), row.count)).collect();
        let expected = [
            (AuthEventType::SignedUp, "signed-up", 1),
            (AuthEventType::LoginSucceeded, "logged-in", 1),
            (AuthEventType::LoginFailed, "wrong-password", 1),
            (AuthEventType::RateLimited, "account-shut", 2),
            (AuthEventType::LoggedOut, "logged-out", 1),
        ];
        assert_eq!(found, expected.into_iter().collect());
        for row in &rows {
            assert_eq!((row.source(), row.ip_address.as_str(), row.user_id.as_str()), (AuthEventSource::Rpc, HOME, ada.as_str()));
            assert!(row.user_agent.starts_with(SOFTWARE), "{}", row.user_agent);
            assert_eq!(row.create_time.unwrap().seconds, 1_800_000_000);
            let within_a_session = !matches!(row.r#type(), AuthEventType::LoginFailed | AuthEventType::RateLimited);
            assert_eq!(!row.session_id.is_empty(), within_a_session, "{row:?}");
        }
        // What concerns nobody known is in the trail too, and in nobody's list.
        service.stop().await;
        let of_nobody = "SELECT request_id || ' ' || type || ' ' || count || ' ' || ip_address FROM auth_event \
            WHERE user_id IS NULL ORDER BY request_id";
        let expected = ["client-shut RATE_LIMITED 3", "nobody LOGIN_FAILED 1", "nobody-shut RATE_LIMITED 1"];
        assert_eq!(column::<String>(&database, of_nobody).await, expected.map(|row| format!("{row} {HOME}")));
    }

    async fn every_change_of_an_account_is_found_with_where_it_came_from(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &["--auth-trusted-proxies", "127.0.0.1"]).await;
        let mut client = service.auth_as(SOFTWARE).await;
        let tokens = client.sign_up(call("signed-up", sign_up(ADA))).await.unwrap().into_inner().tokens.unwrap();
        let mut others = Vec::new();
        for id in ["first", "second", "third", "fourth"] {
            let entered = client.login(call(id, log_in(ADA, PASSWORD))).await.unwrap().into_inner();
            others.push(entered.tokens.unwrap().refresh_token);
        }
        let refresh_token = others.pop().unwrap();
        client.refresh_token(call("refreshed", RefreshTokenRequest { refresh_token: refresh_token.clone() })).await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        client.refresh_token(call("reused", RefreshTokenRequest { refresh_token })).await.unwrap_err();
        client.logout(call("logged-out", LogoutRequest { refresh_token: others.pop().unwrap() })).await.unwrap();
        let update = UpdateMeRequest {
            user: Some(User { display_name: "Ada".into(), ..User::default() }),
            update_mask: None,
        };
        client.update_me(with_token(&tokens.access_token, call("updated", update))).await.unwrap();
        client.revoke_other_sessions(with_token(&tokens.access_token, call("revoked", RevokeOtherSessionsRequest {}))).await.unwrap();
        let again = client.login(call("again", log_in(ADA, PASSWORD))).await.unwrap().into_inner().tokens.unwrap();
        let sessions = client.list_sessions(bearer(&again.access_token, ListSessionsRequest::default())).await.unwrap();
        let session_id = sessions.into_inner().sessions[0].id.clone();
        let revoke = RevokeSessionRequest { session_id };
        client.revoke_session(with_token(&tokens.access_token, call("one-revoked", revoke))).await.unwrap();
        for (id, current) in [("wrong", "wrong"), ("changed", PASSWORD)] {
            let change = ChangePasswordRequest {
                current_password: current.into(),
                new_password: "Tr7wLb2v".into(),
                revoke_other_sessions: None,
            };
            assert_eq!(client.change_password(with_token(&tokens.access_token, call(id, change))).await.is_ok(), id == "changed");
        }
        let rows = all(&service, &tokens.access_token).await;
        client.delete_me(with_token(&tokens.access_token, call("deleted", DeleteMeRequest { password: "Tr7wLb2v".into() }))).await.unwrap();

        let told: Vec<_> = rows.iter().rev().map(|row| (row.request_id.as_str(), row.r#type(), row.count)).collect();
        use AuthEventType::*;
        let entered = ["first", "second", "third", "fourth"].map(|id| (id, LoginSucceeded, 1));
        let expected = [
            &[("signed-up", SignedUp, 1)],
            &entered[..],
            &[("reused", RefreshReused, 1), ("logged-out", LoggedOut, 1), ("updated", UserUpdated, 1)],
            &[("revoked", SessionRevoked, 2), ("again", LoginSucceeded, 1), ("one-revoked", SessionRevoked, 1)],
            &[("wrong", LoginFailed, 1), ("changed", PasswordChanged, 1)],
        ]
        .concat();
        assert_eq!(told.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
        assert_eq!(told.len(), expected.len());
        for row in &rows {
            assert_eq!((row.source(), row.ip_address.as_str()), (AuthEventSource::Rpc, HOME), "{row:?}");
            assert!(row.user_agent.starts_with(SOFTWARE), "{}", row.user_agent);
            assert_eq!(row.session_id.is_empty(), row.request_id == "revoked", "{row:?}");
        }
        let last = "SELECT type || ' ' || ip_address || ' ' || request_id FROM auth_event WHERE type = 'USER_DELETED'";
        assert_eq!(column::<String>(&database, last).await, [format!("USER_DELETED {HOME} deleted")]);
        service.stop().await;
    }

    async fn the_list_is_the_callers_own_in_pages_the_newest_first(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (_, ada) = service.signed_up(ADA).await;
        let (_, eve) = service.signed_up("eve@example.org").await;
        for _ in 0..6 {
            clock.advance(TimeDelta::seconds(1));
            service.log_in(ADA, PASSWORD).await.unwrap();
            service.log_in("eve@example.org", "wrong").await.unwrap_err();
        }
        let whole = all(&service, &ada).await;
        let expected = [&[AuthEventType::LoginSucceeded; 6][..], &[AuthEventType::SignedUp]].concat();
        assert_eq!(types(&whole), expected);
        assert!(whole.is_sorted_by(|newer, older| newer.id > older.id));

        let (first, page) = list(&service, &ada, 3, "").await.unwrap();
        // What is new does not move what follows.
        service.log_in(ADA, PASSWORD).await.unwrap();
        let (second, last_page) = list(&service, &ada, 2, &page).await.unwrap();
        let (third, end) = list(&service, &ada, 2, &last_page).await.unwrap();
        assert_eq!([first, second, third].concat(), whole);
        assert_eq!(end, "");

        assert_eq!(all(&service, &eve).await.len(), 7);
        for foreign in [page.as_str(), "nonsense", &page[..page.len() - 1]] {
            assert_eq!(reason(&list(&service, &eve, 3, foreign).await.unwrap_err()), "PAGE_TOKEN_INVALID");
        }
        assert_eq!(reason(&list(&service, &ada, -1, "").await.unwrap_err()), "VALIDATION_FAILED");
        let unknown = service.auth().await.list_auth_events(ListAuthEventsRequest::default()).await.unwrap_err();
        assert_eq!(reason(&unknown), "TOKEN_MISSING");
        service.stop().await;
    }

    async fn what_a_newer_release_wrote_does_not_break_the_list(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up(ADA).await;
        service.log_in(ADA, PASSWORD).await.unwrap();
        execute(&database, "UPDATE auth_event SET type = 'TELEPORTED', source = 'MACHINE' WHERE type = 'SIGNED_UP'").await;
        let events = all(&service, &token).await;
        assert_eq!(types(&events), [AuthEventType::LoginSucceeded, AuthEventType::Unspecified]);
        assert_eq!(events[1].source(), AuthEventSource::Unspecified);
        assert_eq!(events[1].ip_address, "127.0.0.1");
        service.stop().await;
    }

    async fn what_fails_leaves_no_event(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up(ADA).await;
        let before = crate::support::events(&database).await;
        // Each change needs the sessions, and tells the trail in the same transaction.
        execute(&database, "ALTER TABLE known_address RENAME TO known_address_away").await;
        assert!(service.sign_up("eve@example.org").await.is_err());
        execute(&database, "ALTER TABLE known_address_away RENAME TO known_address").await;
        execute(&database, "ALTER TABLE session RENAME TO session_away").await;
        assert!(service.sign_up("eve@example.org").await.is_err());
        assert!(service.log_in(ADA, PASSWORD).await.is_err());
        assert!(service.auth().await.logout(bearer(&token, LogoutRequest::default())).await.is_err());
        execute(&database, "ALTER TABLE session_away RENAME TO session").await;
        assert_eq!(crate::support::events(&database).await, before);
        service.stop().await;
    }

    async fn what_cannot_be_told_of_a_refusal_now_is_told_later(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock, &["--auth-login-limit", "1"]).await;
        service.log_in(ADA, "wrong").await.unwrap_err();
        service.log_in(ADA, "wrong").await.unwrap_err();
        execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
        for _ in 0..20 {
            assert_eq!(reason(&service.log_in(ADA, "wrong").await.unwrap_err()), "RATE_LIMITED");
        }
        // Longer than the second after which it is tried.
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        execute(&database, "ALTER TABLE auth_event_away RENAME TO auth_event").await;
        service.stop().await;
        let counts = "SELECT count FROM auth_event WHERE type = 'RATE_LIMITED'";
        assert_eq!(column::<i64>(&database, counts).await, [21]);
    }
}
