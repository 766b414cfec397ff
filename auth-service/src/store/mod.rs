//! The queries. Nothing else in this service names a table.

mod accounts;
mod attempts;
mod entity;
mod events;
mod sessions;
mod signing_keys;

use sea_orm::DatabaseTransaction;
use service_runtime::{database::Database, deadline::Deadline};

pub(crate) use accounts::{Credentials, NewAccount};
pub(crate) use attempts::{Admission, Window};
pub(crate) use sessions::NewSession;
pub(crate) use signing_keys::StoredKey;

use crate::error::{Error, Result};

/// What this service keeps. Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }
}

/// Ends a transaction, unless its caller has stopped waiting and would not learn of it.
async fn commit(transaction: DatabaseTransaction, deadline: Deadline) -> Result<()> {
    if deadline.has_passed() {
        return Err(Error::DeadlineExceeded);
    }
    Ok(transaction.commit().await?)
}
