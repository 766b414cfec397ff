//! The schema, forward only. Each migration leaves a schema that the release before it can still run on, so that
//! replicas are replaced one by one.

mod m0001_tasks;

use sea_orm_migration::prelude::*;

/// Every migration in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_tasks::Migration)]
    }
}
