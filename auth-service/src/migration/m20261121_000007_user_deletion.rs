use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// The counter's only row is locked from the numbering of a deletion until its commit, so that deletions become
/// visible in the order of their numbers and whoever follows them by number misses none.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let disabled = timestamp_with_time_zone_null("disable_time");
        manager.alter_table(Table::alter().table("user_account").add_column(disabled).to_owned()).await?;
        let deletions = Table::create()
            .table("user_deletion")
            .col(big_integer("number").primary_key())
            .col(uuid("user_id").unique_key())
            .col(timestamp_with_time_zone("delete_time"))
            .to_owned();
        manager.create_table(deletions).await?;
        let counter = Table::create()
            .table("user_deletion_counter")
            .col(integer("id").primary_key())
            .col(big_integer("last_number"))
            .to_owned();
        manager.create_table(counter).await?;
        let row = Query::insert()
            .into_table("user_deletion_counter")
            .columns(["id", "last_number"])
            .values_panic([1.into(), 0.into()])
            .to_owned();
        manager.execute(row).await
    }
}
