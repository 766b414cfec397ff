use std::{sync::Arc, time::Duration};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::signing::{KeyState, VerifyingKey};

const NOW: i64 = 1_800_000_000;
const SUBJECT: &str = "019a0000-0000-7000-8000-000000000001";
const SESSION: &str = "019a0000-0000-7000-8000-000000000002";

struct Mint {
    pair: Ed25519KeyPair,
    key: Arc<VerifyingKey>,
    settings: TokenSettings,
}

impl Mint {
    fn new() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let settings = TokenSettings {
            issuer: "https://duet.test".to_owned(),
            audience: "duet".to_owned(),
            access_token_lifetime: Duration::from_secs(3600),
            refresh_grace: Duration::from_secs(30),
            session_idle_lifetime: Duration::from_secs(30 * 24 * 3600),
            session_lifetime: Duration::from_secs(36000),
        };
        Self { key: VerifyingKey::new(pair.public_key().as_ref().to_vec(), KeyState::Active), pair, settings }
    }

    /// Signed by the right key, whatever it says.
    fn sign(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(payload));
        let signature = BASE64.encode(self.pair.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn good(&self) -> String {
        self.sign(&header().to_string(), &payload().to_string())
    }

    fn judge(&self, token: &str) -> Result<Grant, Rejection> {
        self.judge_for(token, "duet")
    }

    fn judge_for(&self, token: &str, audience: &str) -> Result<Grant, Rejection> {
        let token = Unverified::read(token)?;
        // Where it goes by its issuer, others test.
        let key_id = self.settings.key_id(&token)?;
        self.settings.grant(token.verify(&self.key.key, Algorithm::EdDSA)?, key_id, audience, now())
    }

    fn refuses(&self, token: &str, rejection: Rejection) {
        let judged = self.judge(token).map(|grant| grant.issuer);
        assert_eq!(judged, Err(rejection), "{token}");
    }

    fn refuses_header(&self, name: &str, value: Value, rejection: Rejection) {
        let mut header = header();
        header[name] = value;
        self.refuses(&self.sign(&header.to_string(), &payload().to_string()), rejection);
    }

    fn refuses_claim(&self, name: &str, value: Value, rejection: Rejection) {
        let mut payload = payload();
        payload[name] = value;
        self.refuses(&self.sign(&header().to_string(), &payload.to_string()), rejection);
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

fn header() -> Value {
    json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": "key" })
}

fn payload() -> Value {
    json!({
        "iss": "https://duet.test", "sub": SUBJECT, "aud": ["duet"], "client_id": "duet", "iat": NOW - 60,
        "exp": NOW + 3600, "jti": "one", "sid": SESSION, "scope": "account tasks.read",
    })
}

#[test]
fn takes_a_good_token_for_what_it_says() {
    let mint = Mint::new();
    let grant = mint.judge(&mint.good()).unwrap();
    let Holder::Session(user, session) = grant.holder else { panic!("{grant:?}") };
    assert_eq!((user.to_string(), session.to_string()), (SUBJECT.to_owned(), SESSION.to_owned()));
    assert_eq!(grant.scopes, ["account", "tasks.read"]);
    assert_eq!(grant.expire_time.timestamp(), NOW + 3600);
    assert!(!grant.is_over(now()));
    assert!(grant.is_over(grant.expire_time), "from `exp` on it is refused");
}

#[test]
fn refuses_every_form_but_the_canonical_one() {
    let mint = Mint::new();
    let good = mint.good();
    let parts: Vec<&str> = good.split('.').collect();
    for malformed in [
        String::new(),
        "...".to_owned(),
        parts[..2].join("."),
        format!("{good}."),
        format!(".{good}"),
        format!("{good} "),
        format!("{good}="),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        good.replace('.', ".+"),
        format!("{good}{}", "A".repeat(8192)),
        mint.sign("not json", &payload().to_string()),
        mint.sign("[]", &payload().to_string()),
        mint.sign(&format!("{}x", header()), &payload().to_string()),
        mint.sign(&header().to_string(), "not json"),
        mint.sign(r#"{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"key"}"#, &payload().to_string()),
    ] {
        mint.refuses(&malformed, Rejection::Malformed);
    }
}

#[test]
fn refuses_a_signature_with_other_bits_at_its_end() {
    let mint = Mint::new();
    let good = mint.good();
    let last = good.chars().next_back().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut refused = 0;
    for other in alphabet.chars().filter(|other| *other != last) {
        let forged = format!("{}{other}", &good[..good.len() - 1]);
        assert!(matches!(mint.judge(&forged), Err(Rejection::Malformed | Rejection::BadSignature)), "{forged}");
        refused += 1;
    }
    assert_eq!(refused, 63);
}

#[test]
fn refuses_what_the_key_did_not_sign() {
    let mint = Mint::new();
    mint.refuses(&Mint::new().good(), Rejection::BadSignature);
    let good = mint.good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    mint.refuses(&format!("{message}."), Rejection::BadSignature);
    let mut promoted = payload();
    promoted["scope"] = json!("admin");
    let (header_part, _) = message.split_once('.').unwrap();
    mint.refuses(
        &format!("{header_part}.{}.{signature}", BASE64.encode(promoted.to_string())),
        Rejection::BadSignature,
    );
}

#[test]
fn the_header_chooses_nothing() {
    let mint = Mint::new();
    for algorithm in [json!("none"), json!("HS256"), json!("ES256"), json!("eddsa"), json!(1), Value::Null] {
        mint.refuses_header("alg", algorithm, Rejection::UnsupportedAlgorithm);
    }
    for extension in [json!(["exp"]), json!([]), Value::Null] {
        mint.refuses_header("crit", extension, Rejection::UnsupportedAlgorithm);
    }
    for kind in [json!("JWT"), json!("jwt"), json!("email+jwt"), json!(1), Value::Null] {
        mint.refuses_header("typ", kind, Rejection::WrongType);
    }
    mint.refuses_header("kid", Value::Null, Rejection::UnknownKey);
    mint.refuses_header("kid", json!(7), Rejection::UnknownKey);
    let mut own_key = header();
    own_key["jwk"] = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" });
    own_key["jku"] = json!("https://attacker.test/jwks.json");
    let ignored = Mint::new().sign(&own_key.to_string(), &payload().to_string());
    mint.refuses(&ignored, Rejection::BadSignature);
}

#[test]
fn demands_each_claim_in_its_type() {
    let mint = Mint::new();
    for name in ["sub", "aud", "client_id", "iat", "exp", "jti", "sid", "scope", "iss"] {
        let mut payload = payload();
        payload.as_object_mut().unwrap().remove(name);
        mint.refuses(&mint.sign(&header().to_string(), &payload.to_string()), Rejection::InvalidClaims);
        mint.refuses_claim(name, Value::Null, Rejection::InvalidClaims);
        mint.refuses_claim(name, json!({}), Rejection::InvalidClaims);
    }
    for (name, odd) in [
        ("sub", json!("ada")),
        ("sid", json!("1")),
        ("aud", json!("duet")),
        ("aud", json!([1])),
        ("iat", json!("1800000000")),
        ("exp", json!(1_800_003_600.5)),
        ("exp", json!(i64::MAX)),
        ("nbf", json!("0")),
        ("nbf", Value::Null),
        ("jti", json!("")),
        ("scope", json!(["account"])),
    ] {
        mint.refuses_claim(name, odd, Rejection::InvalidClaims);
    }
    let twice = payload().to_string().replacen('{', r#"{"role":1,"role":2,"#, 1);
    mint.refuses(&mint.sign(&header().to_string(), &twice), Rejection::InvalidClaims);
    mint.refuses(&mint.sign(&header().to_string(), "[]"), Rejection::InvalidClaims);
}

#[test]
fn demands_its_audience() {
    let mint = Mint::new();
    mint.refuses_claim("aud", json!([]), Rejection::WrongAudience);
    mint.refuses_claim("aud", json!(["other"]), Rejection::WrongAudience);
    assert_eq!(mint.judge_for(&mint.good(), "other").unwrap_err(), Rejection::WrongAudience);
    let mut both = payload();
    both["aud"] = json!(["other", "duet"]);
    let both = mint.sign(&header().to_string(), &both.to_string());
    assert!(mint.judge(&both).is_ok());
    assert_eq!(mint.judge_for(&both, "other").unwrap_err(), Rejection::WrongAudience, "not ours to tell");
}

#[test]
fn lets_clocks_differ_by_five_seconds_and_lives_be_of_seven_days() {
    let mint = Mint::new();
    let taken = |name: &str, value: i64| {
        let mut payload = payload();
        payload[name] = json!(value);
        mint.judge(&mint.sign(&header().to_string(), &payload.to_string())).is_ok()
    };
    assert!(taken("iat", NOW + 5));
    assert!(taken("nbf", NOW + 5));
    mint.refuses_claim("iat", json!(NOW + 6), Rejection::NotYetValid);
    mint.refuses_claim("nbf", json!(NOW + 6), Rejection::NotYetValid);
    let week = 7 * 24 * 3600;
    assert!(taken("exp", NOW - 60 + week));
    mint.refuses_claim("exp", json!(NOW - 60 + week + 1), Rejection::InvalidClaims);
    mint.refuses_claim("exp", json!(NOW - 60), Rejection::InvalidClaims);
    mint.refuses_claim("exp", json!(NOW - 61), Rejection::InvalidClaims);
}

#[test]
fn never_panics_on_arbitrary_bytes() {
    let mint = Mint::new();
    let good = mint.good();
    // A linear congruential generator: the same damage on every run.
    let mut state = 42_u64;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    for _ in 0..20_000 {
        let mut bytes = good.clone().into_bytes();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            bytes[at] = u8::try_from(next(256)).unwrap();
        }
        let damaged = String::from_utf8_lossy(&bytes).into_owned();
        if damaged != good {
            assert!(mint.judge(&damaged).is_err(), "{damaged}");
        }
    }
}
