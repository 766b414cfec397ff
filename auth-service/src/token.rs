//! Access tokens (RFC 9068): what stands in our own, and what is demanded of one that is shown.

use std::time::Duration;

use authn::{SessionId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    issuers::Person,
    jwt::{Malformed, Object, Parts},
    settings::TokenSettings,
    signing::Signer,
};

/// What a person's token allows.
pub(crate) const PERSON_SCOPES: [&str; 3] = ["account", "tasks.read", "tasks.write"];
/// The client of people.
const CLIENT_ID: &str = "duet";
/// The `typ` of an access token, and of nothing else.
const TYPE: &str = "at+jwt";
/// What may stand before a `typ`.
const MEDIA_TYPE: &str = "application/";
/// How far the clocks of two replicas may differ.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(5);
/// Longer than this no token is ever good, whatever the settings say.
pub(crate) const LONGEST_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Not a signed JWT in canonical form of at most 8 KiB.
    Malformed,
    /// Another algorithm than the issuer's, or an extension.
    UnsupportedAlgorithm,
    /// No key of the issuer.
    UnknownKey,
    /// Not signed by that key.
    BadSignature,
    /// Its life is over.
    Expired,
    /// Its life has not begun.
    NotYetValid,
    /// Issued by somebody else.
    WrongIssuer,
    /// Issued for somebody else.
    WrongAudience,
    /// Not an access token.
    WrongType,
    /// A claim is missing, there twice, of the wrong type, or too large.
    InvalidClaims,
    /// It has been revoked, or its session has ended, or its key has been revoked.
    Revoked,
    /// An administrator has disabled its user.
    UserDisabled,
}

impl From<Malformed> for Rejection {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A token for its owner.
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) expire_time: DateTime<Utc>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    aud: Vec<String>,
    client_id: String,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing, deserialize_with = "present")]
    nbf: Option<i64>,
    jti: String,
    sid: Uuid,
    scope: String,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    i64::deserialize(deserializer).map(Some)
}

/// What a token says, once its signature and its claims have been found right. Whether it has been revoked, it cannot
/// tell.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) holder: Holder,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The one of our keys that signed it; nothing if it is none of ours.
    pub(crate) key_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) issue_time: DateTime<Utc>,
    pub(crate) expire_time: DateTime<Utc>,
}

/// Whose a token is.
#[derive(Debug)]
pub(crate) enum Holder {
    /// A user's, who logged in here.
    Session(UserId, SessionId),
    /// Somebody's whom another issuer knows.
    Person(Person),
}

impl TokenSettings {
    /// A token of a session, which it does not outlive.
    pub(crate) fn issue(
        &self,
        signer: &Signer,
        (user, session): (UserId, SessionId),
        now: DateTime<Utc>,
        session_expire_time: DateTime<Utc>,
    ) -> Result<AccessToken> {
        let expire = (now + self.access_token_lifetime).min(session_expire_time).timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: user.as_uuid(),
            aud: vec![self.audience.clone()],
            client_id: CLIENT_ID.to_owned(),
            iat: now.timestamp(),
            exp: expire,
            nbf: None,
            jti: Uuid::new_v4().to_string(),
            sid: session.as_uuid(),
            scope: PERSON_SCOPES.join(" "),
        };
        let header =
            Header { typ: Some(TYPE.to_owned()), kid: Some(signer.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let text = jsonwebtoken::encode(&header, &claims, &signer.key).map_err(Error::internal)?;
        Ok(AccessToken { text, expire_time: time(expire).ok_or_else(|| Error::internal("a time out of range"))? })
    }

    /// What is demanded of the header of our own tokens.
    const HEADER: HeaderRules<'static> = HeaderRules { algorithms: &[Algorithm::EdDSA], token_type: Some(TYPE) };

    /// The name of the key that is said to have signed one of our own tokens, if it is worth looking for.
    pub(crate) fn key_id(&self, token: &Unverified<'_>) -> Result<String, Rejection> {
        token.check_header(Self::HEADER)?;
        token.key_id()?.map(str::to_owned).ok_or(Rejection::UnknownKey)
    }

    /// What the claims of one of our own tokens say.
    pub(crate) fn grant(
        &self,
        claims: Object,
        key_id: String,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<Grant, Rejection> {
        let claims: Claims = claims.into().ok_or(Rejection::InvalidClaims)?;
        // Other audiences are for other services to ask about.
        if audience != self.audience || !claims.aud.iter().any(|named| named == audience) {
            return Err(Rejection::WrongAudience);
        }
        let life = Life { issue: claims.iat, begin: claims.nbf, expire: claims.exp };
        let (issue_time, expire_time) = life.check(LONGEST_LIFETIME, now)?;
        if claims.jti.is_empty() {
            return Err(Rejection::InvalidClaims);
        }
        Ok(Grant {
            holder: Holder::Session(claims.sub.into(), claims.sid.into()),
            issuer: claims.iss,
            client_id: claims.client_id,
            key_id,
            scopes: claims.scope.split_ascii_whitespace().map(str::to_owned).collect(),
            issue_time,
            expire_time,
        })
    }
}

/// The times of a token, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) issue: i64,
    pub(crate) begin: Option<i64>,
    pub(crate) expire: i64,
}

impl Life {
    /// Checks all but whether it is over, which [`Grant::is_over`] tells: a token may be too old to be let in and still
    /// say which session to end.
    pub(crate) fn check(
        self,
        longest: Duration,
        now: DateTime<Utc>,
    ) -> Result<(DateTime<Utc>, DateTime<Utc>), Rejection> {
        let (issue, expire) = time(self.issue).zip(time(self.expire)).ok_or(Rejection::InvalidClaims)?;
        let life = (expire - issue).to_std().map_err(|_| Rejection::InvalidClaims)?;
        if life.is_zero() || life > longest {
            return Err(Rejection::InvalidClaims);
        }
        let begin = self.begin.unwrap_or(self.issue).max(self.issue);
        if time(begin).ok_or(Rejection::InvalidClaims)? > now + LEEWAY {
            return Err(Rejection::NotYetValid);
        }
        Ok((issue, expire))
    }
}

/// What is demanded of the header of an issuer's tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderRules<'a> {
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) token_type: Option<&'a str>,
}

/// A token taken apart. Nothing in it has been verified.
pub(crate) struct Unverified<'a> {
    header: Object,
    claims: Object,
    message: &'a str,
    signature: &'a str,
}

impl<'a> Unverified<'a> {
    pub(crate) fn read(token: &'a str) -> Result<Self, Rejection> {
        let Parts { header, payload, message, signature } = Parts::parse(token)?;
        let claims = Object::parse(&payload)?.ok_or(Rejection::InvalidClaims)?;
        Ok(Self { header, claims, message, signature })
    }

    /// Who claims to have issued it.
    pub(crate) fn issuer(&self) -> Result<Option<&str>, Rejection> {
        match self.claims.has("iss") {
            true => self.claims.text("iss").map(Some).ok_or(Rejection::InvalidClaims),
            false => Ok(None),
        }
    }

    /// Whether the issuer makes such tokens. What it makes is known: the header may only agree.
    pub(crate) fn check_header(&self, rules: HeaderRules<'_>) -> Result<(), Rejection> {
        if !rules.algorithms.iter().any(|algorithm| self.names(*algorithm)) || self.header.has("crit") {
            return Err(Rejection::UnsupportedAlgorithm);
        }
        let right = match rules.token_type {
            None => !self.header.has("typ"),
            // A media type, whose `application/` may be left out (RFC 7515, 4.1.9).
            Some(wanted) => self.header.text("typ").is_some_and(|given| {
                let prefix = given.get(..MEDIA_TYPE.len()).filter(|prefix| prefix.eq_ignore_ascii_case(MEDIA_TYPE));
                given[prefix.map_or(0, str::len)..].eq_ignore_ascii_case(wanted)
            }),
        };
        if right { Ok(()) } else { Err(Rejection::WrongType) }
    }

    /// The name of the key that is said to have signed it.
    pub(crate) fn key_id(&self) -> Result<Option<&str>, Rejection> {
        match self.header.has("kid") {
            true => self.header.text("kid").map(Some).ok_or(Rejection::UnknownKey),
            false => Ok(None),
        }
    }

    /// The claims, once the signature has been found right. `algorithm` is the key's.
    pub(crate) fn verify(self, key: &DecodingKey, algorithm: Algorithm) -> Result<Object, Rejection> {
        if !self.names(algorithm) {
            return Err(Rejection::UnsupportedAlgorithm);
        }
        match jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), key, algorithm) {
            Ok(true) => Ok(self.claims),
            _ => Err(Rejection::BadSignature),
        }
    }

    fn names(&self, algorithm: Algorithm) -> bool {
        self.header.text("alg").and_then(|given| given.parse().ok()) == Some(algorithm)
    }
}

impl Grant {
    /// Whether the token's life is over.
    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.expire_time <= now
    }
}

fn time(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

#[cfg(test)]
mod tests;
