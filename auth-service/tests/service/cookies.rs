//! The refresh token in a page's cookie: who may have it, what replaces it, and what clears it.

use crate::support::{
    PASSWORD, Service, bearer, column, dump, events,
    page::{ORIGIN, Page},
    reason,
};
use authn::SessionId;
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{DeleteMeRequest, RefreshTokenDelivery, RejectionReason, Tokens};
use service_runtime::{clock::Clock, on_both_databases, testing::TestDatabase};
use tonic::{Code, Status};

const ADA: &str = "ada@example.org";
const EVE: &str = "eve@example.org";
const DAY: i64 = 24 * 3600;

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, expected: &str) {
    let status = answer.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{status:?}");
}

/// The `Max-Age` of a cookie that is just as it has to be.
fn age(page: &Page) -> i64 {
    let set = page.set.as_deref().unwrap();
    let (value, attributes) = set.split_once("; ").unwrap();
    assert!(value.starts_with("__Host-duet-refresh="), "{set}");
    let age = attributes.strip_prefix("Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=").unwrap();
    age.parse().unwrap()
}

fn is_cleared(page: &Page) -> bool {
    page.set.is_some() && age(page) == 0 && page.cookies.is_empty()
}

async fn everything(database: &TestDatabase) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for table in ["session", "auth_event", "user_account"] {
        all.push(dump(database, table).await);
    }
    all
}

on_both_databases! {
    async fn the_token_travels_in_the_cookie_alone(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (mut page, tokens) = Page::of(&service, ADA).await;
        assert_eq!((age(&page), page.token().len()), (30 * DAY, 99));
        let mut before = page.token().to_owned();
        let check = |tokens: &Tokens, expected: i64| {
            assert_eq!(tokens.refresh_token, "", "out of reach of the page");
            assert_eq!(tokens.refresh_token_expire_time.unwrap().seconds, 1_800_000_000 + expected);
        };
        check(&tokens, 30 * DAY);
        // Until the nearer of the idle and the absolute limit.
        for (day, end) in [(25, 55), (50, 80), (75, 90), (89, 90)] {
            clock.advance(DateTime::from_timestamp(1_800_000_000 + day * DAY, 0).unwrap() - clock.now());
            let tokens = page.refresh().await.unwrap();
            check(&tokens, end * DAY);
            assert_eq!(age(&page), (end - day) * DAY);
            assert_ne!(page.token(), before);
            assert!(service.accepts(&tokens.access_token).await);
            before = page.token().to_owned();
        }
        page.log_in(ADA, PASSWORD).await.unwrap();
        assert_eq!(age(&page), 30 * DAY);
        service.stop().await;
    }

    async fn other_origins_change_nothing_and_count_for_nothing(database: TestDatabase) {
        let limits = ["--auth-login-limit", "2", "--auth-sign-up-limit", "1"];
        let service = Service::start_with(&database, Clock::system(), &limits).await;
        let (page, tokens) = Page::of(&service, ADA).await;
        let before = everything(&database).await;
        for origins in [
            &[][..],
            &["http://127.0.0.1:8081"],
            &["http://127.0.0.1"],
            &["https://127.0.0.1:8080"],
            &["http://127.0.0.1:8080.evil.example"],
            &["https://evil.example"],
            &["null"],
            &[""],
            &[ORIGIN, ORIGIN],
            &[ORIGIN, "https://evil.example"],
        ] {
            let page = page.with_origins(origins);
            let answers = [
                page.clone().sign_up("not even an address").await.map(drop),
                page.clone().log_in(ADA, PASSWORD).await.map(drop),
                page.clone().log_in(ADA, "wrong").await.map(drop),
                page.clone().refresh().await.map(drop),
                page.clone().log_out(None, "").await.map(drop),
            ];
            for answer in answers {
                let status = answer.unwrap_err();
                assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "ORIGIN_NOT_ALLOWED"));
                assert!(status.message().contains("AUTH_BROWSER_ORIGINS"), "{status:?}");
                assert_eq!(status.metadata().get("set-cookie"), None);
            }
        }
        assert_eq!(everything(&database).await, before);
        assert!(service.accepts(&tokens.access_token).await);
        // They did not use up anybody's attempts; the other name of loopback is allowed.
        let mut page = page.with_origins(&["http://localhost:8080"]);
        page.log_in(ADA, PASSWORD).await.unwrap();
        page.refresh().await.unwrap();
        page.log_in(ADA, PASSWORD).await.unwrap();
        refused(page.log_in(ADA, PASSWORD).await, Code::ResourceExhausted, "RATE_LIMITED");
        service.stop().await;
    }

    async fn the_origins_are_a_setting(database: TestDatabase) {
        let own = ["--auth-browser-origins", "https://duet.example.org,http://localhost:5173"];
        let service = Service::start_with(&database, Clock::system(), &own).await;
        let page = Page::open(&service).await;
        for allowed in ["https://duet.example.org", "http://localhost:5173"] {
            page.with_origins(&[allowed]).sign_up(&format!("{}@example.org", allowed.len())).await.unwrap();
        }
        for other in [ORIGIN, "http://localhost:8080", "http://duet.example.org"] {
            refused(page.with_origins(&[other]).sign_up(ADA).await, Code::PermissionDenied, "ORIGIN_NOT_ALLOWED");
        }
        service.stop().await;
        let service = Service::start_with(&database, Clock::system(), &["--auth-browser-origins", ""]).await;
        refused(Page::open(&service).await.sign_up(ADA).await, Code::PermissionDenied, "ORIGIN_NOT_ALLOWED");
        service.stop().await;
    }

    async fn who_asks_for_no_cookie_meets_none(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (mut page, kept) = Page::of(&service, ADA).await;
        for origins in [&[ORIGIN][..], &["https://evil.example"], &[]] {
            let mut page = page.with_origins(origins);
            for delivery in [RefreshTokenDelivery::Unspecified, RefreshTokenDelivery::Message] {
                let answer = page.log_in_by(delivery.into(), ADA, PASSWORD).await.unwrap();
                assert!(answer.tokens.unwrap().refresh_token.starts_with("duet_rt_") && page.set.is_none());
            }
        }
        assert!(service.accepts(&kept.access_token).await, "its cookie was not looked at");
        let status = page.log_in_by(3, ADA, PASSWORD).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "VALIDATION_FAILED"));
        let details = crate::support::details(&status);
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "refresh_token_delivery");
        service.stop().await;
    }

    async fn a_new_session_takes_the_place_of_the_cookies(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (mut page, first) = Page::of(&service, ADA).await;
        let (bystander, others) = Page::of(&service, EVE).await;
        let stale = page.clone();
        page.refresh().await.unwrap();

        refused(page.log_in(ADA, "wrong").await, Code::Unauthenticated, "INVALID_CREDENTIALS");
        refused(page.sign_up(EVE).await, Code::AlreadyExists, "EMAIL_TAKEN");
        assert!(page.set.is_none() && service.accepts(&first.access_token).await, "only a success replaces it");

        // Somebody else's login, and a sign-up, even with a cookie that is not the newest.
        page.log_in(EVE, PASSWORD).await.unwrap();
        assert_eq!(service.rejection(&first.access_token).await, RejectionReason::Revoked);
        let second = page.clone();
        page.refresh().await.unwrap();
        second.clone().sign_up("third@example.org").await.unwrap();
        refused(page.refresh().await, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        assert!(page.set.is_none(), "a refusal neither sets nor clears");
        let owners = "SELECT count(*) FROM auth_event JOIN session ON session.id = session_id AND \
                      session.user_id = auth_event.user_id WHERE type = 'SESSION_REVOKED' AND count = 1";
        assert_eq!(column::<i64>(&database, owners).await, [2]);

        // What names no session that lives is replaced without a word.
        for cookie in [stale.token(), "", "garbage", &first.access_token, &"x".repeat(4000)] {
            page.with_token(cookie).log_in(ADA, PASSWORD).await.unwrap();
        }
        assert_eq!(events(&database).await.iter().filter(|event| *event == "SESSION_REVOKED").count(), 2);
        assert!(service.accepts(&others.access_token).await && bystander.clone().refresh().await.is_ok());
        service.stop().await;
    }

    async fn what_is_no_token_refreshes_nothing(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (page, tokens) = Page::of(&service, ADA).await;
        let invalid = (Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        for cookie in ["", "garbage", &tokens.access_token, &format!("{}x", page.token()), &"x".repeat(8000)] {
            let mut page = page.with_token(cookie);
            refused(page.refresh().await, invalid.0, invalid.1);
            assert_eq!(page.set, None);
        }
        let mut none = page.with_cookies(Vec::new());
        refused(none.refresh().await, invalid.0, invalid.1);
        refused(none.with_origins(&[]).refresh().await, invalid.0, invalid.1);
        refused(none.log_out(None, "").await, Code::Unauthenticated, "TOKEN_MISSING");

        let before = everything(&database).await;
        let [cookie] = &page.cookies[..] else { panic!("one cookie") };
        for cookies in [vec![cookie.clone(), cookie.clone()], vec![format!("{cookie}; a=b; __Host-duet-refresh=x")]] {
            let mut twice = page.with_cookies(cookies);
            let malformed = (Code::InvalidArgument, "REQUEST_MALFORMED");
            refused(twice.refresh().await, malformed.0, malformed.1);
            refused(twice.log_in(ADA, PASSWORD).await, malformed.0, malformed.1);
            refused(twice.sign_up(EVE).await, malformed.0, malformed.1);
            refused(twice.log_out(None, "").await, malformed.0, malformed.1);
        }
        assert_eq!(everything(&database).await, before);
        page.clone().refresh().await.unwrap();
        service.stop().await;
    }

    async fn logout_ends_what_is_shown_first_and_clears_what_is_over(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, tokens) = service.sign_up(ADA).await.map(|answer| (answer.user, answer.tokens.unwrap())).unwrap();
        let page = async || {
            let mut page = Page::open(&service).await;
            let access = page.log_in(ADA, PASSWORD).await.unwrap().tokens.unwrap().access_token;
            (page, access)
        };
        // The bearer's, whose cookie it is.
        let (mut one, access) = page().await;
        one.log_out(Some(&access), &tokens.refresh_token).await.unwrap();
        assert!(is_cleared(&one) && !service.accepts(&access).await && service.accepts(&tokens.access_token).await);

        // The bearer's, while the cookie names another session, which lives on with its cookie.
        let (mut one, access) = page().await;
        let (_, other) = page().await;
        one.log_out(Some(&other), "").await.unwrap();
        assert!(one.set.is_none() && service.accepts(&access).await && !service.accepts(&other).await);
        // The message's; the cookie again is another's.
        let shown = service.log_in(ADA, PASSWORD).await.unwrap().1;
        one.log_out(None, &shown.refresh_token).await.unwrap();
        assert!(one.set.is_none() && service.accepts(&access).await && !service.accepts(&shown.access_token).await);
        // The cookie's, and again, though it has ended.
        let mut again = one.clone();
        one.log_out(None, "").await.unwrap();
        assert!(is_cleared(&one) && !service.accepts(&access).await);
        again.log_out(None, "").await.unwrap();
        assert!(is_cleared(&again));

        // A dead cookie goes with any Logout, garbage too; a refused one leaves it.
        let (dead, access) = page().await;
        dead.clone().log_out(Some(&access), "").await.unwrap();
        for cookie in [dead.token(), "garbage"] {
            let mut page = dead.with_token(cookie);
            page.log_out(Some(&other), "").await.unwrap();
            assert!(is_cleared(&page), "{cookie}");
        }
        let mut garbage = dead.with_token("garbage");
        refused(garbage.log_out(None, "").await, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        assert_eq!(garbage.set, None);

        // Elsewhere the bearer's session ends as ever, and the cookie is left alone.
        for (origins, cookies) in [(&[][..], 1), (&["https://evil.example"], 1), (&[ORIGIN], 2)] {
            let (one, access) = page().await;
            let mut one = one.with_origins(origins).with_cookies(vec![one.cookies[0].clone(); cookies]);
            one.log_out(Some(&access), "").await.unwrap();
            assert!(one.set.is_none() && !service.accepts(&access).await, "{origins:?}");
        }
        service.stop().await;
    }

    async fn after_the_user_is_gone_logout_clears_the_cookie(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (mut page, tokens) = Page::of(&service, ADA).await;
        let delete = bearer(&tokens.access_token, DeleteMeRequest { password: PASSWORD.into() });
        service.auth().await.delete_me(delete).await.unwrap();
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM session").await, [0]);
        page.log_out(Some(&tokens.access_token), "").await.unwrap();
        assert!(is_cleared(&page));
        service.stop().await;
    }

    async fn a_lost_answer_is_given_again_however_late(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (mut page, _) = Page::of(&service, ADA).await;
        for round in 0..3 {
            let cut_off = page.clone();
            page.refresh().await.unwrap();
            for late in [TimeDelta::seconds(31), TimeDelta::hours(1), TimeDelta::days(20)] {
                clock.advance(late);
                let mut reloaded = cut_off.clone();
                let tokens = reloaded.refresh().await.unwrap();
                assert_eq!(reloaded.token(), page.token(), "{round}");
                assert!(service.accepts(&tokens.access_token).await);
            }
        }
        assert_eq!(events(&database).await, ["SIGNED_UP"]);
        service.stop().await;
    }

    async fn once_its_successor_was_shown_a_late_token_is_a_thiefs(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        // Shown within the grace, so that it was kept; and after it, so that it was replaced.
        for (number, pause) in [TimeDelta::seconds(1), TimeDelta::seconds(31)].into_iter().enumerate() {
            let (mut page, _) = Page::of(&service, &format!("{number}@example.org")).await;
            let mut stolen = page.clone();
            page.refresh().await.unwrap();
            let current = page.token().to_owned();
            clock.advance(pause);
            page.refresh().await.unwrap();
            assert_eq!(page.token() == current, number == 0);
            clock.advance(TimeDelta::seconds(31));
            refused(stolen.refresh().await, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
            refused(page.refresh().await, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
            assert!(page.set.is_none() && stolen.set.is_none());
            let reused = events(&database).await.into_iter().filter(|event| event == "REFRESH_REUSED").count();
            assert_eq!(reused, number + 1);
        }
        service.stop().await;
    }

    async fn two_tabs_are_answered_alike_within_the_grace(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (page, _) = Page::of(&service, ADA).await;
        let (mut one, mut other) = (page.clone(), page);
        one.refresh().await.unwrap();
        let unshown = dump(&database, "session").await;
        one.refresh().await.unwrap();
        let shown = dump(&database, "session").await;
        assert_ne!(shown, unshown, "that it was shown is written down");
        for tab in [&mut one, &mut other] {
            tab.refresh().await.unwrap();
        }
        assert_eq!(one.token(), other.token());
        assert_eq!(dump(&database, "session").await, shown, "once");
        // Its successor has not been shown, whatever was before.
        clock.advance(TimeDelta::seconds(31));
        let cut_off = one.clone();
        one.refresh().await.unwrap();
        clock.advance(TimeDelta::days(1));
        assert_eq!({ let mut late = cut_off; late.refresh().await.unwrap(); late.token().to_owned() }, one.token());
        service.stop().await;
    }

    async fn a_token_in_a_message_keeps_its_strict_rule(database: TestDatabase) {
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let tokens = service.sign_up(ADA).await.unwrap().tokens.unwrap();
        let mut page = Page::open(&service).await.with_token(&tokens.refresh_token);
        let late = page.clone();
        page.refresh().await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        // It is the session that has the rule, not the call.
        refused({ late.clone() }.refresh().await, Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        assert_eq!(events(&database).await, ["SIGNED_UP", "REFRESH_REUSED"]);
        service.stop().await;
    }

    async fn races_by_cookie_have_one_winner_and_no_loser(database: TestDatabase) {
        const RACERS: usize = 64;
        let clock = manual_clock();
        let service = Service::start_with(&database, clock.clone(), &[]).await;
        let (mut page, _) = Page::of(&service, ADA).await;
        let race = async |page: &Page| {
            let racing: Vec<_> = (0..RACERS)
                .map(|_| {
                    let mut page = page.clone();
                    tokio::spawn(async move { page.refresh().await.map(|_| page.token().to_owned()) })
                })
                .collect();
            let mut answers = Vec::new();
            for one in racing {
                answers.push(one.await.unwrap().unwrap());
            }
            answers.dedup();
            let [successor] = &answers[..] else { panic!("{} successors", answers.len()) };
            page.with_token(successor)
        };
        for _ in 0..10 {
            let next = race(&page).await;
            assert_ne!(next.token(), page.token());
            clock.advance(TimeDelta::hours(1));
            assert_eq!(race(&page).await.token(), next.token(), "all of them lost their answers");
            page = race(&next).await;
            assert_eq!(race(&page).await.token(), page.token(), "it is young");
            clock.advance(TimeDelta::seconds(31));
        }
        // Thieves who come together end it once.
        let stolen = page.clone();
        page.refresh().await.unwrap();
        page.refresh().await.unwrap();
        clock.advance(TimeDelta::seconds(31));
        let racing: Vec<_> = (0..RACERS)
            .map(|_| {
                let mut stolen = stolen.clone();
                tokio::spawn(async move { stolen.refresh().await })
            })
            .collect();
        for one in racing {
            refused(one.await.unwrap(), Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
        }
        assert_eq!(events(&database).await, ["SIGNED_UP", "REFRESH_REUSED"]);
        service.stop().await;
    }

    async fn logins_that_replace_one_cookie_together_end_it_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (page, tokens) = Page::of(&service, ADA).await;
        Page::of(&service, EVE).await;
        let racing: Vec<_> = (0..16)
            .map(|number| {
                let mut page = page.clone();
                let email = if number % 2 == 0 { ADA } else { EVE };
                tokio::spawn(async move { page.log_in(email, PASSWORD).await.map(|answer| (page, answer)) })
            })
            .collect();
        for one in racing {
            let (mut page, answer) = one.await.unwrap().unwrap();
            assert!(service.accepts(&answer.tokens.unwrap().access_token).await && page.refresh().await.is_ok());
        }
        assert_eq!(service.rejection(&tokens.access_token).await, RejectionReason::Revoked);
        let revoked: Vec<uuid::Uuid> =
            column(&database, "SELECT session_id FROM auth_event WHERE type = 'SESSION_REVOKED'").await;
        assert_eq!(revoked.len(), 1, "{:?}", revoked.into_iter().map(SessionId::from).collect::<Vec<_>>());
        service.stop().await;
    }
}
