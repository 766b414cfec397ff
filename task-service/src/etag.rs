//! A name for one state of one task or list, so that a change built on an older state can be refused.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Opaque to clients, who only send it back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Etag(String);

impl Etag {
    /// The state that the task or list `id` has since its owner's `revision`.
    #[must_use]
    pub fn of(id: Uuid, revision: i64) -> Self {
        // Hashed, so that nobody comes to rely on what it is made of.
        let state = [id.as_bytes().as_slice(), &revision.to_be_bytes()].concat();
        Self(URL_SAFE_NO_PAD.encode(&digest(&SHA256, &state).as_ref()[..12]))
    }

    /// What a client sent; nothing if it does not mind which state it has.
    #[must_use]
    pub fn from_client(text: String) -> Option<Self> {
        if text.is_empty() { None } else { Some(Self(text)) }
    }

    /// The text that clients see.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_of_each_task_has_its_own() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(Etag::of(one, 1), Etag::of(one, 1));
        assert_ne!(Etag::of(one, 1), Etag::of(one, 2));
        assert_ne!(Etag::of(one, 1), Etag::of(other, 1));
    }
}
