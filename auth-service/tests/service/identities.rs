//! People whom other issuers know: who they are here, and how they are refused.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::{
    MASTER_KEY, PASSWORD, Service, bearer, column, events, eventually,
    issuer::{Issuer, Key, SECRET, cookie, cookie_claims},
    reason,
    watching::Watching,
};
use authn::{MaxStaleness, RemoteVerifier};
use chrono::{DateTime, Utc};
use proto::auth::v1::{
    ChangePasswordRequest, DeleteMeRequest, GetMeRequest, ListAuthEventsRequest, ListSessionsRequest, LogoutRequest,
    RejectionReason, RevokeOtherSessionsRequest, UpdateMeRequest, User, caller::Principal, revocation::Subject,
    validate_token_response::Verdict,
};
use serde_json::json;
use service_runtime::{
    clock::Clock,
    deadline::Deadline,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tonic::Status;

const EMAIL: &str = "ada@example.org";

/// A service with an issuer, on the system's clock, because commands have that.
struct Scene {
    service: Service,
    issuer: Issuer,
    key: Key,
    issuers: String,
}

fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "what the service's clock tells, too")]
    Utc::now().timestamp()
}

impl Scene {
    async fn start(database: &TestDatabase) -> Self {
        let key = Key::ed25519("one");
        let issuer = Issuer::start(&[&key]).await;
        let issuers = [issuer.plugin(""), cookie(database.folder())].concat();
        let service = Self::another(database, &issuers).await;
        Self { service, issuer, key, issuers }
    }

    async fn another(database: &TestDatabase, issuers: &str) -> Service {
        Service::start_with(database, Clock::system(), &["--auth-issuers", issuers]).await
    }

    /// A token of a person that was issued so many seconds ago.
    fn token(&self, subject: &str, ago: i64) -> String {
        self.key.token(&self.issuer.claims(subject, now() - ago))
    }

    async fn user(&self, token: &str) -> String {
        user(&self.service, token).await
    }

    async fn me(&self, token: &str) -> Result<User, Status> {
        let answer = self.service.auth().await.get_me(bearer(token, GetMeRequest {})).await?;
        Ok(answer.into_inner().user.unwrap())
    }

    async fn delete_me(&self, token: &str) -> Result<(), Status> {
        let request = bearer(token, DeleteMeRequest { password: String::new() });
        self.service.auth().await.delete_me(request).await.map(drop)
    }

    async fn log_out(&self, token: &str) {
        self.service.auth().await.logout(bearer(token, LogoutRequest::default())).await.unwrap();
    }

    async fn command(&self, database: &TestDatabase, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
        command.env_clear().current_dir(database.folder()).env("AUTH_DATABASE_URL", &database.settings.url);
        command.env("AUTH_ISSUERS", &self.issuers);
        if database.engine == Engine::Postgres {
            command.env("AUTH_MASTER_KEY", MASTER_KEY);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    }
}

async fn user(service: &Service, token: &str) -> String {
    match service.judge(token, "").await.unwrap() {
        Verdict::Caller(caller) => match caller.principal.unwrap() {
            Principal::User(user) => user.user_id,
        },
        Verdict::Rejection(rejection) => panic!("{rejection:?}"),
    }
}

async fn count(database: &TestDatabase, what: &str) -> i64 {
    column::<i64>(database, &format!("SELECT count(*) FROM {what}")).await[0]
}

on_both_databases! {
    async fn many_calls_at_once_of_somebody_new_make_one_user(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let other = Scene::another(&database, &scene.issuers).await;
        let replicas = [&scene.service, &other];
        let calls = (0..50).map(|number| {
            let token = scene.token("ada", number);
            let service = replicas[number as usize % 2];
            async move { user(service, &token).await }
        });
        let mut users = futures::future::join_all(calls).await;
        users.dedup();
        assert_eq!(users.len(), 1, "{users:?}");
        assert_eq!(count(&database, "user_account").await, 1);
        assert_eq!(count(&database, "identity").await, 1);
        assert_eq!(events(&database).await, ["IDENTITY_LINKED"]);
        let row = "SELECT user_agent || ' ' || source || ' ' || ip_address FROM auth_event";
        assert_eq!(column::<String>(&database, row).await, ["better-auth SERVICE "]);
        other.stop().await;
        scene.service.stop().await;
    }

    async fn whoever_signed_up_with_the_address_before_is_somebody_else(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let (squatter, _) = scene.service.signed_up(EMAIL).await;
        let token = scene.token("ada", 0);
        let me = scene.me(&token).await.unwrap();
        assert_eq!((me.email.as_str(), me.display_name.as_str()), (EMAIL, "Ada Lovelace"), "as the issuer says it");
        assert_ne!(me.id, squatter.id);
        let (logged_in, _) = scene.service.log_in(EMAIL, PASSWORD).await.unwrap();
        assert_eq!(logged_in.id, squatter.id);
        // Nor does the issuer's word keep anybody from signing up, or let anybody log in.
        let eve = scene.key.token(&{
            let mut claims = scene.issuer.claims("eve", now());
            claims["email"] = json!("eve@example.org");
            claims
        });
        scene.user(&eve).await;
        let refused = scene.service.log_in("eve@example.org", "").await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_CREDENTIALS");
        scene.service.signed_up("eve@example.org").await;
        let (status, out) = scene.command(&database, &["users", "disable", EMAIL]).await;
        assert_eq!(status, 0, "{out}");
        assert!(out.contains(&squatter.id), "{out}");
        assert!(scene.me(&token).await.is_ok());
        scene.service.stop().await;
    }

    async fn what_the_issuer_says_of_a_person_is_shown_as_far_as_it_can_be(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let mut claims = scene.issuer.claims("ada", now());
        (claims["email"], claims["name"]) = (json!("no address"), json!(format!("A\u{7}da{}", "x".repeat(200))));
        let me = scene.me(&scene.key.token(&claims)).await.unwrap();
        assert_eq!((me.email.as_str(), me.display_name), ("", format!("Ada{}", "x".repeat(97))));
        (claims["sub"], claims["email"], claims["name"]) = (json!("eve"), json!(7), json!(["Eve"]));
        let token = scene.key.token(&claims);
        let me = scene.me(&token).await.unwrap();
        assert_eq!((me.email.as_str(), me.display_name.as_str()), ("", ""));
        // From then on the name is the person's own.
        let user = User { display_name: "Eve".to_owned(), ..User::default() };
        let request = UpdateMeRequest { user: Some(user), update_mask: None };
        scene.service.auth().await.update_me(bearer(&token, request)).await.unwrap();
        claims["iat"] = json!(now() - 1);
        assert_eq!(scene.me(&scene.key.token(&claims)).await.unwrap().display_name, "Eve");
        scene.service.stop().await;
    }

    async fn somebody_without_a_password_is_asked_for_none(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let token = scene.token("ada", 0);
        scene.me(&token).await.unwrap();
        let mut auth = scene.service.auth().await;
        let request = ChangePasswordRequest { new_password: "Zt7kWm2xQ".into(), ..ChangePasswordRequest::default() };
        assert_eq!(reason(&auth.change_password(bearer(&token, request)).await.unwrap_err()), "NO_PASSWORD");
        let stale = scene.token("ada", 301);
        assert_eq!(reason(&scene.delete_me(&stale).await.unwrap_err()), "NO_PASSWORD");
        assert!(scene.me(&stale).await.is_ok(), "for all else it is good");
        let sessions = auth.list_sessions(bearer(&token, ListSessionsRequest::default())).await.unwrap().into_inner();
        assert!(sessions.sessions.is_empty());
        auth.revoke_other_sessions(bearer(&token, RevokeOtherSessionsRequest {})).await.unwrap();
        let trail = auth.list_auth_events(bearer(&token, ListAuthEventsRequest::default())).await.unwrap().into_inner();
        assert_eq!(trail.events.len(), 1);
        assert_eq!(trail.events[0].r#type().as_str_name(), "AUTH_EVENT_TYPE_IDENTITY_LINKED");
        scene.delete_me(&scene.token("ada", 295)).await.unwrap();
        assert_eq!(count(&database, "user_account").await, 0);
        scene.service.stop().await;
    }

    async fn a_deleted_user_comes_back_by_no_token_of_before_and_then_as_somebody_else(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let other = Scene::another(&database, &scene.issuers).await;
        let (warm, cold) = (scene.token("ada", 3), scene.token("ada", 2));
        let former = scene.user(&warm).await;
        assert_eq!(user(&other, &warm).await, former);
        let (at_hand, latest) = (scene.token("ada", 1), scene.token("ada", 0));
        scene.delete_me(&at_hand).await.unwrap();
        for token in [&warm, &cold, &at_hand, &latest] {
            assert_eq!(scene.service.rejection(token).await, RejectionReason::Revoked);
        }
        assert_eq!(reason(&scene.me(&warm).await.unwrap_err()), "TOKEN_REVOKED");
        other.soon_refuses(&warm).await;
        assert_eq!(other.rejection(&cold).await, RejectionReason::Revoked);
        assert_eq!(count(&database, "user_account").await, 0);
        // Nothing tells who it was.
        assert_eq!(count(&database, "identity").await, 0);
        let names: Vec<String> = column(&database, "SELECT name FROM former_identity").await;
        assert!(names.len() == 1 && names[0].len() == 43 && !names[0].contains("ada"), "{names:?}");
        // A sign-in of later.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let later = scene.token("ada", 0);
        let new = scene.user(&later).await;
        assert_ne!(new, former);
        assert_eq!(user(&other, &later).await, new);
        for service in [&scene.service, &other] {
            assert_eq!(service.rejection(&cold).await, RejectionReason::Revoked, "it was another user's");
            let unseen = scene.token("ada", 100);
            assert_eq!(service.rejection(&unseen).await, RejectionReason::Revoked, "and so would this have been");
        }
        assert_eq!(count(&database, "user_deletion").await, 1);
        // And the same once more, by an issuer whose clock is ahead.
        let ahead = scene.key.token(&scene.issuer.claims("ada", now() + 4));
        assert_eq!(scene.user(&ahead).await, new);
        scene.delete_me(&ahead).await.unwrap();
        for token in [&later, &ahead] {
            assert_eq!(scene.service.rejection(token).await, RejectionReason::Revoked);
        }
        assert_eq!(other.rejection(&ahead).await, RejectionReason::Revoked, "nor where it is shown first");
        assert_eq!(scene.service.rejection(&scene.token("ada", 0)).await, RejectionReason::Revoked);
        other.stop().await;
        scene.service.stop().await;
    }

    async fn a_disabled_user_stays_so_whatever_the_issuer_says(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let warm = scene.token("ada", 1);
        let id = scene.user(&warm).await;
        let ahead = scene.key.token(&scene.issuer.claims("ada", now() + 4));
        assert_eq!(scene.user(&ahead).await, id);
        let (status, out) = scene.command(&database, &["users", "disable", &id]).await;
        assert_eq!(status, 0, "{out}");
        assert!(out.contains("0 sessions"), "{out}");
        scene.service.soon_refuses(&warm).await;
        scene.service.soon_refuses(&ahead).await;
        let new = scene.token("ada", 0);
        assert_eq!(scene.service.rejection(&new).await, RejectionReason::UserDisabled);
        assert_eq!(reason(&scene.me(&new).await.unwrap_err()), "TOKEN_REVOKED");
        let cookie = Key::secret(SECRET.as_bytes()).token(&cookie_claims("ada", now()));
        assert_eq!(scene.service.rejection(&cookie).await, RejectionReason::UserDisabled, "by whatever token");
        assert_eq!(count(&database, "user_account").await, 1);
        scene.command(&database, &["users", "enable", &id]).await;
        assert_eq!(scene.service.rejection(&warm).await, RejectionReason::Revoked, "nothing comes back");
        // Those that may have been judged before are of up to five seconds later.
        let back = async || scene.service.accepts(&scene.token("ada", 0)).await;
        let took = eventually(Duration::from_secs(10), back).await;
        assert!(took > Duration::from_secs(2), "{took:?}");
        scene.service.stop().await;
    }

    async fn logout_ends_the_token_that_is_shown_and_no_other(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let other = Scene::another(&database, &scene.issuers).await;
        let (token, kept) = (scene.token("ada", 0), scene.token("ada", 1));
        let id = scene.user(&token).await;
        assert_eq!((user(&other, &token).await, scene.user(&kept).await), (id.clone(), id.clone()));
        let mut watching = Watching::begin(&scene.service, "").await.unwrap();
        watching.snapshot().await;
        scene.log_out(&token).await;
        assert_eq!(scene.service.rejection(&token).await, RejectionReason::Revoked);
        other.soon_refuses(&token).await;
        assert!(scene.service.accepts(&kept).await && other.accepts(&kept).await);
        let told = watching.told().await;
        let Some(Subject::TokenHash(hash)) = &told[0].subject else { panic!("{told:?}") };
        let (signed, _signature) = token.rsplit_once('.').unwrap();
        assert_eq!(hash, aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, signed.as_bytes()).as_ref());
        for _ in 0..5 {
            scene.log_out(&token).await;
        }
        assert_eq!(count(&database, "revocation").await, 1);
        assert_eq!(count(&database, "auth_event WHERE type = 'LOGGED_OUT' AND user_id IS NOT NULL").await, 1);
        // Nobody becomes a user by logging out, and what has expired need not be remembered.
        scene.log_out(&scene.token("eve", 0)).await;
        scene.log_out(&scene.token("ada", 1000)).await;
        assert_eq!((count(&database, "identity").await, count(&database, "revocation").await), (1, 2));
        let forged = Key::ed25519("one").token(&scene.issuer.claims("ada", now()));
        let refused = scene.service.auth().await.logout(bearer(&forged, LogoutRequest::default())).await.unwrap_err();
        assert_eq!(reason(&refused), "TOKEN_INVALID");
        let times: Vec<DateTime<Utc>> = column(&database, "SELECT expire_time FROM revocation ORDER BY id").await;
        let life = times[0].timestamp() - now();
        assert!((900..=960).contains(&life), "a minute longer than the token: {life}");
        other.stop().await;
        scene.service.stop().await;
    }

    async fn tokens_are_refused_up_to_a_time_that_a_command_gives(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let other = Scene::another(&database, &scene.issuers).await;
        let secret = Key::secret(SECRET.as_bytes());
        let cookie_of = |subject: &str, ago: i64| secret.token(&cookie_claims(subject, now() - ago));
        let (ada, eve) = (scene.token("ada", 30), scene.token("eve", 30));
        let id = scene.user(&ada).await;
        assert!(other.accepts(&ada).await && other.accepts(&eve).await);
        let at = |ago: i64| DateTime::from_timestamp(now() - ago, 0).unwrap().to_rfc3339();
        let command = async |arguments: &[&str]| scene.command(&database, &[&["not-before"], arguments].concat()).await;

        let (status, out) = command(&["user", &id, "--at", &at(20)]).await;
        assert!(status == 0 && out.contains(&id), "{out}");
        for service in [&scene.service, &other] {
            service.soon_refuses(&ada).await;
            assert_eq!(service.rejection(&scene.token("ada", 25)).await, RejectionReason::Revoked, "new to it");
            assert_eq!(service.rejection(&cookie_of("ada", 25)).await, RejectionReason::Revoked, "of any issuer");
            assert!(service.accepts(&scene.token("ada", 10)).await && service.accepts(&eve).await);
        }
        // An earlier time takes nothing back.
        command(&["user", &id, "--at", &at(60)]).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(scene.service.rejection(&scene.token("ada", 25)).await, RejectionReason::Revoked);

        let (status, out) = command(&["issuer", "better-auth", "--at", &at(15)]).await;
        assert!(status == 0 && out.contains("better-auth"), "{out}");
        for service in [&scene.service, &other] {
            service.soon_refuses(&eve).await;
            assert_eq!(service.rejection(&scene.token("eve", 17)).await, RejectionReason::Revoked);
            assert!(service.accepts(&scene.token("eve", 10)).await && service.accepts(&cookie_of("eve", 30)).await);
        }
        // Whoever starts later knows it too.
        let third = Scene::another(&database, &scene.issuers).await;
        assert_eq!(third.rejection(&eve).await, RejectionReason::Revoked);
        assert_eq!(third.rejection(&ada).await, RejectionReason::Revoked);
        let latest = cookie_of("eve", 0);
        let (status, _) = command(&["issuer", "better-auth-cookie"]).await;
        assert_eq!(status, 0);
        third.soon_refuses(&latest).await;

        let (local, own) = scene.service.signed_up("grace@example.org").await;
        let (status, out) = command(&["user", &local.id]).await;
        assert!(status == 0 && out.contains("nothing to do"), "{out}");
        assert!(scene.service.accepts(&own).await);
        for (arguments, expected, part) in [
            (&["user", "0190b0b0-0000-7000-8000-00000000002a"][..], 3, "no such user"),
            (&["issuer", "better"], 3, "better-auth, better-auth-cookie"),
            (&["issuer", "better-auth", "--at", "2999-01-01T00:00:00Z"], 2, "5 minutes ahead"),
            (&["issuer", "better-auth", "--at", "2020-01-01T00:00:00Z"], 2, "7 days back"),
            (&["issuer", "better-auth", "--at", "yesterday"], 2, "2026-11-21T12:00:00Z"),
            (&["issuer"], 2, "NAME"),
        ] {
            let (status, out) = command(arguments).await;
            assert!(status == expected && out.contains(part), "{status} {out}");
        }
        let commanded = "SELECT type || ' ' || user_agent FROM auth_event WHERE source = 'COMMAND' ORDER BY create_time, id";
        let commanded: Vec<String> = column(&database, commanded).await;
        assert_eq!(commanded, [
            "SESSION_REVOKED auth-service not-before user",
            "SESSION_REVOKED auth-service not-before user",
            "SESSION_REVOKED auth-service not-before issuer better-auth",
            "SESSION_REVOKED auth-service not-before issuer better-auth-cookie",
        ]);
        third.stop().await;
        other.stop().await;
        scene.service.stop().await;
    }

    async fn somebody_deleted_by_an_administrator_takes_no_limit_of_another_account_along(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        scene.service.signed_up(EMAIL).await;
        scene.service.log_in(EMAIL, "wrong").await.unwrap_err();
        let failures = "attempt_window WHERE kind = 'known-address'";
        assert_eq!(count(&database, failures).await, 1);
        let token = scene.token("ada", 1);
        let id = scene.user(&token).await;
        let (status, out) = scene.command(&database, &["users", "delete", &id, "--yes"]).await;
        assert_eq!(status, 0, "{out}");
        assert_eq!(count(&database, failures).await, 1);
        scene.service.soon_refuses(&token).await;
        assert_eq!(scene.service.rejection(&scene.token("ada", 2)).await, RejectionReason::Revoked);
        scene.service.stop().await;
    }
}

on_both_databases! {
    async fn every_verifier_hears_of_it_whichever_way_a_token_is_revoked(database: TestDatabase) {
        let scene = Scene::start(&database).await;
        let url = format!("http://{}", scene.service.internal);
        let verifier = RemoteVerifier::start(&url, MaxStaleness::default(), Clock::system()).unwrap();
        let shown = async |token: &str| {
            let deadline = Deadline::within(Duration::from_secs(5));
            authn::Verify::verify(&verifier, token, deadline).await.unwrap()
        };
        let people = ["out", "deleted", "disabled", "user", "issuer"];
        let tokens = people.map(|subject| scene.token(subject, 2));
        let mut ids = Vec::new();
        for token in &tokens {
            let verdict = shown(token).await;
            assert!(matches!(verdict, authn::Verdict::Accepted(_)), "{verdict:?}");
            ids.push(scene.user(token).await);
        }
        let [out, deleted, disabled, user, issuer] = &tokens;
        let refused = async |token: &str| {
            let gone = async || matches!(shown(token).await, authn::Verdict::Rejected(RejectionReason::Revoked));
            eventually(Duration::from_secs(3), gone).await
        };
        scene.log_out(out).await;
        let mut took = vec![refused(out).await];
        scene.delete_me(deleted).await.unwrap();
        took.push(refused(deleted).await);
        scene.command(&database, &["users", "disable", &ids[2]]).await;
        took.push(refused(disabled).await);
        scene.command(&database, &["not-before", "user", &ids[3]]).await;
        took.push(refused(user).await);
        assert!(matches!(shown(issuer).await, authn::Verdict::Accepted(_)));
        scene.command(&database, &["not-before", "issuer", "better-auth"]).await;
        took.push(refused(issuer).await);
        assert!(took.iter().all(|took| *took < Duration::from_secs(1)), "{took:?}");
        scene.service.stop().await;
    }
}
