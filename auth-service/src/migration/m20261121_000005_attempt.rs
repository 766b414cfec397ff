use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// One row per client, which is locked while an attempt is judged, and one per attempt that still counts.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let windows = Table::create()
            .table("attempt_window")
            .col(text("kind"))
            .col(text("client"))
            .col(big_integer("admitted"))
            .col(big_integer("newest_micros"))
            .primary_key(Index::create().col("kind").col("client"))
            .to_owned();
        manager.create_table(windows).await?;
        let index =
            Index::create().name("attempt_window_by_age").table("attempt_window").col("newest_micros").to_owned();
        manager.create_index(index).await?;
        let mut window = ForeignKey::create();
        window
            .from("attempt", ("kind", "client"))
            .to("attempt_window", ("kind", "client"))
            .on_delete(ForeignKeyAction::Cascade);
        let attempts = Table::create()
            .table("attempt")
            .col(text("kind"))
            .col(text("client"))
            .col(big_integer("number"))
            .col(big_integer("time_micros"))
            .primary_key(Index::create().col("kind").col("client").col("number"))
            .foreign_key(&mut window)
            .to_owned();
        manager.create_table(attempts).await?;
        if manager.get_database_backend() == sea_orm::DbBackend::Postgres {
            // A minute's counts are not worth a log record each: a crash of PostgreSQL resets them.
            let unlogged = "ALTER TABLE attempt SET UNLOGGED; ALTER TABLE attempt_window SET UNLOGGED";
            manager.get_connection().execute_unprepared(unlogged).await?;
        }
        Ok(())
    }
}
