//! Pages of the lists that a user has, the newest first: each item has an id, and a page begins below that of the last.

use authn::UserId;
use service_runtime::{
    page::{PageRequest, PageTokens},
    sealed::SealingKey,
};
use uuid::Uuid;

use crate::error::{Error, Result};

/// Which list a token continues.
#[derive(Clone, Copy, Debug)]
pub(crate) enum List {
    Sessions,
    Events,
}

/// Reads and makes the tokens of one user's lists.
#[derive(Clone, Debug)]
pub(crate) struct Pages(PageTokens);

impl Pages {
    pub(crate) fn new(key: SealingKey) -> Self {
        Self(PageTokens::new(key))
    }

    /// The id below which the page begins; none for the first.
    pub(crate) fn below(&self, list: List, user: UserId, page: &PageRequest) -> Result<Option<Uuid>> {
        if page.token.is_empty() {
            return Ok(None);
        }
        let place = self.0.open(&page.token, &context(list, user)).ok_or(Error::PageTokenInvalid)?;
        Uuid::from_slice(&place).map(Some).map_err(|_| Error::PageTokenInvalid)
    }

    /// Cuts what was found, which is one item more than the page may have if there is another page, and makes the token
    /// that leads there.
    pub(crate) fn cut<T>(
        &self,
        list: List,
        user: UserId,
        page: &PageRequest,
        mut found: Vec<T>,
        id: impl Fn(&T) -> Uuid,
    ) -> Result<(Vec<T>, String)> {
        let more = found.len() > page.size.get();
        found.truncate(page.size.get());
        let token = match found.last() {
            Some(last) if more => self.0.seal(id(last).as_bytes(), &context(list, user)).map_err(Error::internal)?,
            _ => String::new(),
        };
        Ok((found, token))
    }
}

fn context(list: List, user: UserId) -> Vec<u8> {
    let list: &[u8] = match list {
        List::Sessions => b"ListSessions:",
        List::Events => b"ListAuthEvents:",
    };
    [list, user.as_uuid().as_bytes()].concat()
}
