use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// E-mail and password may be absent: whoever comes from another issuer has neither here.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("user_account")
            .col(uuid("id").primary_key())
            .col(text_null("email"))
            .col(text_null("email_key").unique_key())
            .col(text("display_name"))
            .col(text_null("password_hash"))
            .col(timestamp_with_time_zone("create_time"))
            .col(timestamp_with_time_zone("update_time"))
            .col(timestamp_with_time_zone_null("last_login_time"))
            .to_owned();
        manager.create_table(table).await
    }
}
