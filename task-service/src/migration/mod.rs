//! The schema, forward only. Each migration leaves a schema that the release before it can still run on, so that
//! replicas are replaced one by one.

mod m0001_tasks;
mod m0002_task_fields;
mod m0003_deletion_cursor;
mod m0004_counts;

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

/// Every migration in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tasks::Migration),
            Box::new(m0002_task_fields::Migration),
            Box::new(m0003_deletion_cursor::Migration),
            Box::new(m0004_counts::Migration),
        ]
    }
}

/// Text that is compared bytewise. SQLite does so by itself; PostgreSQL would follow the language of the database.
fn ordered_text(name: &'static str, manager: &SchemaManager) -> ColumnDef {
    let mut column = ColumnDef::new(name).text().not_null().to_owned();
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
