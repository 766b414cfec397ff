use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Keys have states and times; of those that are pending and those that are active there is one at most. A key can be
/// revoked. Secrets that were derived from the master key have a table, so that another one can take over.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for name in ["active_time", "retire_time", "revoke_time"] {
            let column = timestamp_with_time_zone_null(name);
            manager.alter_table(Table::alter().table("signing_key").add_column(column).to_owned()).await?;
        }
        let key = Table::alter().table("revocation").add_column(text_null("key_id")).to_owned();
        manager.alter_table(key).await?;
        for statement in [
            "UPDATE signing_key SET active_time = create_time",
            "CREATE UNIQUE INDEX signing_key_by_state ON signing_key (state) WHERE state IN ('pending', 'active')",
        ] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        let secrets = Table::create().table("secret").col(text("name").primary_key()).col(blob("sealed")).to_owned();
        manager.create_table(secrets).await
    }
}
