//! How far the deletions of users have been followed. It belongs to no user, and is the only row of its table.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("deletion_cursor")
            .col(small_integer("id").primary_key())
            .col(text("cursor"))
            .to_owned();
        manager.create_table(table).await?;
        let row = Query::insert()
            .into_table("deletion_cursor")
            .columns(["id", "cursor"])
            .values_panic([1.into(), "".into()])
            .to_owned();
        manager.execute(row).await
    }
}
