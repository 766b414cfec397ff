//! Access tokens (RFC 9068): what stands in them, and what is demanded of one that is shown.

use std::time::Duration;

use authn::{SessionId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    jwt::{Malformed, Object, Parts},
    settings::TokenSettings,
    signing::{KeyState, Signer, VerifyingKey},
};

/// What a person's token allows.
const SCOPES: &str = "account tasks.read tasks.write";
/// The client of people.
const CLIENT_ID: &str = "duet";
/// The `typ` of an access token, and of nothing else.
const TYPE: &str = "at+jwt";
/// How far the clocks of two replicas may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);
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
    /// Its session has ended, or its key has been revoked.
    Revoked,
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

/// What a token says, once its signature and its claims have been found right. Whether its session still lives, it
/// cannot tell.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) key_id: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) issue_time: DateTime<Utc>,
    pub(crate) expire_time: DateTime<Utc>,
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
            scope: SCOPES.to_owned(),
        };
        let header =
            Header { typ: Some(TYPE.to_owned()), kid: Some(signer.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let text = jsonwebtoken::encode(&header, &claims, &signer.key).map_err(Error::internal)?;
        Ok(AccessToken { text, expire_time: time(expire).ok_or_else(|| Error::internal("a time out of range"))? })
    }

    /// What can be said of a token before a key is looked for: the key's name, if it is worth looking.
    pub(crate) fn read<'a>(&self, token: &'a str) -> Result<Unverified<'a>, Rejection> {
        let parts = Parts::parse(token)?;
        let claims = Object::parse(&parts.payload)?.ok_or(Rejection::InvalidClaims)?;
        match claims.text("iss") {
            Some(issuer) if issuer == self.issuer => {}
            Some(_) => return Err(Rejection::WrongIssuer),
            None => return Err(Rejection::InvalidClaims),
        }
        // The issuer's algorithm is known; the header may only agree.
        if parts.header.text("alg") != Some("EdDSA") || parts.header.has("crit") {
            return Err(Rejection::UnsupportedAlgorithm);
        }
        match parts.header.text("typ") {
            Some(given) if given.eq_ignore_ascii_case(TYPE) || given.eq_ignore_ascii_case("application/at+jwt") => {}
            _ => return Err(Rejection::WrongType),
        }
        let kid = parts.header.text("kid").ok_or(Rejection::UnknownKey)?.to_owned();
        Ok(Unverified { kid, claims, message: parts.message, signature: parts.signature })
    }

    fn grant(
        &self,
        (claims, key_id): (Claims, String),
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<Grant, Rejection> {
        // Other audiences are for other services to ask about.
        if audience != self.audience || !claims.aud.iter().any(|named| named == audience) {
            return Err(Rejection::WrongAudience);
        }
        let (issue_time, expire_time) = time(claims.iat).zip(time(claims.exp)).ok_or(Rejection::InvalidClaims)?;
        let life = (expire_time - issue_time).to_std().map_err(|_| Rejection::InvalidClaims)?;
        if life.is_zero() || life > LONGEST_LIFETIME || claims.jti.is_empty() {
            return Err(Rejection::InvalidClaims);
        }
        let begin = claims.nbf.unwrap_or(claims.iat).max(claims.iat);
        if time(begin).ok_or(Rejection::InvalidClaims)? > now + LEEWAY {
            return Err(Rejection::NotYetValid);
        }
        Ok(Grant {
            user_id: claims.sub.into(),
            session_id: claims.sid.into(),
            issuer: claims.iss,
            client_id: claims.client_id,
            key_id,
            scopes: claims.scope.split_ascii_whitespace().map(str::to_owned).collect(),
            issue_time,
            expire_time,
        })
    }
}

/// A token of our issuer whose signature has not been verified.
pub(crate) struct Unverified<'a> {
    pub(crate) kid: String,
    claims: Object,
    message: &'a str,
    signature: &'a str,
}

impl Unverified<'_> {
    /// Checks the signature, then every claim except `exp`, which [`Grant::is_over`] tells: a token may be too old to
    /// be let in and still say which session to end.
    pub(crate) fn verify(
        self,
        key: &VerifyingKey,
        settings: &TokenSettings,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<Grant, Rejection> {
        if key.state == KeyState::Revoked {
            return Err(Rejection::Revoked);
        }
        match jsonwebtoken::crypto::verify(self.signature, self.message.as_bytes(), &key.key, Algorithm::EdDSA) {
            Ok(true) => {
                let claims = self.claims.into().ok_or(Rejection::InvalidClaims)?;
                settings.grant((claims, self.kid), audience, now)
            }
            _ => Err(Rejection::BadSignature),
        }
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
