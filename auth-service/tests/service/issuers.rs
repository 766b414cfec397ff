//! Tokens of other issuers, as the services that are shown them see them.

use std::time::Duration;

use crate::support::{
    Service, bearer, column, details, eventually,
    issuer::{Issuer, Key, SECRET, cookie, cookie_claims},
    proxy::{Proxy, Way},
    reason, settings,
};
use chrono::{DateTime, TimeDelta};
use proto::auth::v1::{Caller, GetMeRequest, RejectionReason, caller::Principal, validate_token_response::Verdict};
use serde_json::{Value, json};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};

const NOW: i64 = 1_800_000_000;

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(NOW, 0).unwrap())
}

async fn start(database: &TestDatabase, issuers: &str) -> (Service, Clock) {
    let clock = manual_clock();
    (Service::start_with(database, clock.clone(), &["--auth-issuers", issuers]).await, clock)
}

async fn caller(service: &Service, token: &str) -> Caller {
    match service.judge(token, "").await.unwrap() {
        Verdict::Caller(caller) => caller,
        Verdict::Rejection(rejection) => panic!("{rejection:?}"),
    }
}

fn user(caller: &Caller) -> &str {
    let Some(Principal::User(user)) = &caller.principal else { panic!("{caller:?}") };
    assert_eq!(user.session_id, "", "it belongs to no session here");
    &user.user_id
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

on_both_databases! {
    async fn keys_of_every_kind_are_good_for_their_own_algorithm_and_no_other(database: TestDatabase) {
        let keys = [Key::ed25519("ed"), Key::p256("ec"), Key::rsa("rsa"), Key::rsa_pss("pss")];
        let issuer = Issuer::start(&keys.iter().collect::<Vec<_>>()).await;
        let (service, _) = start(&database, &issuer.plugin("")).await;
        let claims = issuer.claims("k2Jd93mfOa8sLq0ZxR7tYw5bVn1cHuEp", NOW);
        let mut users = Vec::new();
        for key in &keys {
            let caller = caller(&service, &key.token(&claims)).await;
            users.push(user(&caller).to_owned());
            assert_eq!((caller.issuer, caller.subject), (issuer.origin(), "k2Jd93mfOa8sLq0ZxR7tYw5bVn1cHuEp".to_owned()));
            assert_eq!(caller.scopes, ["account", "tasks.read", "tasks.write"]);
            assert_eq!((caller.client_id.as_str(), caller.key_id.as_str()), ("", ""));
            assert_eq!(caller.issue_time.unwrap().seconds, NOW);
            assert_eq!(caller.expire_time.unwrap().seconds, NOW + 900);
        }
        users.dedup();
        assert_eq!(users.len(), 1, "a person is one user");
        for key in &keys {
            for algorithm in ["EdDSA", "ES256", "RS256", "PS256", "HS256", "RS512", "none", "eddsa"] {
                let token = key.sign(&with(&key.header(), "alg", json!(algorithm)), &claims);
                if algorithm != key.algorithm {
                    assert_eq!(service.rejection(&token).await, RejectionReason::UnsupportedAlgorithm, "{algorithm}");
                }
            }
            let forger = match key.algorithm {
                "EdDSA" => Key::ed25519(&key.kid),
                "ES256" => Key::p256(&key.kid),
                "RS256" => Key::rsa(&key.kid),
                _ => Key::rsa_pss(&key.kid),
            };
            assert_eq!(service.rejection(&forger.token(&claims)).await, RejectionReason::BadSignature);
        }
        // What anybody can read is no secret.
        for public in ["x", "n"].into_iter().filter_map(|part| keys.iter().find_map(|key| key.jwk[part].as_str())) {
            let token = Key::secret(public.as_bytes()).sign(&json!({ "alg": "HS256", "kid": "ed" }), &claims);
            assert_eq!(service.rejection(&token).await, RejectionReason::UnsupportedAlgorithm);
        }
        service.stop().await;
    }

    async fn every_bad_token_of_another_issuer_is_told_why(database: TestDatabase) {
        let (key, other) = (Key::ed25519("one"), Key::p256("two"));
        let issuer = Issuer::start(&[&key, &other]).await;
        let narrow = issuer.plugin("algorithms = [\"EdDSA\"]");
        let (service, clock) = start(&database, &[narrow, issuer.oauth("")].concat()).await;
        let (header, claims) = (key.header(), issuer.claims("ada", NOW));
        assert!(service.accepts(&key.token(&claims)).await);
        let claim = |name: &str, value: Value| key.token(&with(&claims, name, value));
        let head = |name: &str, value: Value| key.sign(&with(&header, name, value), &claims);
        use RejectionReason as R;
        let cases = [
            (String::new(), R::Malformed),
            (head("typ", json!("JWT")), R::WrongType),
            (head("typ", json!("at+jwt")), R::WrongType),
            (head("typ", json!("")), R::WrongType),
            (head("crit", json!(["exp"])), R::UnsupportedAlgorithm),
            (head("kid", json!("unknown")), R::UnknownKey),
            (head("kid", json!(7)), R::UnknownKey),
            (head("kid", Value::Null), R::UnknownKey),
            (other.token(&claims), R::UnsupportedAlgorithm),
            (claim("iss", json!("https://elsewhere.example.org")), R::WrongIssuer),
            (claim("iss", json!(issuer.origin() + "/")), R::WrongIssuer),
            (claim("iss", json!(issuer.origin() + "/api/auth")), R::WrongType),
            (claim("iss", Value::Null), R::InvalidClaims),
            (claim("iss", json!([issuer.origin()])), R::InvalidClaims),
            (claim("aud", json!("duet")), R::WrongAudience),
            (claim("aud", json!([])), R::WrongAudience),
            (claim("aud", Value::Null), R::InvalidClaims),
            (claim("aud", json!(7)), R::InvalidClaims),
            (claim("aud", json!([issuer.origin(), 7])), R::InvalidClaims),
            (claim("sub", Value::Null), R::InvalidClaims),
            (claim("sub", json!("")), R::InvalidClaims),
            (claim("sub", json!(7)), R::InvalidClaims),
            (claim("sub", json!("a\nb")), R::InvalidClaims),
            (claim("sub", json!("s".repeat(256))), R::InvalidClaims),
            (claim("client_id", json!("ada")), R::InvalidClaims),
            (claim("azp", json!("ada")), R::InvalidClaims),
            (claim("azp", json!(["x"])), R::InvalidClaims),
            (claim("jti", json!(7)), R::InvalidClaims),
            (claim("scope", json!(["account"])), R::InvalidClaims),
            (claim("cnf", json!({ "jkt": "x" })), R::InvalidClaims),
            (claim("iat", Value::Null), R::InvalidClaims),
            (claim("iat", json!("now")), R::InvalidClaims),
            (claim("iat", json!(1_800_000_000.5)), R::InvalidClaims),
            (claim("iat", json!(NOW + 6)), R::NotYetValid),
            (claim("nbf", json!(NOW + 6)), R::NotYetValid),
            (claim("nbf", json!("now")), R::InvalidClaims),
            (claim("exp", Value::Null), R::InvalidClaims),
            (claim("exp", json!(NOW)), R::InvalidClaims),
            (claim("exp", json!(NOW + 906)), R::InvalidClaims),
            (claim("exp", json!(i64::MAX)), R::InvalidClaims),
        ];
        for (token, expected) in cases {
            assert_eq!(service.rejection(&token).await, expected, "{token}");
        }
        assert!(service.accepts(&claim("exp", json!(NOW + 905))).await, "its clock was read twice");
        assert!(service.accepts(&claim("iat", json!(NOW + 5))).await);
        assert!(service.accepts(&claim("aud", json!(["other", issuer.origin()]))).await);
        let forged = Key::ed25519("one");
        for member in ["jwk", "jku", "x5u", "x5c"] {
            let header = with(&header, member, json!({ "kty": "OKP", "x": forged.jwk["x"] }));
            assert!(service.accepts(&key.sign(&header, &claims)).await, "{member} is ignored");
            assert_eq!(service.rejection(&forged.sign(&header, &claims)).await, R::BadSignature);
        }
        let Verdict::Rejection(elsewhere) = service.judge(&key.token(&claims), &issuer.origin()).await.unwrap() else {
            panic!("what the issuer calls its audience is not asked about here")
        };
        assert_eq!(elsewhere.reason(), R::WrongAudience);
        assert!(matches!(service.judge(&key.token(&claims), "duet").await.unwrap(), Verdict::Caller(_)));
        clock.advance(TimeDelta::seconds(900));
        assert_eq!(service.rejection(&key.token(&claims)).await, R::Expired);
        assert_eq!(service.rejection(&claim("jti", json!("new"))).await, R::Expired, "seen for the first time");
        service.stop().await;
    }

    async fn a_person_is_one_user_whichever_kind_of_token_is_shown(database: TestDatabase) {
        let key = Key::rsa("rsa");
        let issuer = Issuer::start(&[&key]).await;
        let elsewhere = issuer.oauth("").replace("source = \"app\"", "source = \"elsewhere\"\nname = \"elsewhere\"");
        let three = [issuer.plugin(""), cookie(database.folder())].concat();
        let (service, _) = start(&database, &[three.clone(), issuer.oauth("")].concat()).await;
        let secret = Key::secret(SECRET.as_bytes());
        let oauth = |claims: &Value| key.sign(&json!({ "alg": "RS256", "kid": "rsa", "typ": "at+jwt" }), claims);
        let tokens = [
            key.token(&issuer.claims("ada", NOW)),
            oauth(&issuer.oauth_claims("ada", NOW)),
            secret.token(&cookie_claims("ada", NOW)),
        ];
        let mut callers = Vec::new();
        for token in &tokens {
            callers.push(caller(&service, token).await);
        }
        assert!(callers.iter().all(|caller| user(caller) == user(&callers[0])));
        let issuers: Vec<_> = callers.iter().map(|caller| caller.issuer.clone()).collect();
        assert_eq!(issuers, [issuer.origin(), issuer.origin() + "/api/auth", "better-auth-cookie".to_owned()]);
        assert_eq!(callers[1].client_id, "client");
        assert_eq!(callers[2].expire_time.unwrap().seconds, NOW + 300);
        assert_ne!(user(&caller(&service, &key.token(&issuer.claims("Ada", NOW))).await), user(&callers[0]));
        // A client that acts for itself is nobody.
        let machine = with(&issuer.oauth_claims("client", NOW), "sid", Value::Null);
        assert_eq!(service.rejection(&oauth(&machine)).await, RejectionReason::InvalidClaims);
        for missing in ["client_id", "jti", "scope"] {
            let claims = with(&issuer.oauth_claims("ada", NOW), missing, Value::Null);
            assert_eq!(service.rejection(&oauth(&claims)).await, RejectionReason::InvalidClaims, "{missing}");
        }
        service.stop().await;
        // The same name in another source is somebody else.
        let (service, _) = start(&database, &[three, elsewhere].concat()).await;
        assert_eq!(user(&caller(&service, &tokens[0]).await), user(&callers[0]));
        assert_ne!(user(&caller(&service, &tokens[1]).await), user(&callers[0]));
        service.stop().await;
    }

    async fn of_what_is_signed_with_the_secret_only_a_session_is_taken(database: TestDatabase) {
        let (service, clock) = start(&database, &cookie(database.folder())).await;
        let secret = Key::secret(SECRET.as_bytes());
        let claims = cookie_claims("ada", NOW);
        assert!(service.accepts(&secret.token(&claims)).await);
        let verification = json!({ "email": "ada@example.org", "iat": NOW, "exp": NOW + 3600 });
        let session = |name: &str, value: Value| with(&claims, "session", with(&claims["session"], name, value));
        use RejectionReason as R;
        for (claims, expected) in [
            (verification.clone(), R::WrongType),
            (with(&verification, "updateTo", json!("eve@example.org")), R::WrongType),
            (with(&claims, "session", Value::Null), R::WrongType),
            (with(&claims, "session", json!("s")), R::WrongType),
            (with(&claims, "user", Value::Null), R::WrongType),
            (with(&claims, "user", json!({ "id": "eve" })), R::InvalidClaims),
            (with(&claims, "user", json!({})), R::InvalidClaims),
            (session("userId", json!("eve")), R::InvalidClaims),
            (session("userId", Value::Null), R::InvalidClaims),
            (session("expiresAt", Value::Null), R::InvalidClaims),
            (session("expiresAt", json!("soon")), R::InvalidClaims),
            (session("expiresAt", json!("2027-01-15T08:00:00.000Z")), R::Expired),
            (with(&claims, "exp", json!(NOW + 306)), R::InvalidClaims),
            (with(&claims, "iss", json!("better-auth-cookie")), R::WrongIssuer),
            (with(&claims, "iss", json!("http://127.0.0.1:8080")), R::UnsupportedAlgorithm),
        ] {
            assert_eq!(service.rejection(&secret.token(&claims)).await, expected, "{claims}");
        }
        let wrong = Key::secret(b"another secret that is long enough");
        assert_eq!(service.rejection(&wrong.token(&claims)).await, R::BadSignature);
        let typed = secret.sign(&json!({ "alg": "HS256", "typ": "JWT" }), &claims);
        assert_eq!(service.rejection(&typed).await, R::WrongType);
        // The session that the token tells of ends before the token.
        let short = secret.token(&session("expiresAt", json!("2027-01-15T08:01:00.000Z")));
        assert!(service.accepts(&short).await);
        clock.advance(TimeDelta::seconds(60));
        assert_eq!(service.rejection(&short).await, R::Expired);
        service.stop().await;
    }

    async fn nobody_else_is_believed_who_is_not_listed(database: TestDatabase) {
        let key = Key::ed25519("one");
        let issuer = Issuer::start(&[&key]).await;
        let (service, _) = start(&database, "").await;
        assert_eq!(service.rejection(&key.token(&issuer.claims("ada", NOW))).await, RejectionReason::WrongIssuer);
        let secret = Key::secret(SECRET.as_bytes());
        assert_eq!(service.rejection(&secret.token(&cookie_claims("ada", NOW))).await, RejectionReason::InvalidClaims);
        assert_eq!(column::<i64>(&database, "SELECT count(*) FROM user_account").await, [0]);
        service.stop().await;
    }

    async fn a_token_allows_what_its_profile_allows_and_no_more(database: TestDatabase) {
        let key = Key::ed25519("one");
        let issuer = Issuer::start(&[&key]).await;
        let (service, _) = start(&database, &issuer.plugin("scopes = [\"tasks.read\"]")).await;
        let greedy = with(&issuer.claims("ada", NOW), "scope", json!("admin account tasks.write"));
        let token = key.token(&greedy);
        assert_eq!(caller(&service, &token).await.scopes, ["tasks.read"]);
        let refused = service.auth().await.get_me(bearer(&token, GetMeRequest {})).await.unwrap_err();
        assert_eq!(reason(&refused), "SCOPE_MISSING");
        service.stop().await;
    }

    async fn an_issuer_that_cannot_be_reached_is_our_trouble_and_nobody_elses(database: TestDatabase) {
        let (key, next) = (Key::ed25519("one"), Key::p256("two"));
        let issuer = Issuer::start(&[&key]).await;
        issuer.fail();
        let (service, _) = start(&database, &issuer.plugin("")).await;
        let token = key.token(&issuer.claims("ada", NOW));
        let status = service.judge(&token, "").await.unwrap_err();
        assert_eq!((status.code(), reason(&status)), (tonic::Code::Unavailable, "ISSUER_UNAVAILABLE".to_owned()));
        assert!(details(&status).retry_info().is_some());
        let refused = service.auth().await.get_me(bearer(&token, GetMeRequest {})).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (tonic::Code::Unavailable, "AUTH_UNAVAILABLE".to_owned()));
        let (_, own) = service.signed_up("grace@example.org").await;
        assert!(service.accepts(&own).await);
        issuer.publish(&[&key]);
        eventually(Duration::from_secs(5), async || service.judge(&token, "").await.is_ok()).await;
        assert!(service.accepts(&token).await);
        // From here on the keys are known, and it may be away; but whether it has made a new one, it alone can tell.
        issuer.fail();
        assert!(service.accepts(&key.token(&issuer.claims("grace", NOW))).await);
        let rotated = next.token(&issuer.claims("ada", NOW));
        assert_eq!(reason(&service.judge(&rotated, "").await.unwrap_err()), "ISSUER_UNAVAILABLE");
        issuer.publish(&[&key, &next]);
        eventually(Duration::from_secs(5), async || service.judge(&rotated, "").await.is_ok()).await;
        assert!(service.accepts(&rotated).await);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_known_costs_no_query() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let proxy = Proxy::before(&database).await;
    let key = Key::ed25519("one");
    let issuer = Issuer::start(&[&key]).await;
    let settings = proxy.through(settings(&database, &["--auth-issuers", &issuer.plugin("")]));
    let service = Service::start_from(settings, manual_clock()).await;
    let (warm, cold) = (key.token(&issuer.claims("ada", NOW)), key.token(&issuer.claims("ada", NOW - 1)));
    assert!(service.accepts(&warm).await);
    proxy.set(Way::Held);
    assert!(service.accepts(&warm).await, "it is known for a second");
    let status = service.judge(&cold, "").await.unwrap_err();
    assert_eq!(reason(&status), "DATABASE_UNAVAILABLE");
    proxy.set(Way::Open);
    eventually(Duration::from_secs(10), async || service.judge(&cold, "").await.is_ok()).await;
    assert!(service.accepts(&cold).await);
    service.stop().await;
}
