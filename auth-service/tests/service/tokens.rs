//! Tokens, as the services that are shown them see them.

use crate::support::{MASTER_KEY, PASSWORD, Service, bearer, events, forger::Forger, reason};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use proto::auth::v1::{GetMeRequest, RejectionReason, caller::Principal, validate_token_response::Verdict};
use serde_json::{Value, json};
use service_runtime::{clock::Clock, on_both_databases};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const FIXED_KEY: [&str; 2] = ["--auth-master-key", MASTER_KEY];

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

/// What a GET over HTTP/1.1 answers.
async fn get(service: &Service, more: &str) -> (String, String) {
    let mut stream = TcpStream::connect(service.public).await.unwrap();
    let request = format!("GET /.well-known/jwks.json HTTP/1.1\r\nhost: duet\r\nconnection: close\r\n{more}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.into_iter().find(|field| field.0.eq_ignore_ascii_case(name)).unwrap_or_else(|| panic!("{name}: {head}")).1
}

on_both_databases! {
    async fn a_good_token_tells_who_shows_it(database: TestDatabase) {
        let service = Service::start_with(&database, manual_clock(), &[]).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        let Verdict::Caller(caller) = service.judge(&token, "duet").await.unwrap() else { panic!("rejected") };
        let Some(Principal::User(principal)) = caller.principal else { panic!("nobody") };
        assert_eq!((&principal.user_id, &caller.subject), (&user.id, &user.id));
        assert_eq!((caller.issuer.as_str(), caller.client_id.as_str()), ("http://127.0.0.1:8080", "duet"));
        assert_eq!(caller.scopes, ["account", "tasks.read", "tasks.write"]);
        assert_eq!(caller.issue_time.unwrap().seconds, 1_800_000_000);
        assert_eq!(caller.expire_time.unwrap().seconds, 1_800_000_000 + 24 * 3600);
        let (_, second) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let Verdict::Caller(other) = service.judge(&second.access_token, "").await.unwrap() else { panic!("rejected") };
        let Some(Principal::User(other)) = other.principal else { panic!("nobody") };
        assert_ne!(other.session_id, principal.session_id, "each login is a session of its own");
        service.stop().await;
    }

    async fn every_bad_token_is_told_why(database: TestDatabase) {
        let clock = manual_clock();
        let arguments = [&FIXED_KEY[..], &["--auth-access-token-lifetime", "1h"]].concat();
        let service = Service::start_with(&database, clock.clone(), &arguments).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        let forger = Forger::of(&database, &token).await;
        assert!(service.accepts(&forger.sign(&forger.header, &forger.claims)).await, "the forger signs as the service does");
        let now = 1_800_000_000;
        let kid = forger.header["kid"].as_str().unwrap();
        let flipped = if kid.starts_with('A') { "B" } else { "A" };
        let (message, _) = token.rsplit_once('.').unwrap();
        for (bad, expected) in [
            (String::new(), RejectionReason::Malformed),
            ("a.b.c".to_owned(), RejectionReason::Malformed),
            (format!("{token}="), RejectionReason::Malformed),
            (format!("{token}{}", "A".repeat(8192)), RejectionReason::Malformed),
            (forger.with_header("alg", json!("none")), RejectionReason::UnsupportedAlgorithm),
            (forger.with_header("alg", json!("HS256")), RejectionReason::UnsupportedAlgorithm),
            (forger.with_header("crit", json!(["b64"])), RejectionReason::UnsupportedAlgorithm),
            (forger.with_header("kid", json!(format!("{flipped}{}", &kid[1..]))), RejectionReason::UnknownKey),
            (forger.with_header("kid", json!("garbage")), RejectionReason::UnknownKey),
            (format!("{message}.{}", BASE64.encode([7; 64])), RejectionReason::BadSignature),
            (forger.with_claim("iat", json!(now + 60)), RejectionReason::NotYetValid),
            (forger.with_claim("nbf", json!(now + 60)), RejectionReason::NotYetValid),
            (forger.with_claim("iss", json!("http://127.0.0.1:8081")), RejectionReason::WrongIssuer),
            (forger.with_claim("aud", json!(["other"])), RejectionReason::WrongAudience),
            (forger.with_header("typ", json!("JWT")), RejectionReason::WrongType),
            (forger.with_claim("sid", json!(7)), RejectionReason::InvalidClaims),
            (forger.with_claim("exp", json!(now + 8 * 24 * 3600)), RejectionReason::InvalidClaims),
        ] {
            assert_eq!(service.rejection(&bad).await, expected, "{bad}");
            let refused = service.auth().await.get_me(bearer(&format!(" {bad}"), GetMeRequest {})).await.unwrap_err();
            assert_eq!(reason(&refused), "TOKEN_INVALID", "{bad}");
        }
        // Only the signing key makes such tokens: it vouches for their sessions until they are said to have ended.
        for claim in ["sid", "sub"] {
            let unheard_of = forger.with_claim(claim, json!("019a0000-0000-7000-8000-000000000001"));
            assert!(service.accepts(&unheard_of).await, "{claim}");
        }
        let Verdict::Rejection(other) = service.judge(&token, "other").await.unwrap() else { panic!("told a stranger") };
        assert_eq!(other.reason(), RejectionReason::WrongAudience);
        clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
        assert!(service.accepts(&token).await);
        clock.advance(TimeDelta::microseconds(1));
        assert_eq!(service.rejection(&token).await, RejectionReason::Expired);
        service.stop().await;
    }

    async fn any_jwt_library_can_verify_with_the_published_keys(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        let (head, body) = get(&service, "").await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(header(&head, "content-type"), "application/jwk-set+json");
        assert!(header(&head, "cache-control").contains("max-age="), "{head}");
        let keys: JwkSet = serde_json::from_str(&body).unwrap();
        assert!(!body.contains("\"d\""), "{body}");
        let shown = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!((shown.typ.as_deref(), shown.alg), (Some("at+jwt"), Algorithm::EdDSA));
        let key = DecodingKey::from_jwk(keys.find(&shown.kid.unwrap()).unwrap()).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&["http://127.0.0.1:8080"]);
        validation.set_audience(&["duet"]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
        assert_eq!(claims["sub"], json!(user.id));
        assert_eq!((&claims["aud"], &claims["scope"]), (&json!(["duet"]), &json!("account tasks.read tasks.write")));
        for name in ["client_id", "iat", "exp", "jti", "sid"] {
            assert!(!claims[name].is_null(), "{name}");
        }
        service.stop().await;
    }

    async fn a_key_set_that_has_not_changed_is_not_sent_again(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (head, _) = get(&service, "").await;
        let tag = header(&head, "etag");
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let (unchanged, body) = get(&service, &format!("if-none-match: {known}\r\n")).await;
            assert!(unchanged.starts_with("HTTP/1.1 304") && body.is_empty(), "{unchanged}");
            assert_eq!(header(&unchanged, "etag"), tag);
        }
        let (other, body) = get(&service, "if-none-match: \"other\"\r\n").await;
        assert!(other.starts_with("HTTP/1.1 200") && body.contains("keys"), "{other}");
        service.stop().await;
    }

    async fn nothing_but_its_own_service_is_on_a_port(database: TestDatabase) {
        use proto::auth::v1::{
            ValidateTokenRequest, auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient,
        };
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        let channel = |address| {
            tonic::transport::Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy()
        };
        let mut misplaced = TokenServiceClient::new(channel(service.public));
        let request = ValidateTokenRequest { token: token.clone(), audience: String::new() };
        assert!(misplaced.validate_token(request).await.is_err(), "ValidateToken on the public port");
        let mut misplaced = AuthServiceClient::new(channel(service.internal));
        assert!(misplaced.get_me(bearer(&token, GetMeRequest {})).await.is_err(), "GetMe on the internal port");
        assert_eq!(events(&database).await, ["SIGNED_UP"]);
        service.stop().await;
    }
}
