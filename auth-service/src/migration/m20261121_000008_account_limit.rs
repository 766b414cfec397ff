use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// A window remembers the event that tells of its refusals. `known_address` holds keyed hashes only; `hash_scheme`
/// lists the kinds and costs of the password hashes that have ever been kept.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [uuid_null("event_id"), big_integer_null("event_micros")] {
            manager.alter_table(Table::alter().table("attempt_window").add_column(column).to_owned()).await?;
        }
        let addresses = Table::create()
            .table("known_address")
            .col(text("account"))
            .col(text("client"))
            .col(big_integer("newest_micros"))
            .primary_key(Index::create().col("account").col("client"))
            .to_owned();
        manager.create_table(addresses).await?;
        let index = Index::create().name("known_address_by_age").table("known_address").col("newest_micros").to_owned();
        manager.create_index(index).await?;
        let schemes = Table::create().table("hash_scheme").col(text("scheme").primary_key()).to_owned();
        manager.create_table(schemes).await
    }
}
