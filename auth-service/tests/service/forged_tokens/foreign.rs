//! Tokens in another issuer's name: an application with Better Auth, whose keys the test has.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use chrono::DateTime;
use proto::auth::v1::RejectionReason as R;
use serde_json::{Value, json};

use super::{Forgery, NOW, forgery};
use crate::support::{
    forger::{Forger, with, without},
    issuer::{Issuer, Key, SECRET, cookie, cookie_claims},
};

const SUBJECT: &str = "hymNP6T6H52zDHSaL7wuxMkdlA2fxHkw";

/// The order of P-256: half of a signature, taken away from it, is another half that is as right.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// RFC 5480: what stands before a point of P-256 in DER.
const CURVE: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// An application, and all that it signs with.
pub(super) struct Application {
    issuer: Issuer,
    curve: Key,
    rsa: Key,
    secret: Key,
}

impl Application {
    /// Publishes its keys for as long as the test runs.
    pub(super) async fn start() -> Self {
        let (curve, rsa) = (Key::p256("es"), Key::rsa("rs"));
        let issuer = Issuer::start(&[&curve, &rsa]).await;
        Self { issuer, curve, rsa, secret: Key::secret(SECRET.as_bytes()) }
    }

    /// What auth-service is told of it; a file with its secret is in that folder.
    pub(super) fn issuers(&self, folder: &Path) -> String {
        [self.issuer.plugin(""), self.issuer.oauth(""), cookie(folder)].concat()
    }

    fn origin(&self) -> String {
        self.issuer.origin()
    }

    /// A token of the `jwt` plugin, by its header and claims.
    fn plugin(&self) -> (Value, Value) {
        (self.curve.header(), self.issuer.claims(SUBJECT, NOW - 10))
    }

    /// An access token of the `oauth-provider` plugin.
    fn access_token(&self) -> (Value, Value) {
        (with(&self.curve.header(), "typ", "at+jwt"), self.issuer.oauth_claims(SUBJECT, NOW - 10))
    }

    /// The cookie that caches a session.
    fn cookie(&self) -> (Value, Value) {
        (self.secret.header(), cookie_claims(SUBJECT, NOW - 10))
    }

    /// A good token of each kind.
    pub(super) fn good(&self) -> [String; 4] {
        let (plugin, access_token, cookie) = (self.plugin(), self.access_token(), self.cookie());
        [
            self.curve.sign(&plugin.0, &plugin.1),
            self.rsa.token(&plugin.1),
            self.curve.sign(&access_token.0, &access_token.1),
            self.secret.sign(&cookie.0, &cookie.1),
        ]
    }
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
        let token = application.curve.sign(&with(&header, "alg", algorithm), &claims);
        corpus.push(forgery(format!("alg `{algorithm}` for ES256"), &*token, R::UnsupportedAlgorithm));
        let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
        corpus.push(forgery(format!("alg `{algorithm}` and no signature"), unsigned, R::UnsupportedAlgorithm));
    }
    let by_curve =
        |algorithm: &str, kid: &str| application.curve.sign(&json!({ "alg": algorithm, "kid": kid }), &claims);
    let by_rsa = |algorithm: &str, kid: &str| application.rsa.sign(&json!({ "alg": algorithm, "kid": kid }), &claims);
    corpus.extend([
        forgery("signed by the curve, in the RSA key's name", by_curve("ES256", "rs"), R::UnsupportedAlgorithm),
        forgery("signed by RSA, in the curve's name", by_rsa("RS256", "es"), R::UnsupportedAlgorithm),
        forgery("the curve's key for RSA", by_curve("RS256", "es"), R::UnsupportedAlgorithm),
        forgery("another padding than the RSA key's", by_rsa("PS256", "rs"), R::UnsupportedAlgorithm),
        forgery(
            "an extension",
            application.curve.sign(&with(&header, "crit", json!(["exp"])), &claims),
            R::UnsupportedAlgorithm,
        ),
        forgery("no algorithm", application.curve.sign(&without(&header, "alg"), &claims), R::UnsupportedAlgorithm),
    ]);
    let names =
        [json!(""), json!("ES"), json!("es "), json!("../es"), json!("es\0"), json!(1), json!(["es"]), Value::Null];
    for name in names {
        let token = application.curve.sign(&with(&header, "kid", name.clone()), &claims);
        corpus.push(forgery(format!("kid {name} for another"), token, R::UnknownKey));
    }
    let nameless = application.curve.sign(&without(&header, "kid"), &claims);
    corpus.push(forgery("no kid where there are two keys", nameless, R::UnknownKey));
    corpus
}

/// Signed with what everybody can fetch.
fn shared_secrets(application: &Application) -> Vec<Forgery> {
    let (header, claims) = application.plugin();
    let half = |name: &str| BASE64.decode(application.curve.jwk[name].as_str().unwrap()).unwrap();
    let der = [&CURVE[..], &half("x"), &half("y")].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(&der));
    let secrets: [(&str, Vec<u8>); 7] = [
        ("the curve's key in DER", der),
        ("the curve's key in PEM", pem.into_bytes()),
        ("the curve's point", [&[4][..], &half("x"), &half("y")].concat()),
        ("the key set", json!({ "keys": [application.curve.jwk, application.rsa.jwk] }).to_string().into_bytes()),
        ("the origin", application.origin().into_bytes()),
        ("nothing at all", Vec::new()),
        ("the cookies' secret", SECRET.as_bytes().to_vec()),
    ];
    let forge = |(what, secret): (&str, Vec<u8>)| {
        let token = Key::secret(&secret).sign(&with(&header, "alg", "HS256"), &claims);
        forgery(format!("HS256 in the application's name with {what}"), token, R::UnsupportedAlgorithm)
    };
    secrets.into_iter().map(forge).collect()
}

fn signatures(application: &Application) -> Vec<Forgery> {
    let (header, claims) = application.plugin();
    let good = application.curve.sign(&header, &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let right = BASE64.decode(signature).unwrap();
    let with_signature = |bytes: &[u8]| format!("{message}.{}", BASE64.encode(bytes));
    let one = [&[0; 31][..], &[1]].concat();
    let asn1 = [&[0x30, 0x44, 0x02, 0x20][..], &right[..32], &[0x02, 0x20], &right[32..]].concat();
    let (rsa_header, stranger) = (json!({ "alg": "RS256", "kid": "rs" }), "somebody");
    let by_rsa = application.rsa.sign(&rsa_header, &claims);
    let (rsa_message, rsa_signature) = by_rsa.rsplit_once('.').unwrap();
    let altered = BASE64.encode(with(&claims, "sub", stranger).to_string());
    let (cookie_header, cookie_claims) = application.cookie();
    let cookie = application.secret.sign(&cookie_header, &cookie_claims);
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
        (
            "HS256: another secret",
            Key::secret(b"another secret of enough length..").sign(&cookie_header, &cookie_claims),
        ),
        ("HS256: no secret", Key::secret(b"").sign(&cookie_header, &cookie_claims)),
        (
            "HS256: the secret and a line's end",
            Key::secret(format!("{SECRET}\n").as_bytes()).sign(&cookie_header, &cookie_claims),
        ),
        (
            "HS256: the secret decoded",
            Key::secret(&BASE64_STANDARD.decode(SECRET).unwrap()).sign(&cookie_header, &cookie_claims),
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
    let origin = &application.origin();
    let ours = own.claims["iss"].clone();
    let verification = json!({ "email": "ada@example.org", "iat": NOW - 10, "exp": NOW + 3590 });
    let id_token = json!({
        "iss": format!("{origin}/api/auth"), "sub": SUBJECT, "aud": "client", "iat": NOW - 10, "exp": NOW + 3590,
        "at_hash": "x", "acr": "0",
    });
    let mut corpus = vec![
        forgery("what verifies an address", application.secret.sign(&cookie_header, &verification), R::WrongType),
        forgery("an ID token", application.curve.sign(&header, &id_token), R::WrongType),
        forgery(
            "an ID token that says it is more",
            application.curve.sign(&access_header, &id_token),
            R::WrongAudience,
        ),
        forgery("a plugin's with a type", application.curve.sign(&access_header, &plain), R::WrongType),
        forgery("an access token without a type", application.curve.sign(&header, &access), R::WrongType),
        forgery(
            "a cookie with a type",
            application.secret.sign(&with(&cookie_header, "typ", "JWT"), &cookie),
            R::WrongType,
        ),
        forgery("a cookie by a published key", application.curve.sign(&header, &cookie), R::UnsupportedAlgorithm),
        forgery("the application's key in our name", application.curve.sign(&own.header, &own.claims), R::BadSignature),
        forgery(
            "the application's key, named, in our name",
            application.curve.sign(&with(&own.header, "kid", "es"), &own.claims),
            R::UnknownKey,
        ),
        forgery(
            "the application's whole, in our name",
            application.curve.sign(&header, &with(&plain, "iss", ours)),
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
        let token = application.curve.sign(&header, &with(&plain, "iss", issuer));
        corpus.push(forgery(format!("issuer `{issuer}`"), token, R::WrongIssuer));
    }
    for issuer in [Value::Null, json!([origin]), json!(1)] {
        let token = application.curve.sign(&header, &with(&plain, "iss", issuer.clone()));
        corpus.push(forgery(format!("issuer {issuer}"), token, R::InvalidClaims));
    }
    corpus
}

fn claims(application: &Application) -> Vec<Forgery> {
    let ((header, plain), (access_header, access)) = (application.plugin(), application.access_token());
    let mut corpus = Vec::new();
    let mut bad = |name: &str, value: Value, expected| {
        let token = application.curve.sign(&header, &with(&plain, name, value.clone()));
        let shown: String = value.to_string().chars().take(60).collect();
        corpus.push(forgery(format!("the plugin's {name} {shown}"), token, expected));
    };
    for audience in [json!("duet"), json!(""), json!([]), json!([format!("{}/", application.origin())])] {
        bad("aud", audience, R::WrongAudience);
    }
    for audience in [Value::Null, json!(1), json!({}), json!([1]), json!([application.origin(), null])] {
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
        let token = application.curve.sign(&header, &without(&plain, name));
        corpus.push(forgery(format!("the plugin's without {name}"), token, R::InvalidClaims));
    }
    for name in ["sub", "aud", "iat", "exp", "client_id", "jti", "scope"] {
        let token = application.curve.sign(&access_header, &without(&access, name));
        corpus.push(forgery(format!("an access token without {name}"), token, R::InvalidClaims));
    }
    for (what, value) in [("of a client alone", json!(SUBJECT)), ("of no client", Value::Null)] {
        let token = application.curve.sign(&access_header, &with(&access, "client_id", value));
        corpus.push(forgery(format!("an access token {what}"), token, R::InvalidClaims));
    }
    corpus
}

fn cookies(application: &Application) -> Vec<Forgery> {
    let (header, cookie) = application.cookie();
    let (session, user) = (&cookie["session"], &cookie["user"]);
    let sign = |claims: &Value| application.secret.sign(&header, claims);
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
    bad("a cookie with an issuer", with(&cookie, "iss", application.origin()), R::UnsupportedAlgorithm);
    corpus
}
