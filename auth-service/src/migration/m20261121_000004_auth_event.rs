use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// No foreign key: what happened stays written when the user is gone.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("auth_event")
            .col(uuid("id").primary_key())
            .col(text("type"))
            .col(text("source"))
            .col(uuid_null("user_id"))
            .col(uuid_null("session_id"))
            .col(text("ip_address"))
            .col(text("user_agent"))
            .col(text("request_id"))
            .col(timestamp_with_time_zone("create_time"))
            .col(big_integer("count"))
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("auth_event_by_user").table("auth_event").col("user_id").col("id").to_owned();
        manager.create_index(index).await
    }
}
