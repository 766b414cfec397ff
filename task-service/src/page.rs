//! Pages of a listing, and the sealed token that leads from one to the next.

use authn::UserId;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use service_runtime::sealed::SealingKey;
use uuid::Uuid;

use crate::{error::Error, id::TaskId, position::Position};

/// How many tasks a client wants at most.
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
        match u16::try_from(wish.min(i32::from(Self::MAX))).ok()? {
            0 => Some(Self(Self::DEFAULT)),
            size => Some(Self(size)),
        }
    }

    /// The number of tasks.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// The last task of a page: the next page begins behind it, whatever has come or gone meanwhile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cursor {
    /// Its place.
    pub position: Position,
    /// Its id, for tasks at one place.
    pub id: TaskId,
}

/// Seals cursors into page tokens and opens them again.
#[derive(Clone)]
pub struct PageTokens(SealingKey);

/// Which listing a token continues; what other listings order by would mean nothing here.
const LISTING: &[u8] = b"ListTasks by position, id:";

/// Far more than the longest token: what is longer is not decoded.
const MAX_TOKEN_BYTES: usize = 1024;

const ID_BYTES: usize = 16;

impl PageTokens {
    /// Tokens under this key. All replicas must have the same.
    #[must_use]
    pub fn new(key: SealingKey) -> Self {
        Self(key)
    }

    /// A token that only this user can continue this listing with.
    pub fn seal(&self, user: UserId, cursor: &Cursor) -> Result<String, Error> {
        let plain = [cursor.id.as_uuid().as_bytes().as_slice(), cursor.position.as_str().as_bytes()].concat();
        let sealed = self.0.seal(&plain, &context(user)).map_err(|cause| Error::Internal(cause.into()))?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Where to go on, if the token is genuine.
    pub fn open(&self, user: UserId, token: &str) -> Result<Cursor, Error> {
        self.try_open(user, token).ok_or(Error::PageTokenInvalid)
    }

    fn try_open(&self, user: UserId, token: &str) -> Option<Cursor> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let plain = self.0.open(&URL_SAFE_NO_PAD.decode(token).ok()?, &context(user))?;
        let (id, position) = plain.split_at_checked(ID_BYTES)?;
        Some(Cursor {
            id: Uuid::from_slice(id).ok()?.into(),
            position: Position::from_stored(String::from_utf8(position.to_vec()).ok()?),
        })
    }
}

fn context(user: UserId) -> Vec<u8> {
    [LISTING, user.as_uuid().as_bytes()].concat()
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

    fn cursor() -> Cursor {
        Cursor { position: Position::first(), id: Uuid::from_u128(7).into() }
    }

    #[test]
    fn sizes_are_defaulted_and_capped_and_never_negative() {
        for (wish, size) in [(0, Some(50)), (1, Some(1)), (200, Some(200)), (201, Some(200)), (i32::MAX, Some(200))] {
            assert_eq!(PageSize::parse(wish).map(PageSize::get), size);
        }
        assert_eq!(PageSize::parse(-1), None);
        assert_eq!(PageSize::parse(i32::MIN), None);
    }

    #[test]
    fn a_token_leads_its_user_back_and_nobody_else() {
        let (tokens, user) = (tokens(), UserId::from(Uuid::from_u128(1)));
        let token = tokens.seal(user, &cursor()).unwrap();
        assert_eq!(tokens.open(user, &token).unwrap(), cursor());
        assert!(tokens.open(UserId::from(Uuid::from_u128(2)), &token).is_err());
    }

    #[test]
    fn a_token_changed_at_any_place_is_refused() {
        let (tokens, user) = (tokens(), UserId::from(Uuid::from_u128(1)));
        let token = tokens.seal(user, &cursor()).unwrap();
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(tokens.open(user, std::str::from_utf8(&changed).unwrap()).is_err(), "at {index}");
            assert!(tokens.open(user, &token[..index]).is_err(), "cut at {index}");
        }
        assert!(tokens.open(user, &format!("{token}A")).is_err());
        assert!(tokens.open(user, &"A".repeat(2000)).is_err());
    }
}
