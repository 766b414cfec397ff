//! How many tasks and lists a user has, in the user's own row, so that a quota is checked without counting.
//!
//! Nothing is counted here: that would hold up every user's writes. The counts hold only at `counted_revision`. The
//! release before this one raises `revision` and not that, so whoever finds it behind counts once and writes it down.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (column, default) in [("task_count", 0), ("list_count", 0), ("counted_revision", -1)] {
            let column = ColumnDef::new(column).big_integer().not_null().default(default).to_owned();
            manager.alter_table(Table::alter().table("user_revision").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
