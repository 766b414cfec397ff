//! Well signed tokens that say what no token of the service says.

use proto::auth::v1::RejectionReason as R;
use serde_json::{Value, json};

use super::{Forgery, Material, NOW, forgery};
use crate::support::forger::Forger;

const WEEK: i64 = 7 * 24 * 3600;

pub(super) fn all(material: &Material) -> Vec<Forgery> {
    let forger = &material.forger;
    [issuers(forger), audiences(forger), times(forger), types(forger), twice(forger)].into_iter().flatten().collect()
}

fn claim(forger: &Forger, name: &str, value: Value, expected: R) -> Forgery {
    forgery(format!("{name} {value}"), forger.with_claim(name, value), expected)
}

fn issuers(forger: &Forger) -> Vec<Forgery> {
    let own = forger.claims["iss"].as_str().unwrap();
    let others = [
        "",
        "duet",
        "https://attacker.example",
        &format!("{own}/"),
        &format!("{own}?"),
        &format!("{own}#"),
        &format!(" {own}"),
        &format!("{own}\0"),
        &own.to_ascii_uppercase(),
        &own.replace("http:", "https:"),
        &own.replace("127.0.0.1", "localhost"),
        &own.replace("127.0.0.1", "127.0.0.1.attacker.example"),
        &own.replace("://", "://attacker@"),
    ];
    others.into_iter().map(|issuer| claim(forger, "iss", issuer.into(), R::WrongIssuer)).collect()
}

fn audiences(forger: &Forger) -> Vec<Forgery> {
    let others = [
        json!([]),
        json!([""]),
        json!(["other"]),
        json!(["duet2"]),
        json!(["due"]),
        json!(["Duet"]),
        json!(["duet "]),
        json!(["duet\0"]),
        json!(["duet,other"]),
        json!(["*"]),
    ];
    others.into_iter().map(|audience| claim(forger, "aud", audience, R::WrongAudience)).collect()
}

fn times(forger: &Forger) -> Vec<Forgery> {
    let with = |name: &str, value: i64, expected| claim(forger, name, value.into(), expected);
    let past = |life: i64| {
        let claims = crate::support::forger::with(&forger.claims, "iat", NOW - life - 60);
        let claims = crate::support::forger::with(&claims, "exp", NOW - 60);
        forgery(format!("over for a minute after {life} s"), forger.sign(&forger.header, claims), R::Expired)
    };
    vec![
        past(1),
        past(3600),
        past(WEEK),
        with("iat", NOW + 6, R::NotYetValid),
        with("iat", NOW + 3600, R::NotYetValid),
        with("nbf", NOW + 6, R::NotYetValid),
        with("nbf", NOW + 1_000_000_000, R::NotYetValid),
        with("exp", NOW + WEEK + 1, R::InvalidClaims),
        with("exp", NOW + 1_000_000_000, R::InvalidClaims),
        with("exp", i64::MAX, R::InvalidClaims),
        with("exp", i64::MIN, R::InvalidClaims),
        with("exp", 0, R::InvalidClaims),
        with("exp", -1, R::InvalidClaims),
        with("exp", NOW, R::InvalidClaims),
        with("iat", i64::MAX, R::InvalidClaims),
        with("iat", i64::MIN, R::InvalidClaims),
        with("iat", 0, R::InvalidClaims),
        with("iat", NOW * 1000, R::InvalidClaims),
        with("exp", NOW * 1000, R::InvalidClaims),
        with("nbf", i64::MAX, R::InvalidClaims),
        claim(forger, "exp", json!(u64::MAX), R::InvalidClaims),
        claim(forger, "exp", json!(1e300), R::InvalidClaims),
    ]
}

fn types(forger: &Forger) -> Vec<Forgery> {
    let mut corpus = Vec::new();
    for name in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "scope"] {
        corpus.push(forgery(format!("{name} missing"), forger.without_claim(name), R::InvalidClaims));
        for odd in [Value::Null, json!(true), json!({}), json!({ "$ne": "" }), json!([[]])] {
            corpus.push(claim(forger, name, odd, R::InvalidClaims));
        }
    }
    for (name, odd) in [
        ("sub", json!("")),
        ("sub", json!("ada@example.org")),
        ("sub", json!("019a0000-0000-7000-8000-00000000000g")),
        ("sub", json!(7)),
        ("sid", json!("")),
        ("sid", json!("1 OR 1=1")),
        ("aud", json!("duet")),
        ("aud", json!("")),
        ("aud", json!([1])),
        ("aud", json!(["duet", null])),
        ("client_id", json!(1)),
        ("jti", json!("")),
        ("jti", json!(1)),
        ("scope", json!(["account", "admin"])),
        ("iat", json!("1800000000")),
        ("iat", json!(1_800_000_000.5)),
        ("exp", json!("1800003600")),
        ("exp", json!(1_800_003_600.0)),
        ("nbf", Value::Null),
        ("nbf", json!("0")),
        ("nbf", json!([])),
    ] {
        corpus.push(claim(forger, name, odd, R::InvalidClaims));
    }
    for (what, payload) in [("a list", "[]"), ("a text", "\"ada\""), ("a number", "1"), ("null", "null"), ("{}", "{}")]
    {
        let token = forger.sign(&forger.header, payload);
        corpus.push(forgery(format!("a payload that is {what}"), token, R::InvalidClaims));
    }
    let exchanged = forger.sign(&forger.claims, &forger.header);
    corpus.push(forgery("header and claims exchanged", exchanged, R::InvalidClaims));
    corpus
}

/// Where one reader takes the first and another one the last, they are told different things.
fn twice(forger: &Forger) -> Vec<Forgery> {
    let members = [
        r#""sub":"019a0000-0000-7000-8000-000000000001""#,
        r#""\u0073ub":"019a0000-0000-7000-8000-000000000001""#,
        r#""exp":1800003600"#,
        r#""iss":"https://attacker.example""#,
        r#""aud":["other"]"#,
        r#""scope":"admin""#,
        r#""x":1,"x":2"#,
    ];
    let forge = |member: &str| {
        let token = forger.sign(&forger.header, forger.claims_and(member));
        forgery(format!("twice: {member}"), token, R::InvalidClaims)
    };
    members.into_iter().map(forge).collect()
}
