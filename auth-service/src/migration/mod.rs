//! The schema, forward only: a step never breaks the release before it, so that replicas may be replaced one by one.

use sea_orm_migration::prelude::*;

mod m20261121_000001_user_account;
mod m20261121_000002_session;
mod m20261121_000003_signing_key;
mod m20261121_000004_auth_event;
mod m20261121_000005_attempt;
mod m20261121_000006_refresh;
mod m20261121_000007_user_deletion;
mod m20261121_000008_account_limit;
mod m20261121_000009_revocation;
mod m20261121_000010_key_states;
mod m20261121_000011_identity;
mod m20261121_000012_refresh_cookie;

/// All steps, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_user_account::Migration),
            Box::new(m20261121_000002_session::Migration),
            Box::new(m20261121_000003_signing_key::Migration),
            Box::new(m20261121_000004_auth_event::Migration),
            Box::new(m20261121_000005_attempt::Migration),
            Box::new(m20261121_000006_refresh::Migration),
            Box::new(m20261121_000007_user_deletion::Migration),
            Box::new(m20261121_000008_account_limit::Migration),
            Box::new(m20261121_000009_revocation::Migration),
            Box::new(m20261121_000010_key_states::Migration),
            Box::new(m20261121_000011_identity::Migration),
            Box::new(m20261121_000012_refresh_cookie::Migration),
        ]
    }
}
