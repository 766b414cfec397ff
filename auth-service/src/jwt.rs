//! The compact form of a signed JWT (RFC 7515, RFC 7519), read without leniency: canonical base64url without padding,
//! JSON objects without duplicate members, nothing else.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value, error::Category};

/// The longest token that is looked at.
pub const MAX_BYTES: usize = 8 * 1024;

/// Not a JWT in its one canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// A token taken apart; nothing of it has been verified.
pub struct Parts<'a> {
    /// The JOSE header.
    pub header: Object,
    /// The payload, decoded; whether it is JSON has not been looked at.
    pub payload: Vec<u8>,
    /// What is signed: header and payload as they stand in the token.
    pub message: &'a str,
    /// As it stands in the token.
    pub signature: &'a str,
}

impl<'a> Parts<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is longer than [`MAX_BYTES`], has not three parts, or one of them is not in its one canonical form.
    pub fn parse(token: &'a str) -> Result<Self, Malformed> {
        if token.len() > MAX_BYTES {
            return Err(Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(Malformed)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed);
        decode(signature)?;
        let header = serde_json::from_slice(&decode(header)?).map_err(|_| Malformed)?;
        Ok(Self { header, payload: decode(payload)?, message, signature })
    }
}

/// A JSON object in which each member stands once.
#[derive(Debug, Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Reads the claims. `None` is an object with a duplicate member, or no object.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn parse(json: &[u8]) -> Result<Option<Self>, Malformed> {
        match serde_json::from_slice(json) {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.classify() == Category::Data => Ok(None),
            Err(_) => Err(Malformed),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A member, whatever it is.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    pub(crate) fn into<T: DeserializeOwned>(self) -> Option<T> {
        serde_json::from_value(Value::Object(self.0)).ok()
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachMemberOnce)
    }
}

struct EachMemberOnce;

impl<'de> Visitor<'de> for EachMemberOnce {
    type Value = Object;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object in which each member stands once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Object(object))
    }
}

#[cfg(test)]
mod tests;
