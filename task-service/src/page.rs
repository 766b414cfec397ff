//! Pages of a listing, and the sealed token that leads from one to the next.

use authn::UserId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use service_runtime::{page, sealed::SealingKey};
use uuid::Uuid;

pub use service_runtime::page::PageSize;

use crate::{error::Error, position::Position};

/// The last one of a page: the next page begins behind it, whatever has come or gone meanwhile.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cursor {
    /// Its place.
    pub position: Position,
    /// Its id, for those at one place.
    pub id: Uuid,
}

/// Seals places in listings into page tokens and opens them again.
#[derive(Clone)]
pub struct PageTokens(page::PageTokens);

/// Some of a listing, and the token for those that follow.
#[derive(Debug)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// None on the last page.
    pub next_page_token: Option<String>,
}

impl PageTokens {
    /// Tokens under this key. All replicas must have the same.
    #[must_use]
    pub fn new(key: SealingKey) -> Self {
        Self(page::PageTokens::new(key))
    }

    /// A token that leads only this user, and only in this listing, back to the place.
    ///
    /// `listing` says all that makes it this listing and no other: its RPC, its filter, its order.
    pub fn seal(&self, user: UserId, listing: impl AsRef<[u8]>, place: &impl Serialize) -> Result<String, Error> {
        let place = serde_json::to_vec(place).map_err(|cause| Error::Internal(cause.into()))?;
        self.0.seal(&place, &context(user, listing)).map_err(|cause| Error::Internal(cause.into()))
    }

    /// The place to go on from, if the token is genuine.
    pub fn open<P: DeserializeOwned>(&self, user: UserId, listing: impl AsRef<[u8]>, token: &str) -> Result<P, Error> {
        let place = self.0.open(token, &context(user, listing)).ok_or(Error::PageTokenInvalid)?;
        serde_json::from_slice(&place).map_err(|_| Error::PageTokenInvalid)
    }
}

/// A user's id is as long as any other, so that no two contexts read alike.
fn context(user: UserId, listing: impl AsRef<[u8]>) -> Vec<u8> {
    [user.as_uuid().as_bytes(), listing.as_ref()].concat()
}

#[cfg(test)]
mod tests {
    use service_runtime::sealed::{MasterKey, SecretSource};

    use super::*;

    fn tokens() -> PageTokens {
        let folder = tempfile::tempdir().unwrap();
        let source = SecretSource {
            variable: "TASK_PAGE_TOKEN_KEY",
            value: None,
            file: None,
            generate_in: Some(folder.path().to_owned()),
            file_name: "page-token.key",
        };
        PageTokens::new(MasterKey::load(source).unwrap().sealing_key("page token").unwrap())
    }

    fn open(tokens: &PageTokens, user: UserId, listing: &str, token: &str) -> Option<Cursor> {
        tokens.open(user, listing, token).ok()
    }

    fn cursor() -> Cursor {
        Cursor { position: Position::first(), id: Uuid::from_u128(7) }
    }

    #[test]
    fn a_token_leads_its_user_back_in_its_listing_and_nobody_else() {
        let (tokens, user) = (tokens(), UserId::from(Uuid::from_u128(1)));
        let token = tokens.seal(user, "tasks", &cursor()).unwrap();
        assert_eq!(open(&tokens, user, "tasks", &token), Some(cursor()));
        assert!(open(&tokens, UserId::from(Uuid::from_u128(2)), "tasks", &token).is_none());
        assert!(open(&tokens, user, "lists", &token).is_none());
    }
}
