//! Another issuer: keys of every kind, tokens signed with them, and the place where they are published.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaEncoding, RsaKeyPair,
    },
};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A secret that is no placeholder.
pub const SECRET: &str = "c3VjaCBhIGxvbmcgYW5kIHNlY3JldCB0ZXh0";

type Sign = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// A key that signs.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    pub algorithm: &'static str,
    /// As it is published.
    pub jwk: Value,
    sign: Arc<Sign>,
}

impl Key {
    pub fn ed25519(kid: &str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let x = BASE64.encode(pair.public_key());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": kid, "x": x });
        Self::new(kid, "EdDSA", jwk, move |message| pair.sign(message).as_ref().to_vec())
    }

    pub fn p256(kid: &str) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (BASE64.encode(&point[1..33]), BASE64.encode(&point[33..]));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "kid": kid, "x": x, "y": y });
        Self::new(kid, "ES256", jwk, move |message| pair.sign(&random, message).unwrap().as_ref().to_vec())
    }

    pub fn rsa(kid: &str) -> Self {
        Self::of_rsa(kid, "RS256", &RSA_PKCS1_SHA256)
    }

    pub fn rsa_pss(kid: &str) -> Self {
        Self::of_rsa(kid, "PS256", &RSA_PSS_SHA256)
    }

    fn of_rsa(kid: &str, algorithm: &'static str, encoding: &'static dyn RsaEncoding) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public = pair.public_key();
        let n = BASE64.encode(public.modulus().big_endian_without_leading_zero());
        let e = BASE64.encode(public.exponent().big_endian_without_leading_zero());
        let jwk = json!({ "kty": "RSA", "alg": algorithm, "kid": kid, "n": n, "e": e });
        Self::new(kid, algorithm, jwk, move |message| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
            signature
        })
    }

    /// A secret's: HS256.
    pub fn secret(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Self::new("", "HS256", Value::Null, move |message| hmac::sign(&key, message).as_ref().to_vec())
    }

    fn new(
        kid: &str,
        algorithm: &'static str,
        jwk: Value,
        sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        Self { kid: kid.to_owned(), algorithm, jwk, sign: Arc::new(sign) }
    }

    /// As Better Auth has it, without `typ`.
    pub fn header(&self) -> Value {
        match self.kid.as_str() {
            "" => json!({ "alg": self.algorithm }),
            kid => json!({ "alg": self.algorithm, "kid": kid }),
        }
    }

    pub fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        format!("{message}.{}", BASE64.encode((self.sign)(message.as_bytes())))
    }
}

/// What an issuer publishes; clones share it.
#[derive(Clone)]
pub struct Issuer {
    pub address: SocketAddr,
    published: Arc<Mutex<Option<Vec<Value>>>>,
}

impl Issuer {
    pub async fn start(keys: &[&Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self { address: listener.local_addr().unwrap(), published: Arc::default() };
        issuer.publish(keys);
        let routes = Router::new().route("/api/auth/jwks", get(jwks)).with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        issuer
    }

    pub fn publish(&self, keys: &[&Key]) {
        *self.published.lock().unwrap() = Some(keys.iter().map(|key| key.jwk.clone()).collect());
    }

    /// Answers nothing that can be used any more.
    pub fn fail(&self) {
        *self.published.lock().unwrap() = None;
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As the `jwt` plugin of Better Auth.
    pub fn plugin(&self, more: &str) -> String {
        format!("[[issuer]]\npreset = \"better-auth\"\norigin = \"{}\"\nsource = \"app\"\n{more}\n", self.origin())
    }

    /// As its `oauth-provider` plugin.
    pub fn oauth(&self, more: &str) -> String {
        format!(
            "[[issuer]]\npreset = \"better-auth-oauth\"\norigin = \"{}\"\nsource = \"app\"\n{more}\n",
            self.origin()
        )
    }

    /// What the `jwt` plugin says of a person, at a time.
    pub fn claims(&self, subject: &str, now: i64) -> Value {
        json!({
            "iat": now, "exp": now + 900, "iss": self.origin(), "aud": self.origin(), "sub": subject,
            "id": subject, "name": "Ada Lovelace", "email": "ada@example.org", "emailVerified": true,
        })
    }

    /// What the `oauth-provider` plugin says.
    pub fn oauth_claims(&self, subject: &str, now: i64) -> Value {
        let issuer = format!("{}/api/auth", self.origin());
        json!({
            "iat": now, "exp": now + 3600, "iss": issuer, "aud": [issuer, "other"], "sub": subject,
            "client_id": "client", "azp": "client", "scope": "openid", "jti": "one", "sid": "session",
        })
    }
}

/// The cookie cache of Better Auth, in a file of its own.
pub fn cookie(folder: &std::path::Path) -> String {
    let file = folder.join("better-auth.secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    format!("[[issuer]]\npreset = \"better-auth-cookie\"\nsource = \"app\"\nsecret_file = {file:?}\n")
}

/// What the cookie cache says of a person.
pub fn cookie_claims(subject: &str, now: i64) -> Value {
    let expires = chrono::DateTime::from_timestamp(now + 3600, 0).unwrap().to_rfc3339();
    json!({
        "session": { "id": "s", "userId": subject, "expiresAt": expires, "token": "t" },
        "user": { "id": subject, "name": "Ada Lovelace", "email": "ada@example.org" },
        "updatedAt": now * 1000, "version": "1", "iat": now, "exp": now + 300,
    })
}

async fn jwks(State(issuer): State<Issuer>) -> Response {
    match &*issuer.published.lock().unwrap() {
        Some(keys) => json!({ "keys": keys }).to_string().into_response(),
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}
