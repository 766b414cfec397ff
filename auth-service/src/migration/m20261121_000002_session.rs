use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut user = ForeignKey::create();
        user.from("session", "user_id").to("user_account", "id").on_delete(ForeignKeyAction::Cascade);
        let table = Table::create()
            .table("session")
            .col(uuid("id").primary_key())
            .col(uuid("user_id"))
            .col(timestamp_with_time_zone("create_time"))
            .col(timestamp_with_time_zone("last_seen_time"))
            .col(timestamp_with_time_zone("expire_time"))
            .col(timestamp_with_time_zone_null("end_time"))
            .col(text("ip_address"))
            .col(text("user_agent"))
            .foreign_key(&mut user)
            .to_owned();
        manager.create_table(table).await?;
        let index = Index::create().name("session_by_user").table("session").col("user_id").col("id").to_owned();
        manager.create_index(index).await
    }
}
