//! The keys that an issuer publishes (RFC 7517), of which only those are taken that can be for nothing else.

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::KeyAlgorithm;

/// So many keys at most.
const MOST_KEYS: usize = 32;
/// The longest name of a key, in bytes.
const LONGEST_KEY_ID: usize = 255;
/// RSA keys outside of these are refused, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Members of a private key (RFC 7518, 6): whoever publishes one has no secret any more.
const PRIVATE: [&str; 3] = ["d", "k", "p"];

/// A key to verify with, and the one algorithm that it is for.
#[derive(Clone)]
pub(crate) struct PublicKey {
    pub(crate) key: DecodingKey,
    pub(crate) algorithm: Algorithm,
}

/// The keys of an issuer.
#[derive(Default)]
pub(crate) struct KeySet {
    keys: Vec<(Option<String>, PublicKey)>,
    /// Why the others were left out.
    pub(crate) refused: Vec<&'static str>,
}

/// Why a set is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeySetError {
    #[error("it is no JSON object with a list of `keys`")]
    Malformed,
    #[error("it has more than {MOST_KEYS} keys")]
    TooMany,
    #[error("two of its keys have one name")]
    SameName,
    #[error("none of its keys can be used")]
    NoneUsable,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    public_key_use: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
}

impl KeySet {
    /// Reads a set. A key that cannot be used is left out.
    pub(crate) fn parse(json: &[u8], allowed: &[KeyAlgorithm]) -> Result<Self, KeySetError> {
        let document: Document = serde_json::from_slice(json).map_err(|_| KeySetError::Malformed)?;
        if document.keys.len() > MOST_KEYS {
            return Err(KeySetError::TooMany);
        }
        let mut set = Self::default();
        let mut names = HashSet::new();
        for value in document.keys {
            match read(value, allowed) {
                Ok((name, key)) => {
                    if !names.insert(name.clone()) {
                        return Err(KeySetError::SameName);
                    }
                    set.keys.push((name, key));
                }
                Err(why) => set.refused.push(why),
            }
        }
        if set.keys.is_empty() { Err(KeySetError::NoneUsable) } else { Ok(set) }
    }

    /// The key of that name; without a name, the only one that there is.
    pub(crate) fn find(&self, name: Option<&str>) -> Option<&PublicKey> {
        match (name, &self.keys[..]) {
            (None, [(_, only)]) if self.refused.is_empty() => Some(only),
            (None, _) => None,
            (Some(name), keys) => keys.iter().find(|(known, _)| known.as_deref() == Some(name)).map(|(_, key)| key),
        }
    }

    /// How many can be used.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

type Named = (Option<String>, PublicKey);

fn read(value: Value, allowed: &[KeyAlgorithm]) -> Result<Named, &'static str> {
    if PRIVATE.iter().any(|member| value.get(member).is_some()) {
        return Err("a secret or private key");
    }
    let jwk: Jwk = serde_json::from_value(value).map_err(|_| "a member of a wrong type")?;
    if jwk.public_key_use.as_deref().is_some_and(|purpose| purpose != "sig")
        || jwk.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify"))
    {
        return Err("for another use than signatures");
    }
    if jwk.kid.as_ref().is_some_and(|name| name.len() > LONGEST_KEY_ID) {
        return Err("its name is too long");
    }
    let algorithm = jwk.algorithm(allowed)?;
    let key = PublicKey { key: jwk.key(algorithm)?, algorithm: algorithm.into() };
    Ok((jwk.kid, key))
}

impl Jwk {
    /// What its type can be for and the issuer may use; if that is not one thing, the key itself has to say it.
    fn algorithm(&self, allowed: &[KeyAlgorithm]) -> Result<KeyAlgorithm, &'static str> {
        use KeyAlgorithm::{EdDsa, Es256, Ps256, Rs256};
        let possible: &[KeyAlgorithm] = match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => &[EdDsa],
            ("EC", Some("P-256")) => &[Es256],
            ("RSA", None) => &[Rs256, Ps256],
            _ => return Err("of a type that is not used here"),
        };
        let said = |algorithm: &KeyAlgorithm| self.alg.as_deref().is_none_or(|said| said == algorithm.name());
        let mut left = possible.iter().filter(|algorithm| allowed.contains(algorithm) && said(algorithm));
        match (left.next(), left.next()) {
            (Some(only), None) => Ok(*only),
            (Some(_), Some(_)) => Err("an RSA key without `alg`, which may be for two algorithms"),
            (None, _) => Err("for an algorithm that the issuer must not use"),
        }
    }

    fn key(&self, algorithm: KeyAlgorithm) -> Result<DecodingKey, &'static str> {
        match algorithm {
            KeyAlgorithm::EdDsa => Ok(DecodingKey::from_ed_der(&coordinate(self.x.as_deref())?)),
            KeyAlgorithm::Es256 => {
                let point = [&[4][..], &coordinate(self.x.as_deref())?, &coordinate(self.y.as_deref())?].concat();
                Ok(DecodingKey::from_ec_der(&point))
            }
            KeyAlgorithm::Rs256 | KeyAlgorithm::Ps256 => {
                let (modulus, exponent) = (number(self.n.as_deref())?, number(self.e.as_deref())?);
                let bits = modulus.len() * 8 - modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
                if !RSA_BITS.contains(&bits) {
                    return Err("an RSA key of less than 2048 or more than 8192 bits");
                }
                Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
            }
        }
    }
}

fn bytes(text: Option<&str>) -> Result<Vec<u8>, &'static str> {
    text.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok()).ok_or("a part is missing or not base64url")
}

fn coordinate(text: Option<&str>) -> Result<[u8; 32], &'static str> {
    bytes(text)?.try_into().map_err(|_| "a point of a wrong length")
}

fn number(text: Option<&str>) -> Result<Vec<u8>, &'static str> {
    let bytes = bytes(text)?;
    let first = bytes.iter().position(|byte| *byte != 0).ok_or("a number that is zero")?;
    Ok(bytes[first..].to_vec())
}

impl From<KeyAlgorithm> for Algorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::EdDsa => Self::EdDSA,
            KeyAlgorithm::Es256 => Self::ES256,
            KeyAlgorithm::Rs256 => Self::RS256,
            KeyAlgorithm::Ps256 => Self::PS256,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn b64(bytes: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    fn ed(kid: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(&[7; 32]), "kid": kid })
    }

    fn rsa(bytes: usize) -> Value {
        json!({ "kty": "RSA", "alg": "RS256", "n": b64(&vec![0xff; bytes]), "e": "AQAB", "kid": "rsa" })
    }

    fn with(mut key: Value, member: &str, value: Value) -> Value {
        key[member] = value;
        key
    }

    fn parse(keys: &[Value]) -> Result<KeySet, KeySetError> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes(), &KeyAlgorithm::ALL)
    }

    fn algorithm(key: &Value, allowed: &[KeyAlgorithm]) -> Option<Algorithm> {
        let set = KeySet::parse(json!({ "keys": [key] }).to_string().as_bytes(), allowed).ok()?;
        set.find(None).map(|key| key.algorithm)
    }

    #[test]
    fn a_key_is_for_one_algorithm_which_the_issuer_may_use() {
        use KeyAlgorithm::{EdDsa, Ps256, Rs256};
        let ec = json!({ "kty": "EC", "crv": "P-256", "x": b64(&[7; 32]), "y": b64(&[8; 32]) });
        let unsaid = with(rsa(256), "alg", Value::Null);
        for (key, allowed, expected) in [
            (ed("a"), &KeyAlgorithm::ALL[..], Some(Algorithm::EdDSA)),
            (with(ed("a"), "alg", json!("EdDSA")), &KeyAlgorithm::ALL, Some(Algorithm::EdDSA)),
            (with(ed("a"), "alg", json!("ES256")), &KeyAlgorithm::ALL, None),
            (ed("a"), &[Rs256], None),
            (ec.clone(), &KeyAlgorithm::ALL, Some(Algorithm::ES256)),
            (with(ec, "crv", json!("P-521")), &KeyAlgorithm::ALL, None),
            (rsa(256), &KeyAlgorithm::ALL, Some(Algorithm::RS256)),
            (with(rsa(256), "alg", json!("PS256")), &KeyAlgorithm::ALL, Some(Algorithm::PS256)),
            (with(rsa(256), "alg", json!("HS256")), &KeyAlgorithm::ALL, None),
            (rsa(256), &[Ps256], None),
            (unsaid.clone(), &KeyAlgorithm::ALL, None),
            (unsaid.clone(), &[EdDsa, Ps256], Some(Algorithm::PS256)),
            (unsaid, &[Rs256], Some(Algorithm::RS256)),
        ] {
            assert_eq!(algorithm(&key, allowed), expected, "{key} {allowed:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_left_out() {
        let secret = json!({ "kty": "oct", "k": b64(&[7; 32]), "alg": "HS256", "kid": "secret" });
        for refused in [
            secret.clone(),
            with(secret, "kty", json!("RSA")),
            json!({ "kty": "oct" }),
            json!({ "kty": 1 }),
            json!(null),
            with(ed("d"), "d", json!(b64(&[1; 32]))),
            with(ed("u"), "use", json!("enc")),
            with(ed("o"), "key_ops", json!(["sign"])),
            with(ed("x"), "x", json!(b64(&[7; 31]))),
            with(ed("x"), "x", json!("=")),
            with(ed("x"), "kid", json!(7)),
            with(ed("x"), "kid", json!("k".repeat(256))),
            rsa(255),
            rsa(128),
            rsa(1025),
            with(rsa(256), "n", json!(b64(&[[0; 200], [1; 200]].concat()))),
            with(rsa(256), "e", json!("")),
        ] {
            let set = parse(&[refused.clone(), ed("good")]).unwrap();
            assert_eq!((set.keys.len(), set.refused.len()), (1, 1), "{refused}");
            assert!(set.find(Some("good")).is_some() && set.find(None).is_none(), "{refused}");
            assert_eq!(parse(&[refused]).err(), Some(KeySetError::NoneUsable));
        }
        assert!(parse(&[with(with(ed("s"), "use", json!("sig")), "key_ops", json!(["verify"]))]).is_ok());
        assert!(parse(&[with(rsa(256), "n", json!(b64(&[vec![0], vec![0xff; 256]].concat())))]).is_ok());
    }

    #[test]
    fn a_set_is_bounded_and_its_names_are_distinct() {
        let keys: Vec<_> = (0..33).map(|number| ed(&number.to_string())).collect();
        assert_eq!(parse(&keys[..32]).unwrap().keys.len(), 32);
        assert_eq!(parse(&keys).err(), Some(KeySetError::TooMany));
        assert_eq!(parse(&[ed("a"), ed("a")]).err(), Some(KeySetError::SameName));
        for malformed in ["", "[]", "{}", r#"{"keys": {}}"#, "<html>"] {
            let parsed = KeySet::parse(malformed.as_bytes(), &KeyAlgorithm::ALL);
            assert_eq!(parsed.err(), Some(KeySetError::Malformed), "{malformed}");
        }
    }

    #[test]
    fn with_several_keys_a_token_names_one() {
        let set = parse(&[ed("a"), ed("b")]).unwrap();
        assert!(set.find(Some("a")).is_some() && set.find(Some("c")).is_none() && set.find(None).is_none());
        let mut nameless = ed("a");
        nameless.as_object_mut().unwrap().remove("kid");
        let set = parse(&[nameless]).unwrap();
        assert!(set.find(None).is_some() && set.find(Some("a")).is_none());
    }
}
