//! The queries. Nothing else in this service names a table.

mod accounts;
mod attempts;
mod deletions;
mod entity;
mod events;
mod identities;
mod imports;
mod known_addresses;
mod passwords;
mod profile;
mod refusals;
mod removal;
mod revocations;
mod secrets;
mod sessions;
mod signing_keys;
mod upkeep;
mod users;

use std::sync::Arc;

use sea_orm::DatabaseTransaction;
use service_runtime::{database::Database, deadline::Deadline};

pub(crate) use accounts::NewAccount;
pub(crate) use attempts::{Account, Counted, Kind, Refused, Rule, Window};
pub(crate) use identities::FirstSight;
pub(crate) use imports::NewUser;
pub(crate) use passwords::{Credentials, Replacement};
pub(crate) use removal::{Checked, Removal};
pub(crate) use revocations::Feed;
pub(crate) use secrets::SealedSecret;
pub(crate) use sessions::{NewSession, Rotation};
pub(crate) use signing_keys::Sealed;
pub(crate) use upkeep::Old;
pub(crate) use users::UserFilter;

use crate::{
    error::{Error, Result},
    revocations::{Revocation, Revocations},
};

/// What this service keeps. Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    database: Database,
    revocations: Arc<Revocations>,
}

impl Store {
    /// `revocations` are told of each session that ends here, and of each key that is revoked.
    pub(crate) fn new(database: Database, revocations: Arc<Revocations>) -> Self {
        Self { database, revocations }
    }

    /// Whether the database is embedded, so that only one writes at a time.
    pub(crate) fn is_embedded(&self) -> bool {
        self.database.folder().is_some()
    }

    /// As [`commit`], for a transaction that may have ended sessions: they are refused here before anybody learns that
    /// it has been committed.
    async fn commit_ended(
        &self,
        transaction: DatabaseTransaction,
        ended: &[Revocation],
        deadline: Deadline,
    ) -> Result<()> {
        commit(transaction, deadline).await?;
        self.revocations.committed(ended);
        Ok(())
    }
}

/// Ends a transaction, unless its caller has stopped waiting and would not learn of it.
async fn commit(transaction: DatabaseTransaction, deadline: Deadline) -> Result<()> {
    if deadline.has_passed() {
        return Err(Error::DeadlineExceeded);
    }
    Ok(transaction.commit().await?)
}
