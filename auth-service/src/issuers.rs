//! Whose tokens are accepted: our own, and those of other issuers.
//!
//! Each token is tried against one issuer alone: the one that it names, or, if it names none, the one whose tokens name
//! none. A [`Profile`] says what is demanded of another issuer's tokens; [`claims`] reads them, and tells whose they are,
//! a [`Person`]. What an issuer signs with is a secret, or is [`published`]: then [`fetch`] brings it and [`keys`] takes
//! what can be used.

mod claims;
mod examine;
mod fetch;
mod keys;
mod person;
mod profile;
mod published;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::ExposeSecret;
use service_runtime::{CancellationToken, operations::Registry};

pub(crate) use examine::examine;
pub(crate) use person::{Identity, Person};
pub use profile::{KeyAlgorithm, KeySource, Payload, Profile};

use self::{
    fetch::Fetcher,
    keys::PublicKey,
    published::{FetchCounts, Found, Pace, Published},
};
use crate::{
    error::{Error, Result},
    settings::TokenSettings,
    signing::{KeyState, SigningKeys},
    token::{Grant, HeaderRules, LEEWAY, Rejection, Unverified},
};

/// How much longer than is said a life may be: some issuers read the clock once for its beginning and once for its end.
const CLOCK_READINGS: std::time::Duration = std::time::Duration::from_secs(LEEWAY.num_seconds() as u64);

/// All whose tokens are accepted.
pub(crate) struct Issuers {
    tokens: TokenSettings,
    keys: Arc<SigningKeys>,
    others: Vec<Other>,
    counts: FetchCounts,
}

/// Another issuer.
struct Other {
    profile: Profile,
    algorithms: Vec<Algorithm>,
    keys: Keys,
}

enum Keys {
    Secret(PublicKey),
    Published(Arc<Published>),
}

impl Issuers {
    pub(crate) fn new(tokens: TokenSettings, keys: Arc<SigningKeys>, profiles: Vec<Profile>) -> Self {
        let counts = FetchCounts::default();
        let others = profiles.into_iter().map(|profile| Other::new(profile, &counts)).collect();
        Self { tokens, keys, others, counts }
    }

    /// Has the counts shown among the metrics.
    pub(crate) fn register(&self, metrics: &mut Registry) {
        let FetchCounts { succeeded, failed } = self.counts.clone();
        metrics.register("auth_issuer_fetches", "Fetches of the keys of other issuers that succeeded", succeeded);
        metrics.register("auth_issuer_fetch_failures", "Fetches of the keys of other issuers that failed", failed);
    }

    /// Keeps the keys of the others up to date until `end`.
    pub(crate) async fn run(self: Arc<Self>, end: CancellationToken) {
        let fetching = self.others.iter().filter_map(|other| match &other.keys {
            Keys::Published(published) => Some(Arc::clone(published).run(end.clone())),
            Keys::Secret(_) => None,
        });
        join_all(fetching).await;
    }

    /// What a token says, if its signature and its claims are right: all but whether its life is over, and whether it
    /// has been revoked. An empty audience is our own; others are for other services to ask about.
    ///
    /// # Errors
    /// `Token` with the first reason that was found; `IssuerUnavailable` if its issuer's keys cannot be had.
    pub(crate) async fn read(&self, token: &str, audience: &str, now: DateTime<Utc>) -> Result<Grant> {
        let audience = if audience.is_empty() { &self.tokens.audience } else { audience };
        let token = Unverified::read(token).map_err(Error::Token)?;
        match self.other(&token).map_err(Error::Token)? {
            None => self.read_own(token, audience, now).await,
            Some(other) => {
                let grant = other.read(token, now).await?;
                // What the issuer calls its audience stands in its profile. Here it is asked about for ours.
                if audience == self.tokens.audience { Ok(grant) } else { Err(Error::Token(Rejection::WrongAudience)) }
            }
        }
    }

    /// The other issuer whose token it claims to be; nothing, if it claims to be ours.
    fn other(&self, token: &Unverified<'_>) -> Result<Option<&Other>, Rejection> {
        let issuer = token.issuer()?;
        if issuer == Some(&self.tokens.issuer) {
            return Ok(None);
        }
        let unknown = if issuer.is_some() { Rejection::WrongIssuer } else { Rejection::InvalidClaims };
        self.others.iter().find(|other| other.profile.issuer.as_deref() == issuer).map(Some).ok_or(unknown)
    }

    /// The audience that this installation issues for.
    pub(crate) fn audience(&self) -> &str {
        &self.tokens.audience
    }

    async fn read_own(&self, token: Unverified<'_>, audience: &str, now: DateTime<Utc>) -> Result<Grant> {
        let name = self.tokens.key_id(&token).map_err(Error::Token)?;
        let key = self.keys.find(&name).await?.ok_or(Error::Token(Rejection::UnknownKey))?;
        if key.state == KeyState::Revoked {
            return Err(Error::Token(Rejection::Revoked));
        }
        let claims = token.verify(&key.key, Algorithm::EdDSA).map_err(Error::Token)?;
        let grant = self.tokens.grant(claims, name, audience, now).map_err(Error::Token)?;
        // No token that it signed is as young: somebody else has the key.
        if key.state == KeyState::Retired && !grant.is_over(now) {
            return Err(Error::Token(Rejection::UnknownKey));
        }
        Ok(grant)
    }
}

impl Other {
    fn new(profile: Profile, counts: &FetchCounts) -> Self {
        let (keys, algorithms) = match &profile.keys {
            KeySource::Secret(secret) => {
                let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
                (Keys::Secret(PublicKey { key, algorithm: Algorithm::HS256 }), vec![Algorithm::HS256])
            }
            KeySource::Jwks { url, algorithms } => {
                let fetcher = Fetcher::new(url.clone());
                let allowed = algorithms.clone();
                let published = Published::new(profile.name.clone(), fetcher, allowed, Pace::USUAL, counts.clone());
                (Keys::Published(Arc::new(published)), algorithms.iter().map(|one| (*one).into()).collect())
            }
        };
        Self { profile, algorithms, keys }
    }

    async fn read(&self, token: Unverified<'_>, now: DateTime<Utc>) -> Result<Grant> {
        let rules = HeaderRules { algorithms: &self.algorithms, token_type: self.profile.token_type.as_deref() };
        token.check_header(rules).map_err(Error::Token)?;
        let key = self.key(&token).await?;
        let claims = token.verify(&key.key, key.algorithm).map_err(Error::Token)?;
        self.profile.grant(&claims, now).map_err(Error::Token)
    }

    async fn key(&self, token: &Unverified<'_>) -> Result<PublicKey> {
        let published = match &self.keys {
            Keys::Secret(key) => return Ok(key.clone()),
            Keys::Published(published) => published,
        };
        match published.find(token.key_id().map_err(Error::Token)?).await {
            Found::Key(key) => Ok(key),
            Found::None => Err(Error::Token(Rejection::UnknownKey)),
            Found::Unavailable => Err(Error::IssuerUnavailable),
        }
    }
}

#[cfg(test)]
mod tests;
