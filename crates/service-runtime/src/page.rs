//! Pages of a list (AIP-158), and the sealed token that leads from one to the next.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::sealed::SealingKey;

/// How many items a client wants at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PageSize(u16);

impl PageSize {
    /// What is taken if the client does not say.
    pub const DEFAULT: u16 = 50;
    /// What is taken if the client wants more.
    pub const MAX: u16 = 200;

    /// Reads a client's wish; nothing if it is negative.
    #[must_use]
    pub fn parse(wish: i32) -> Option<Self> {
        Self::parse_within(wish, Self::DEFAULT, Self::MAX)
    }

    /// As [`parse`](Self::parse), for a list with a default and a maximum of its own.
    #[must_use]
    pub fn parse_within(wish: i32, default: u16, max: u16) -> Option<Self> {
        match u16::try_from(wish.min(i32::from(max))).ok()? {
            0 => Some(Self(default)),
            size => Some(Self(size)),
        }
    }

    /// The number of items.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// What a client says of the page it wants.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// How long it may be.
    pub size: PageSize,
    /// Where it begins; empty for the first.
    pub token: String,
}

/// Seals the place where a page ended into a token, and opens it again. All replicas must have the same key.
#[derive(Clone, Debug)]
pub struct PageTokens(SealingKey);

/// Far more than the longest token: what is longer is not decoded.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

impl PageTokens {
    /// Tokens under this key.
    #[must_use]
    pub fn new(key: SealingKey) -> Self {
        Self(key)
    }

    /// A token for `place`. Only the same `context` opens it: whose list it is, which one, in what order.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub fn seal(&self, place: &[u8], context: &[u8]) -> anyhow::Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(self.0.seal(place, context)?))
    }

    /// The place, if the token was made here for this `context`.
    #[must_use]
    pub fn open(&self, token: &str, context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        self.0.open(&URL_SAFE_NO_PAD.decode(token).ok()?, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_defaulted_and_capped_and_never_negative() {
        for (wish, size) in [(0, Some(50)), (1, Some(1)), (200, Some(200)), (201, Some(200)), (i32::MAX, Some(200))] {
            assert_eq!(PageSize::parse(wish).map(PageSize::get), size);
        }
        assert_eq!(PageSize::parse(-1), None);
        assert_eq!(PageSize::parse(i32::MIN), None);
        assert_eq!(PageSize::parse_within(5000, 100, 1000).map(PageSize::get), Some(1000));
    }

    #[test]
    fn a_token_opens_unchanged_in_its_own_context_only() {
        let tokens = PageTokens::new(SealingKey::from_secret(&[7; 32], "pages of a test").unwrap());
        let token = tokens.seal(b"place", b"list of one").unwrap();
        assert_eq!(**tokens.open(&token, b"list of one").unwrap(), *b"place");
        assert!(tokens.open(&token, b"list of another").is_none());
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(tokens.open(std::str::from_utf8(&changed).unwrap(), b"list of one").is_none(), "at {index}");
            assert!(tokens.open(&token[..index], b"list of one").is_none(), "cut at {index}");
        }
        assert!(tokens.open(&"A".repeat(9000), b"list of one").is_none());
    }
}
