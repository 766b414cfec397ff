//! Signs what the service would never sign, with its own key.

use std::fmt::Display;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use secrecy::SecretString;
use serde_json::Value;
use service_runtime::{
    sealed::{MasterKey, SecretSource},
    testing::TestDatabase,
};

use super::{MASTER_KEY, column};

pub struct Forger {
    pub pair: Ed25519KeyPair,
    pub header: Value,
    pub claims: Value,
}

impl Forger {
    /// With the key that signed this token. The service has [`MASTER_KEY`].
    pub async fn of(database: &TestDatabase, token: &str) -> Self {
        let sealed: Vec<Vec<u8>> = column(database, "SELECT sealed_private_key FROM signing_key").await;
        let value = Some(SecretString::from(MASTER_KEY));
        let source = SecretSource { variable: "AUTH_MASTER_KEY", value, file: None, generate_in: None, file_name: "" };
        let sealing = MasterKey::load(source).unwrap().sealing_key("auth-service signing keys").unwrap();
        let part = |number| {
            let part = token.split('.').nth(number).unwrap();
            serde_json::from_slice::<Value>(&BASE64.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = (part(0), part(1));
        let kid = header["kid"].as_str().unwrap();
        let private = sealing.open(&sealed[0], kid.as_bytes()).unwrap();
        Self { pair: Ed25519KeyPair::from_pkcs8(&private).unwrap(), header, claims }
    }

    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Whatever header and claims are.
    pub fn sign(&self, header: impl Display, claims: impl Display) -> String {
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    pub fn sign_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        format!("{message}.{}", BASE64.encode(self.pair.sign(message.as_bytes())))
    }

    pub fn with_header(&self, name: &str, value: impl Into<Value>) -> String {
        self.sign(with(&self.header, name, value), &self.claims)
    }

    pub fn with_claim(&self, name: &str, value: impl Into<Value>) -> String {
        self.sign(&self.header, with(&self.claims, name, value))
    }

    pub fn without_header(&self, name: &str) -> String {
        self.sign(without(&self.header, name), &self.claims)
    }

    pub fn without_claim(&self, name: &str) -> String {
        self.sign(&self.header, without(&self.claims, name))
    }

    /// The header with these members put in front of its own, which are not looked at: so one can be there twice.
    pub fn header_and(&self, members: &str) -> String {
        in_front(&self.header, members)
    }

    /// The claims likewise.
    pub fn claims_and(&self, members: &str) -> String {
        in_front(&self.claims, members)
    }
}

pub fn with(object: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut object = object.clone();
    object[name] = value.into();
    object
}

pub fn without(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

fn in_front(object: &Value, members: &str) -> String {
    object.to_string().replacen('{', &format!("{{{members},"), 1)
}
