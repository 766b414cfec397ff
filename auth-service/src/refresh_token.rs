//! Refresh tokens: `duet_rt_` and the base64url of the session's id, a secret, a tag that only this installation can
//! make, and a checksum that anybody can. So garbage is known without a key, a forgery without a query, and a token
//! that somebody left lying about by its prefix.

use std::fmt;

use anyhow::Context;
use authn::SessionId;
use aws_lc_rs::{
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use service_runtime::sealed::{HashingKey, KEY_BYTES, SealingKey};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::Zeroizing;

const SUCCESSOR_PURPOSE: &str = "auth-service refresh token successors";

/// What every token begins with.
pub(crate) const PREFIX: &str = "duet_rt_";
const SESSION_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 4;
const UNTAGGED_BYTES: usize = SESSION_BYTES + KEY_BYTES;
const UNCHECKED_BYTES: usize = UNTAGGED_BYTES + TAG_BYTES;
const TOKEN_BYTES: usize = UNCHECKED_BYTES + CHECKSUM_BYTES;
/// What follows the prefix.
const ENCODED_BYTES: usize = (TOKEN_BYTES * 4).div_ceil(3);

/// What is kept of a token: its SHA-256. Nobody guesses 256 random bits, so no slower hash is needed.
pub(crate) type TokenHash = [u8; KEY_BYTES];

/// A token of this installation. It is never printed.
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    secret: Zeroizing<[u8; KEY_BYTES]>,
    /// What its owner has.
    pub(crate) text: SecretString,
    /// What the database has.
    pub(crate) hash: TokenHash,
}

/// Makes tokens, and knows them again.
#[derive(Debug)]
pub(crate) struct RefreshTokens(HashingKey);

impl RefreshTokens {
    /// Tokens with tags under this key; all replicas have the same.
    pub(crate) fn new(key: HashingKey) -> Self {
        Self(key)
    }

    /// A new token of a session.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub(crate) fn make(&self, session: SessionId) -> anyhow::Result<RefreshToken> {
        let mut secret = Zeroizing::new([0; KEY_BYTES]);
        rand::fill(&mut *secret).context("the operating system has no randomness")?;
        Ok(self.token(session, secret))
    }

    /// The token, if this installation made it. Nothing else is said of one that it did not make.
    pub(crate) fn read(&self, text: &str) -> Option<RefreshToken> {
        let encoded = text.strip_prefix(PREFIX).filter(|encoded| encoded.len() == ENCODED_BYTES)?;
        let bytes = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?);
        let (unchecked, sum) = bytes.split_at_checked(UNCHECKED_BYTES)?;
        // The checksum is no secret; it only saves the keyed hash.
        if checksum(unchecked) != sum {
            return None;
        }
        let (untagged, tag) = unchecked.split_at_checked(UNTAGGED_BYTES)?;
        if !bool::from(self.tag(untagged).ct_eq(tag)) {
            return None;
        }
        let (session, secret) = untagged.split_at_checked(SESSION_BYTES)?;
        let session = SessionId::from(Uuid::from_slice(session).ok()?);
        Some(self.token(session, Zeroizing::new(secret.try_into().ok()?)))
    }

    /// Opens what [`RefreshToken::seal`] made: the token that followed the one that is shown.
    pub(crate) fn successor(&self, shown: &RefreshToken, sealed: &[u8]) -> Option<RefreshToken> {
        let opened = shown.successor_key().ok()?.open(sealed, shown.session.as_uuid().as_bytes())?;
        Some(self.token(shown.session, Zeroizing::new(opened.as_slice().try_into().ok()?)))
    }

    fn token(&self, session: SessionId, secret: Zeroizing<[u8; KEY_BYTES]>) -> RefreshToken {
        let mut bytes = Zeroizing::new([0; TOKEN_BYTES]);
        bytes[..SESSION_BYTES].copy_from_slice(session.as_uuid().as_bytes());
        bytes[SESSION_BYTES..UNTAGGED_BYTES].copy_from_slice(&*secret);
        let tag = self.tag(&bytes[..UNTAGGED_BYTES]);
        bytes[UNTAGGED_BYTES..UNCHECKED_BYTES].copy_from_slice(&tag);
        let sum = checksum(&bytes[..UNCHECKED_BYTES]);
        bytes[UNCHECKED_BYTES..].copy_from_slice(&sum);
        let mut text = String::with_capacity(PREFIX.len() + ENCODED_BYTES);
        text.push_str(PREFIX);
        BASE64_URL_SAFE_NO_PAD.encode_string(*bytes, &mut text);
        RefreshToken { session, secret, hash: sha256(text.as_bytes()), text: SecretString::from(text) }
    }

    fn tag(&self, untagged: &[u8]) -> [u8; TAG_BYTES] {
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&self.0.hash(untagged)[..TAG_BYTES]);
        tag
    }
}

impl RefreshToken {
    /// Seals the token that follows this one so that only whoever shows this one again gets it. All that it says
    /// beside its secret this one says too.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub(crate) fn seal(&self, successor: &RefreshToken) -> anyhow::Result<Vec<u8>> {
        self.successor_key()?.seal(&*successor.secret, self.session.as_uuid().as_bytes())
    }

    fn successor_key(&self) -> anyhow::Result<SealingKey> {
        SealingKey::from_secret(&self.secret, SUCCESSOR_PURPOSE)
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RefreshToken")
    }
}

fn sha256(data: &[u8]) -> TokenHash {
    let mut hash = [0; KEY_BYTES];
    hash.copy_from_slice(digest(&SHA256, data).as_ref());
    hash
}

fn checksum(unchecked: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&sha256(unchecked)[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests;
