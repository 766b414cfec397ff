//! The audit trail as the people see whom it is about.

use authn::Caller;
use service_runtime::page::PageRequest;

use crate::{
    error::Result,
    event::Event,
    pages::{List, Pages},
    store::Store,
};

/// What happened to people's accounts.
pub(crate) struct Trail {
    pub(crate) store: Store,
    pub(crate) pages: Pages,
}

impl Trail {
    /// What happened to the caller's account, the newest first, and the token of the next page.
    pub(crate) async fn list(&self, caller: &Caller, page: &PageRequest) -> Result<(Vec<Event>, String)> {
        let user = caller.user_id;
        let below = self.pages.below(List::Events, user, page)?;
        let found = self.store.events(user, below, page.size.get() + 1).await?;
        self.pages.cut(List::Events, user, page, found, |event| event.id)
    }
}
