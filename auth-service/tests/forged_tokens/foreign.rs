//! Tokens in another issuer's name: an application with Better Auth, whose keys the test has.

use std::net::SocketAddr;

use aws_lc_rs::{
    encoding::AsDer,
    hmac,
    rand::SystemRandom,
    rsa::{self, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::DateTime;
use proto::auth::v1::RejectionReason as R;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    Forgery, NOW, forgery,
    support::forger::{Forger, with, without},
};

/// What the cookies are signed with.
pub(super) const SECRET: &str = "cUZ5pT0vWm3xN8sKd1LrY6bGhE4jA7oR";
const SUBJECT: &str = "hymNP6T6H52zDHSaL7wuxMkdlA2fxHkw";

/// The order of P-256: half of a signature, taken away from it, is another half that is as right.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// An application, and all that it signs with.
pub(super) struct Application {
    pub(super) origin: String,
    elliptic: EcdsaKeyPair,
    rsa: rsa::KeyPair,
}

impl Application {
    /// Publishes its keys for as long as the test runs, whatever is asked for.
    pub(super) async fn start() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let elliptic = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
        let rsa = rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let application = Self { origin: format!("http://{address}"), elliptic, rsa };
        let body = application.key_set().to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        application
    }

    /// What auth-service is told of it.
    pub(super) fn issuers(&self, secret_file: &str) -> String {
        let origin = &self.origin;
        let published =
            |preset: &str| format!("[[issuer]]\npreset = \"{preset}\"\norigin = \"{origin}\"\nsource = \"app\"\n");
        let cookie =
            format!("[[issuer]]\npreset = \"better-auth-cookie\"\nsource = \"app\"\nsecret_file = \"{secret_file}\"\n");
        [published("better-auth"), published("better-auth-oauth"), cookie].concat()
    }

    fn key_set(&self) -> Value {
        let point = self.elliptic.public_key().as_ref();
        let (n, e) = (self.rsa.public_key().modulus(), self.rsa.public_key().exponent());
        json!({ "keys": [
            {
                "kid": "es", "alg": "ES256", "kty": "EC", "crv": "P-256",
                "x": BASE64.encode(&point[1..33]), "y": BASE64.encode(&point[33..]),
            },
            {
                "kid": "rs", "alg": "RS256", "kty": "RSA",
                "n": BASE64.encode(n.big_endian_without_leading_zero()),
                "e": BASE64.encode(e.big_endian_without_leading_zero()),
            },
        ] })
    }

    /// A token of the `jwt` plugin, by its header and claims.
    fn plugin(&self) -> (Value, Value) {
        let claims = json!({
            "iat": NOW - 10, "id": SUBJECT, "email": "ada@example.org", "emailVerified": false, "name": "Ada",
            "sub": SUBJECT, "exp": NOW + 890, "iss": self.origin, "aud": self.origin,
        });
        (json!({ "alg": "ES256", "kid": "es" }), claims)
    }

    /// An access token of the `oauth-provider` plugin.
    fn access_token(&self) -> (Value, Value) {
        let issuer = format!("{}/api/auth", self.origin);
        let claims = json!({
            "sub": SUBJECT, "aud": [issuer, "https://other.example.org"], "client_id": "client", "azp": "client",
            "scope": "openid", "sid": "one", "iss": issuer, "iat": NOW - 10, "exp": NOW + 3590, "jti": "one",
        });
        (json!({ "typ": "at+jwt", "alg": "ES256", "kid": "es" }), claims)
    }

    /// The cookie that caches a session.
    fn cookie(&self) -> (Value, Value) {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap().to_rfc3339();
        let claims = json!({
            "session": { "id": "one", "userId": SUBJECT, "token": "one", "expiresAt": time(NOW + 86_400) },
            "user": { "id": SUBJECT, "email": "ada@example.org", "name": "Ada", "emailVerified": false },
            "updatedAt": NOW * 1000, "version": "1", "iat": NOW - 10, "exp": NOW + 290,
        });
        (json!({ "alg": "HS256" }), claims)
    }

    /// A good token of each kind.
    pub(super) fn good(&self) -> [String; 4] {
        let (plugin, access_token, cookie) = (self.plugin(), self.access_token(), self.cookie());
        let by_rsa = json!({ "alg": "RS256", "kid": "rs" });
        [
            self.by_curve(&plugin.0, &plugin.1),
            self.by_rsa(&by_rsa, &plugin.1),
            self.by_curve(&access_token.0, &access_token.1),
            by_secret(SECRET.as_bytes(), &cookie.0, &cookie.1),
        ]
    }

    fn by_curve(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.elliptic.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64.encode(signature))
    }

    fn by_rsa(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!("{message}.{}", BASE64.encode(signature))
    }
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn by_secret(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
    format!("{message}.{}", BASE64.encode(tag))
}

/// The same token with the other signature by P-256 that is as right.
pub(super) fn with_other_signature(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64.decode(signature).unwrap();
    let mut borrow = 0;
    let mut half: Vec<u8> = ORDER
        .iter()
        .zip(&signature[32..])
        .rev()
        .map(|(order, byte)| {
            let difference = i16::from(*order) - i16::from(*byte) - borrow;
            borrow = i16::from(difference < 0);
            (difference & 0xff) as u8
        })
        .collect();
    half.reverse();
    format!("{message}.{}", BASE64.encode([&signature[..32], &half].concat()))
}

pub(super) fn all(application: &Application, own: &Forger) -> Vec<Forgery> {
    let corpus = [
        algorithms(application),
        shared_secrets(application),
        signatures(application),
        kinds(application, own),
        claims(application),
        cookies(application),
    ];
    corpus.into_iter().flatten().collect()
}

fn algorithms(application: &Application) -> Vec<Forgery> {
    let (header, claims) = application.plugin();
    let mut corpus = Vec::new();
    for algorithm in
        ["none", "None", "", "HS256", "HS512", "ES384", "ES512", "RS384", "RS512", "PS512", "es256", "EdDSA"]
    {
        let token = application.by_curve(&with(&header, "alg", algorithm), &claims);
        corpus.push(forgery(format!("alg `{algorithm}` for ES256"), &*token, R::UnsupportedAlgorithm));
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        corpus.push(forgery(format!("alg `{algorithm}` and no signature"), unsigned, R::UnsupportedAlgorithm));
    }
    let by_curve = |algorithm: &str, kid: &str| application.by_curve(&json!({ "alg": algorithm, "kid": kid }), &claims);
    let by_rsa = |algorithm: &str, kid: &str| application.by_rsa(&json!({ "alg": algorithm, "kid": kid }), &claims);
    corpus.extend([
        forgery("signed by the curve, in the RSA key's name", by_curve("ES256", "rs"), R::UnsupportedAlgorithm),
        forgery("signed by RSA, in the curve's name", by_rsa("RS256", "es"), R::UnsupportedAlgorithm),
        forgery("the curve's key for RSA", by_curve("RS256", "es"), R::UnsupportedAlgorithm),
        forgery("another padding than the RSA key's", by_rsa("PS256", "rs"), R::UnsupportedAlgorithm),
        forgery(
            "an extension",
            application.by_curve(&with(&header, "crit", json!(["exp"])), &claims),
            R::UnsupportedAlgorithm,
        ),
        forgery("no algorithm", application.by_curve(&without(&header, "alg"), &claims), R::UnsupportedAlgorithm),
    ]);
    let names =
        [json!(""), json!("ES"), json!("es "), json!("../es"), json!("es\0"), json!(1), json!(["es"]), Value::Null];
    for name in names {
        let token = application.by_curve(&with(&header, "kid", name.clone()), &claims);
        corpus.push(forgery(format!("kid {name} for another"), token, R::UnknownKey));
    }
    let nameless = application.by_curve(&without(&header, "kid"), &claims);
    corpus.push(forgery("no kid where there are two keys", nameless, R::UnknownKey));
    corpus
}

/// Signed with what everybody can fetch.
fn shared_secrets(application: &Application) -> Vec<Forgery> {
    let (header, claims) = application.plugin();
    let der: Vec<u8> = application.rsa.public_key().as_der().unwrap().as_ref().to_vec();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(&der));
    let secrets: [(&str, Vec<u8>); 7] = [
        ("the RSA key in DER", der),
        ("the RSA key in PEM", pem.into_bytes()),
        ("the curve's point", application.elliptic.public_key().as_ref().to_vec()),
        ("the key set", application.key_set().to_string().into_bytes()),
        ("the origin", application.origin.clone().into_bytes()),
        ("nothing at all", Vec::new()),
        ("the cookies' secret", SECRET.as_bytes().to_vec()),
    ];
    let forge = |(what, secret): (&str, Vec<u8>)| {
        let token = by_secret(&secret, &with(&header, "alg", "HS256"), &claims);
        forgery(format!("HS256 in the application's name with {what}"), token, R::UnsupportedAlgorithm)
    };
    secrets.into_iter().map(forge).collect()
}

fn signatures(application: &Application) -> Vec<Forgery> {
    let (header, claims) = application.plugin();
    let good = application.by_curve(&header, &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let right = BASE64.decode(signature).unwrap();
    let with_signature = |bytes: &[u8]| format!("{message}.{}", BASE64.encode(bytes));
    let one = [&[0; 31][..], &[1]].concat();
    let asn1 = [&[0x30, 0x44, 0x02, 0x20][..], &right[..32], &[0x02, 0x20], &right[32..]].concat();
    let (rsa_header, stranger) = (json!({ "alg": "RS256", "kid": "rs" }), "somebody");
    let by_rsa = application.by_rsa(&rsa_header, &claims);
    let (rsa_message, rsa_signature) = by_rsa.rsplit_once('.').unwrap();
    let altered = BASE64.encode(with(&claims, "sub", stranger).to_string());
    let (cookie_header, cookie_claims) = application.cookie();
    let cookie = by_secret(SECRET.as_bytes(), &cookie_header, &cookie_claims);
    let (cookie_message, tag) = cookie.rsplit_once('.').unwrap();
    let header_part = |token: &str| token.split('.').next().unwrap().to_owned();
    let corpus = [
        ("ES256: zeros", with_signature(&[0; 64])),
        ("ES256: a half of zeros", with_signature(&[&right[..32], &[0; 32]].concat())),
        ("ES256: the group's order twice", with_signature(&[ORDER, ORDER].concat())),
        ("ES256: ones", with_signature(&[&one[..], &one].concat())),
        ("ES256: in ASN.1", with_signature(&asn1)),
        ("ES256: cut", with_signature(&right[..63])),
        ("ES256: nothing", format!("{message}.")),
        ("ES256: another subject", format!("{}.{altered}.{signature}", header_part(&good))),
        ("RS256: zeros", format!("{rsa_message}.{}", BASE64.encode([0; 256]))),
        ("RS256: a one", format!("{rsa_message}.{}", BASE64.encode([&[0; 255][..], &[1]].concat()))),
        ("RS256: cut", format!("{rsa_message}.{}", BASE64.encode(&BASE64.decode(rsa_signature).unwrap()[..255]))),
        ("RS256: nothing", format!("{rsa_message}.")),
        ("RS256: another subject", format!("{}.{altered}.{rsa_signature}", header_part(&by_rsa))),
        ("HS256: another secret", by_secret(b"another secret of enough length..", &cookie_header, &cookie_claims)),
        ("HS256: no secret", by_secret(b"", &cookie_header, &cookie_claims)),
        (
            "HS256: the secret and a line's end",
            by_secret(format!("{SECRET}\n").as_bytes(), &cookie_header, &cookie_claims),
        ),
        (
            "HS256: the secret decoded",
            by_secret(&BASE64_STANDARD.decode(SECRET).unwrap(), &cookie_header, &cookie_claims),
        ),
        ("HS256: half a tag", format!("{cookie_message}.{}", BASE64.encode(&BASE64.decode(tag).unwrap()[..16]))),
        ("HS256: nothing", format!("{cookie_message}.")),
        ("HS256: another subject", {
            let claims = with(&cookie_claims, "user", json!({ "id": stranger }));
            let claims = with(&claims, "session", with(&claims["session"], "userId", stranger));
            format!("{}.{}.{tag}", header_part(&cookie), BASE64.encode(claims.to_string()))
        }),
    ];
    corpus.into_iter().map(|(what, token)| forgery(what, token, R::BadSignature)).collect()
}

/// One kind of token, or one issuer's, in place of another.
fn kinds(application: &Application, own: &Forger) -> Vec<Forgery> {
    let ((header, plain), (access_header, access)) = (application.plugin(), application.access_token());
    let (cookie_header, cookie) = application.cookie();
    let origin = &application.origin;
    let ours = own.claims["iss"].clone();
    let verification = json!({ "email": "ada@example.org", "iat": NOW - 10, "exp": NOW + 3590 });
    let id_token = json!({
        "iss": format!("{origin}/api/auth"), "sub": SUBJECT, "aud": "client", "iat": NOW - 10, "exp": NOW + 3590,
        "at_hash": "x", "acr": "0",
    });
    let mut corpus = vec![
        forgery("what verifies an address", by_secret(SECRET.as_bytes(), &cookie_header, &verification), R::WrongType),
        forgery("an ID token", application.by_curve(&header, &id_token), R::WrongType),
        forgery("an ID token that says it is more", application.by_curve(&access_header, &id_token), R::WrongAudience),
        forgery("a plugin's with a type", application.by_curve(&access_header, &plain), R::WrongType),
        forgery("an access token without a type", application.by_curve(&header, &access), R::WrongType),
        forgery(
            "a cookie with a type",
            by_secret(SECRET.as_bytes(), &with(&cookie_header, "typ", "JWT"), &cookie),
            R::WrongType,
        ),
        forgery("a cookie by a published key", application.by_curve(&header, &cookie), R::UnsupportedAlgorithm),
        forgery("the application's key in our name", application.by_curve(&own.header, &own.claims), R::BadSignature),
        forgery(
            "the application's key, named, in our name",
            application.by_curve(&with(&own.header, "kid", "es"), &own.claims),
            R::UnknownKey,
        ),
        forgery(
            "the application's whole, in our name",
            application.by_curve(&header, &with(&plain, "iss", ours)),
            R::UnsupportedAlgorithm,
        ),
        forgery(
            "our key in the application's name",
            own.sign(&own.header, with(&own.claims, "iss", origin.as_str())),
            R::WrongType,
        ),
        forgery(
            "our key in the application's form",
            own.sign(with(&header, "alg", "EdDSA"), &plain),
            R::UnsupportedAlgorithm,
        ),
        forgery(
            "our key, named, in the application's form",
            own.sign(json!({ "alg": "EdDSA", "kid": own.header["kid"] }), &plain),
            R::UnknownKey,
        ),
    ];
    for issuer in [
        "",
        "http://127.0.0.1",
        &format!("{origin}/"),
        &format!("{origin}/api"),
        &format!("{origin}0"),
        "better-auth",
        "better-auth-cookie",
    ] {
        let token = application.by_curve(&header, &with(&plain, "iss", issuer));
        corpus.push(forgery(format!("issuer `{issuer}`"), token, R::WrongIssuer));
    }
    for issuer in [Value::Null, json!([origin]), json!(1)] {
        let token = application.by_curve(&header, &with(&plain, "iss", issuer.clone()));
        corpus.push(forgery(format!("issuer {issuer}"), token, R::InvalidClaims));
    }
    corpus
}

fn claims(application: &Application) -> Vec<Forgery> {
    let ((header, plain), (access_header, access)) = (application.plugin(), application.access_token());
    let mut corpus = Vec::new();
    let mut bad = |name: &str, value: Value, expected| {
        let token = application.by_curve(&header, &with(&plain, name, value.clone()));
        let shown: String = value.to_string().chars().take(60).collect();
        corpus.push(forgery(format!("the plugin's {name} {shown}"), token, expected));
    };
    for audience in [json!("duet"), json!(""), json!([]), json!([format!("{}/", application.origin)])] {
        bad("aud", audience, R::WrongAudience);
    }
    for audience in [Value::Null, json!(1), json!({}), json!([1]), json!([application.origin, null])] {
        bad("aud", audience, R::InvalidClaims);
    }
    for subject in
        [json!(""), json!("a\0b"), json!("a\nb"), json!("a".repeat(256)), json!(7), json!([SUBJECT]), Value::Null]
    {
        bad("sub", subject, R::InvalidClaims);
    }
    for (name, value) in [
        ("iat", json!("1800000000")),
        ("iat", json!(NOW as f64)),
        ("iat", Value::Null),
        ("iat", json!(NOW - 86_400)),
        ("exp", json!("1800000890")),
        ("exp", json!(900)),
        ("exp", json!(NOW - 10)),
        ("exp", json!(NOW + 3600)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!("now")),
        ("nbf", Value::Null),
        ("cnf", json!({ "jkt": "x" })),
        ("azp", json!(SUBJECT)),
        ("client_id", json!(SUBJECT)),
        ("client_id", json!(1)),
        ("scope", json!(["openid"])),
        ("jti", json!(1)),
    ] {
        bad(name, value, R::InvalidClaims);
    }
    bad("iat", json!(NOW + 6), R::NotYetValid);
    bad("nbf", json!(NOW + 6), R::NotYetValid);
    bad("exp", json!(NOW - 1), R::Expired);
    for name in ["sub", "aud", "iat", "exp"] {
        let token = application.by_curve(&header, &without(&plain, name));
        corpus.push(forgery(format!("the plugin's without {name}"), token, R::InvalidClaims));
    }
    for name in ["sub", "aud", "iat", "exp", "client_id", "jti", "scope"] {
        let token = application.by_curve(&access_header, &without(&access, name));
        corpus.push(forgery(format!("an access token without {name}"), token, R::InvalidClaims));
    }
    for (what, value) in [("of a client alone", json!(SUBJECT)), ("of no client", Value::Null)] {
        let token = application.by_curve(&access_header, &with(&access, "client_id", value));
        corpus.push(forgery(format!("an access token {what}"), token, R::InvalidClaims));
    }
    corpus
}

fn cookies(application: &Application) -> Vec<Forgery> {
    let (header, cookie) = application.cookie();
    let (session, user) = (&cookie["session"], &cookie["user"]);
    let sign = |claims: &Value| by_secret(SECRET.as_bytes(), &header, claims);
    let mut corpus = Vec::new();
    for name in ["session", "user"] {
        for odd in [Value::Null, json!("x"), json!([]), json!(1)] {
            let token = sign(&with(&cookie, name, odd.clone()));
            corpus.push(forgery(format!("a cookie's {name} {odd}"), token, R::WrongType));
        }
        corpus.push(forgery(format!("a cookie without {name}"), sign(&without(&cookie, name)), R::WrongType));
    }
    let mut bad = |what: &str, claims: Value, expected| corpus.push(forgery(what, sign(&claims), expected));
    let of_session = |name: &str, value: Value| with(&cookie, "session", with(session, name, value));
    bad("a cookie of somebody else's session", of_session("userId", json!("somebody")), R::InvalidClaims);
    bad("a cookie of nobody's session", with(&cookie, "session", without(session, "userId")), R::InvalidClaims);
    bad("a cookie of nobody", with(&cookie, "user", without(user, "id")), R::InvalidClaims);
    bad("a cookie of a number", with(&cookie, "user", with(user, "id", 7)), R::InvalidClaims);
    bad("a cookie of a session without end", with(&cookie, "session", without(session, "expiresAt")), R::InvalidClaims);
    bad("a cookie of a session that ends some time", of_session("expiresAt", json!("tomorrow")), R::InvalidClaims);
    bad("a cookie of a session that ends in a number", of_session("expiresAt", json!(NOW + 60)), R::InvalidClaims);
    let over = DateTime::from_timestamp(NOW - 1, 0).unwrap().to_rfc3339();
    bad("a cookie of a session that is over", of_session("expiresAt", json!(over)), R::Expired);
    bad("a cookie that is over", with(&cookie, "exp", NOW - 1), R::Expired);
    bad("a cookie for an hour", with(&cookie, "exp", NOW + 3590), R::InvalidClaims);
    bad("a cookie from later", with(&cookie, "iat", NOW + 6), R::NotYetValid);
    bad("a cookie without a time", without(&cookie, "exp"), R::InvalidClaims);
    bad("a cookie with an issuer", with(&cookie, "iss", application.origin.as_str()), R::UnsupportedAlgorithm);
    corpus
}
