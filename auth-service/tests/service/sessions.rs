//! Sessions as their owners see them: what is listed, and what ends, for whom, at once.

use std::sync::Arc;

use crate::support::{PASSWORD, Service, bearer, column, details, events, execute, reason};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{
    ListSessionsRequest, ListSessionsResponse, LogoutRequest, RefreshTokenRequest, RejectionReason,
    RevokeOtherSessionsRequest, RevokeSessionRequest, Session, Tokens, auth_service_client::AuthServiceClient,
};
use service_runtime::{clock::Clock, on_both_databases, testing::Engine};
use tonic::{Code, Status, transport::Channel};

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

async fn signed_up(service: &Service, email: &str) -> Tokens {
    service.sign_up(email).await.unwrap().tokens.unwrap()
}

async fn logged_in(service: &Service, email: &str) -> Tokens {
    service.log_in(email, PASSWORD).await.unwrap().1
}

async fn page(service: &Service, token: &str, size: i32, page: &str) -> Result<ListSessionsResponse, Status> {
    let request = ListSessionsRequest { page_size: size, page_token: page.to_owned() };
    service.auth().await.list_sessions(bearer(token, request)).await.map(tonic::Response::into_inner)
}

async fn list(service: &Service, token: &str) -> Vec<Session> {
    page(service, token, 0, "").await.unwrap().sessions
}

/// The session of the tokens themselves.
async fn current(service: &Service, tokens: &Tokens) -> String {
    list(service, &tokens.access_token).await.into_iter().find(|session| session.current).unwrap().id
}

async fn revoke(service: &Service, token: &str, session: &str) -> Result<(), Status> {
    let request = RevokeSessionRequest { session_id: session.to_owned() };
    service.auth().await.revoke_session(bearer(token, request)).await.map(drop)
}

async fn revoke_others(service: &Service, token: &str) -> Result<(), Status> {
    service.auth().await.revoke_other_sessions(bearer(token, RevokeOtherSessionsRequest {})).await.map(drop)
}

async fn log_out(service: &Service, refresh_token: &str) -> Result<(), Status> {
    let request = LogoutRequest { refresh_token: refresh_token.to_owned() };
    service.auth().await.logout(request).await.map(drop)
}

async fn is_dead(service: &Service, tokens: &Tokens) {
    assert_eq!(service.rejection(&tokens.access_token).await, RejectionReason::Revoked);
    assert_eq!(reason(&service.refresh(&tokens.refresh_token).await.unwrap_err()), "REFRESH_TOKEN_INVALID");
}

fn bytes(status: &Status) -> (Code, String, Vec<u8>) {
    (status.code(), status.message().to_owned(), status.details().to_vec())
}

/// A client that says another name.
async fn client_named(service: &Service, name: &str) -> AuthServiceClient<Channel> {
    let endpoint = Channel::from_shared(format!("http://{}", service.public)).unwrap();
    AuthServiceClient::new(endpoint.user_agent(name.to_owned()).unwrap().connect().await.unwrap())
}

on_both_databases! {
    async fn people_see_their_own_sessions_that_live(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &["--auth-session-idle-lifetime", "10d"]).await;
        let forgotten = signed_up(&service, "ada@example.org").await;
        signed_up(&service, "eve@example.org").await;
        clock.advance(TimeDelta::days(5));
        let first = logged_in(&service, "ada@example.org").await;
        let ended = logged_in(&service, "ada@example.org").await;
        log_out(&service, &ended.refresh_token).await.unwrap();
        assert_eq!(list(&service, &first.access_token).await.len(), 2);
        clock.advance(TimeDelta::days(5));
        assert_eq!(service.rejection(&forgotten.access_token).await, RejectionReason::Expired);

        let mut elsewhere = client_named(&service, "elsewhere/7").await;
        let request = RefreshTokenRequest { refresh_token: first.refresh_token.clone() };
        let first = elsewhere.refresh_token(request).await.unwrap().into_inner().tokens.unwrap();
        clock.advance(TimeDelta::seconds(5));
        let second = logged_in(&service, "ada@example.org").await;
        let sessions = list(&service, &first.access_token).await;
        assert_eq!(sessions.iter().map(|session| session.current).collect::<Vec<_>>(), [false, true], "{sessions:?}");
        let [newest, seen] = &sessions[..] else { panic!("{sessions:?}") };
        assert!(seen.user_agent.starts_with("elsewhere/7"), "{seen:?}");
        assert!(newest.user_agent.starts_with("tonic/"), "{newest:?}");
        assert_eq!(seen.ip_address, "127.0.0.1");
        let day = 24 * 3600;
        assert_eq!(seen.create_time.unwrap().seconds, 1_800_000_000 + 5 * day);
        assert_eq!(seen.last_seen_time.unwrap().seconds, 1_800_000_000 + 10 * day);
        assert_eq!(newest.create_time, newest.last_seen_time);
        assert_eq!(current(&service, &second).await, newest.id);
        service.stop().await;
    }

    async fn pages_skip_and_repeat_nothing(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let tokens = signed_up(&service, "ada@example.org").await;
        let stranger = signed_up(&service, "eve@example.org").await;
        for number in 0..6 {
            // Some of them begin in the same moment.
            clock.advance(TimeDelta::seconds(number % 2));
            logged_in(&service, "ada@example.org").await;
        }
        let all: Vec<String> = list(&service, &tokens.access_token).await.into_iter().map(|session| session.id).collect();
        assert_eq!(all.len(), 7);
        assert!(all.is_sorted_by(|newer, older| newer > older), "{all:?}");
        let first = page(&service, &tokens.access_token, 3, "").await.unwrap();
        clock.advance(TimeDelta::seconds(1));
        logged_in(&service, "ada@example.org").await;
        revoke(&service, &tokens.access_token, &all[0]).await.unwrap();
        let second = page(&service, &tokens.access_token, 2, &first.next_page_token).await.unwrap();
        let third = page(&service, &tokens.access_token, 2, &second.next_page_token).await.unwrap();
        let paged = [&first, &second, &third].into_iter().flat_map(|page| &page.sessions).map(|session| session.id.clone());
        assert_eq!(paged.collect::<Vec<_>>(), all);
        assert_eq!(third.next_page_token, "", "it was the last");

        let refused = async |token: &str, size: i32, page_token: &str| {
            reason(&page(&service, token, size, page_token).await.unwrap_err())
        };
        assert_eq!(refused(&stranger.access_token, 3, &first.next_page_token).await, "PAGE_TOKEN_INVALID");
        assert_eq!(refused(&tokens.access_token, 3, "garbage").await, "PAGE_TOKEN_INVALID");
        let status = page(&service, &tokens.access_token, -1, "").await.unwrap_err();
        assert_eq!(details(&status).bad_request().unwrap().field_violations[0].field, "page_size");
        service.stop().await;
    }

    async fn one_session_ends_another_at_once_and_soon_on_every_replica(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let other = match database.engine {
            Engine::Postgres => Some(Service::start_with(&database, clock.clone(), &[]).await),
            Engine::Sqlite => None,
        };
        let lost = signed_up(&service, "ada@example.org").await;
        let mine = logged_in(&service, "ada@example.org").await;
        let id = current(&service, &lost).await;
        for service in std::iter::once(&service).chain(&other) {
            assert!(service.accepts(&lost.access_token).await);
        }
        revoke(&service, &mine.access_token, &id).await.unwrap();
        is_dead(&service, &lost).await;
        for service in std::iter::once(&service).chain(&other) {
            service.soon_refuses(&lost.access_token).await;
            is_dead(service, &lost).await;
            assert!(service.accepts(&mine.access_token).await);
        }
        revoke(&service, &mine.access_token, &id).await.unwrap();
        assert_eq!(events(&database).await, ["LOGIN_SUCCEEDED", "SESSION_REVOKED", "SIGNED_UP"], "ended once");
        let told: Vec<uuid::Uuid> = column(&database, "SELECT session_id FROM auth_event WHERE type = 'SESSION_REVOKED'").await;
        assert_eq!(told[0].to_string(), id);
        service.stop().await;
    }

    async fn a_session_may_end_itself(database: TestDatabase) {
        let service = Service::start(&database).await;
        let tokens = signed_up(&service, "ada@example.org").await;
        revoke(&service, &tokens.access_token, &current(&service, &tokens).await).await.unwrap();
        is_dead(&service, &tokens).await;
        assert_eq!(events(&database).await, ["SIGNED_UP", "SESSION_REVOKED"]);
        service.stop().await;
    }

    async fn somebody_elses_session_and_none_are_one_answer(database: TestDatabase) {
        let service = Service::start(&database).await;
        let mine = signed_up(&service, "ada@example.org").await;
        let theirs = signed_up(&service, "eve@example.org").await;
        let ended = logged_in(&service, "eve@example.org").await;
        let ids = [current(&service, &theirs).await, current(&service, &ended).await];
        log_out(&service, &ended.refresh_token).await.unwrap();
        let unknown = revoke(&service, &mine.access_token, "019a0000-0000-7000-8000-000000000001").await.unwrap_err();
        assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "SESSION_NOT_FOUND"));
        for id in ids {
            assert_eq!(bytes(&revoke(&service, &mine.access_token, &id).await.unwrap_err()), bytes(&unknown));
        }
        assert!(service.accepts(&theirs.access_token).await);
        assert!(!events(&database).await.contains(&"SESSION_REVOKED".to_owned()));
        let malformed = revoke(&service, &mine.access_token, "mine").await.unwrap_err();
        assert_eq!(reason(&malformed), "VALIDATION_FAILED");
        service.stop().await;
    }

    async fn all_others_end_with_one_row_that_counts_them(database: TestDatabase) {
        let service = Service::start(&database).await;
        let mine = signed_up(&service, "ada@example.org").await;
        let stranger = signed_up(&service, "eve@example.org").await;
        let mut others = Vec::new();
        for _ in 0..4 {
            others.push(logged_in(&service, "ada@example.org").await);
        }
        log_out(&service, &others[0].refresh_token).await.unwrap();
        revoke_others(&service, &mine.access_token).await.unwrap();
        for other in &others {
            is_dead(&service, other).await;
        }
        assert!(service.accepts(&mine.access_token).await && service.accepts(&stranger.access_token).await);
        assert!(service.refresh(&mine.refresh_token).await.is_ok());
        revoke_others(&service, &mine.access_token).await.unwrap();
        let told = "SELECT count FROM auth_event WHERE type = 'SESSION_REVOKED' AND session_id IS NULL";
        assert_eq!(column::<i64>(&database, told).await, [3], "with none left there is nothing to tell");
        service.stop().await;
    }

    async fn of_sessions_that_end_each_other_one_is_left(database: TestDatabase) {
        let service = Arc::new(Service::start(&database).await);
        let mut sessions = vec![signed_up(&service, "ada@example.org").await];
        for _ in 0..7 {
            sessions.push(logged_in(&service, "ada@example.org").await);
        }
        let racing: Vec<_> = sessions
            .iter()
            .map(|tokens| {
                let (service, token) = (Arc::clone(&service), tokens.access_token.clone());
                tokio::spawn(async move { revoke_others(&service, &token).await })
            })
            .collect();
        let mut done = 0;
        for one in racing {
            match one.await.unwrap() {
                Ok(()) => done += 1,
                Err(status) => assert_eq!(reason(&status), "TOKEN_REVOKED"),
            }
        }
        let left: i64 = column(&database, "SELECT count(*) FROM session WHERE end_time IS NULL").await[0];
        assert!(done >= 1 && left == 1, "{done} were answered, {left} left");
        assert_eq!(column::<i64>(&database, "SELECT count FROM auth_event WHERE type = 'SESSION_REVOKED'").await, [7]);
    }

    async fn a_refresh_token_alone_logs_out_however_old(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let first = signed_up(&service, "ada@example.org").await;
        let second = service.refresh(&first.refresh_token).await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        let third = service.refresh(&second.refresh_token).await.unwrap();
        assert!(service.accepts(&third.access_token).await);
        // Twice replaced: to be refreshed it would be theft, but whoever ends the session does no harm.
        log_out(&service, &first.refresh_token).await.unwrap();
        for tokens in [&first, &second, &third] {
            is_dead(&service, tokens).await;
            log_out(&service, &tokens.refresh_token).await.unwrap();
        }
        assert_eq!(events(&database).await, ["SIGNED_UP", "LOGGED_OUT"]);

        let expired = logged_in(&service, "ada@example.org").await;
        clock.advance(TimeDelta::days(31));
        log_out(&service, &expired.refresh_token).await.unwrap();
        execute(&database, "DELETE FROM session").await;
        log_out(&service, &expired.refresh_token).await.unwrap();
        service.auth().await.logout(bearer(&expired.access_token, LogoutRequest::default())).await.unwrap();
        assert_eq!(events(&database).await, ["SIGNED_UP", "LOGGED_OUT", "LOGIN_SUCCEEDED"], "these had ended by themselves");
        service.stop().await;
    }

    async fn a_forged_refresh_token_logs_nobody_out(database: TestDatabase) {
        let service = Service::start(&database).await;
        let tokens = signed_up(&service, "ada@example.org").await;
        let mut forged = tokens.refresh_token.clone().into_bytes();
        forged[20] = if forged[20] == b'A' { b'B' } else { b'A' };
        for refused in [String::from_utf8(forged).unwrap(), "garbage".to_owned(), tokens.access_token.clone()] {
            let status = log_out(&service, &refused).await.unwrap_err();
            assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "REFRESH_TOKEN_INVALID"));
        }
        assert!(service.accepts(&tokens.access_token).await);
        service.stop().await;
    }

    async fn the_bearer_token_says_which_session_ends(database: TestDatabase) {
        let service = Service::start(&database).await;
        let kept = signed_up(&service, "ada@example.org").await;
        let ended = logged_in(&service, "ada@example.org").await;
        let request = LogoutRequest { refresh_token: kept.refresh_token.clone() };
        service.auth().await.logout(bearer(&ended.access_token, request)).await.unwrap();
        is_dead(&service, &ended).await;
        assert!(service.accepts(&kept.access_token).await);
        service.stop().await;
    }

    async fn without_its_audit_row_no_session_ends(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let mine = signed_up(&service, "ada@example.org").await;
        let other = logged_in(&service, "ada@example.org").await;
        let id = current(&service, &other).await;
        service.refresh(&other.refresh_token).await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
        assert_eq!(reason(&revoke(&service, &mine.access_token, &id).await.unwrap_err()), "INTERNAL");
        assert_eq!(reason(&revoke_others(&service, &mine.access_token).await.unwrap_err()), "INTERNAL");
        assert_eq!(reason(&log_out(&service, &other.refresh_token).await.unwrap_err()), "INTERNAL");
        assert_eq!(reason(&service.refresh(&other.refresh_token).await.unwrap_err()), "INTERNAL", "theft is not passed over");
        assert!(service.accepts(&other.access_token).await);
        execute(&database, "ALTER TABLE auth_event_away RENAME TO auth_event").await;
        revoke_others(&service, &mine.access_token).await.unwrap();
        is_dead(&service, &other).await;
        service.stop().await;
    }
}
