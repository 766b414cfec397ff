use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `generation` is unique, so that replicas that start together for the first time agree on one key.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("signing_key")
            .col(text("kid").primary_key())
            .col(big_integer("generation").unique_key())
            .col(text("state"))
            .col(blob("public_key"))
            .col(blob("sealed_private_key"))
            .col(timestamp_with_time_zone("create_time"))
            .to_owned();
        manager.create_table(table).await
    }
}
