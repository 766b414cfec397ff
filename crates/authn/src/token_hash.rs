//! The name of a token that tells nothing of it.

use std::fmt;

use aws_lc_rs::digest;

/// The SHA-256 of what is signed of a token: of its header and payload, as they stand in it. Its signature is left out,
/// because whoever has one by ECDSA can make another that is as right, and the token would have another name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash([u8; digest::SHA256_OUTPUT_LEN]);

impl TokenHash {
    /// That of a token.
    pub fn of(token: &str) -> Self {
        let signed = token.rsplit_once('.').map_or(token, |(signed, _signature)| signed);
        let mut hash = [0; digest::SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest::digest(&digest::SHA256, signed.as_bytes()).as_ref());
        Self(hash)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for TokenHash {
    type Error = std::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenHash")
    }
}
