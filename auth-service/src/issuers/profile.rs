//! What is demanded of one issuer's tokens. It stands in the settings, never in a token.

use std::{fmt, time::Duration};

use http::Uri;
use secrecy::SecretString;
use serde::Deserialize;

/// An issuer, and all that is demanded of its tokens.
#[derive(Clone, Debug)]
pub struct Profile {
    /// How commands, logs and metrics call it.
    pub name: String,
    /// The `iss` of its tokens, to the letter; nothing if they have none.
    pub issuer: Option<String>,
    /// What `aud` has to name; nothing if its tokens have none.
    pub audience: Option<String>,
    /// The `typ` of its tokens; nothing if they have none.
    pub token_type: Option<String>,
    /// Claims that must be there beside those that always must.
    pub required_claims: Vec<String>,
    /// How long after `iat` the latest `exp` is.
    pub longest_life: Duration,
    /// Whose subjects they are: issuers of one source know a person by one name.
    pub source: String,
    /// The most that its tokens allow.
    pub scopes: Vec<&'static str>,
    /// In which form its tokens say what they say.
    pub payload: Payload,
    /// What its tokens are signed with.
    pub keys: KeySource,
}

impl Profile {
    /// What callers are told of who issued a token: the `iss`, or in place of one the profile's name.
    pub fn issuer(&self) -> &str {
        self.issuer.as_deref().unwrap_or(&self.name)
    }
}

/// In which form a token says whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The registered claims of RFC 7519.
    Claims,
    /// The session and the user of Better Auth's cookie cache.
    CookieCache,
}

/// Where the keys of an issuer come from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// A set of public keys (RFC 7517) that the issuer publishes.
    Jwks {
        /// Where.
        url: Uri,
        /// The algorithms that its keys may be for.
        algorithms: Vec<KeyAlgorithm>,
    },
    /// A secret that both sides know: HS256.
    Secret(SecretString),
}

/// What a published key may be for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSASSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
}

impl KeyAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Ps256];

    /// As `alg` has it (RFC 7518, RFC 8037).
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
