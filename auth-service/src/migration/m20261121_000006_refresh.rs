use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// `expire_time` now moves with each rotation, up to `latest_expire_time`. A session from before has no refresh token
/// and ends as it would have.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            blob_null("refresh_hash"),
            blob_null("previous_refresh_hash"),
            blob_null("sealed_refresh_secret"),
            timestamp_with_time_zone_null("rotate_time"),
            timestamp_with_time_zone_null("latest_expire_time"),
            timestamp_with_time_zone_null("purge_time"),
        ];
        // SQLite adds one column at a time.
        for column in columns {
            manager.alter_table(Table::alter().table("session").add_column(column).to_owned()).await?;
        }
        let fill = "UPDATE session SET latest_expire_time = expire_time, purge_time = expire_time";
        manager.get_connection().execute_unprepared(fill).await?;
        let index = Index::create().name("session_by_purge_time").table("session").col("purge_time").to_owned();
        manager.create_index(index).await
    }
}
