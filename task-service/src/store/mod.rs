//! The queries. What leaves the store is domain values; what enters it is a scope: [`Store::for_user`] for a caller's
//! own rows, [`Store::system`] for work that belongs to no caller.
//!
//! A change goes through [`UserStore::write`] and nowhere else.

mod block;
mod change;
mod condition;
mod deletion;
mod entity;
mod label;
mod list;
mod listing;
mod place;
mod quota;
mod request;
mod scope;
mod system;
mod task;
mod task_row;
mod trash;
mod tree;
mod turns;
mod write;

use authn::Caller;
use chrono::Duration;
use sea_orm::DbBackend;
use service_runtime::{clock::Clock, database::Database};

use self::turns::Turns;
pub use self::{quota::Quotas, system::SystemStore, task::UserStore, write::Write};

/// The way to the tables.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
    clock: Clock,
    request_id_lifetime: Duration,
    quotas: Quotas,
    turns: Turns,
}

impl Store {
    /// A store in this database, which has been migrated. Answers under a `request_id` are kept for the time given.
    #[must_use]
    pub fn new(database: Database, clock: Clock, request_id_lifetime: Duration, quotas: Quotas) -> Self {
        let turns = Turns::new(database.backend() == DbBackend::Postgres);
        Self { database, clock, request_id_lifetime, quotas, turns }
    }

    /// The caller's rows: there is no other way to any user's.
    #[must_use]
    pub fn for_user(&self, caller: &Caller) -> UserStore {
        UserStore::new(self.clone(), caller.user_id)
    }

    /// What the service itself has to clean up among all users' rows.
    #[must_use]
    pub fn system(&self) -> SystemStore {
        SystemStore::new(self.clone())
    }
}
