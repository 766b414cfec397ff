//! Users' revisions, lists, tasks, the log of changes and remembered answers. Every primary key begins with the user
//! and every foreign key carries it, so that one user's rows can live together on one machine of many.

use sea_orm_migration::prelude::*;

use crate::migration::ordered_text;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(user_revision()).await?;
        manager.create_table(task_list(manager)).await?;
        manager.create_table(task(manager)).await?;
        manager.create_table(task_change()).await?;
        manager.create_table(request_record()).await?;
        for index in [inbox(), task_by_place(), task_by_list(), task_by_parent(), request_record_by_expiry()] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn user_revision() -> TableCreateStatement {
    Table::create()
        .table("user_revision")
        .col(ColumnDef::new("user_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .col(time("delete_time").null())
        .to_owned()
}

fn task_list(manager: &SchemaManager) -> TableCreateStatement {
    Table::create()
        .table("task_list")
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("inbox").boolean().not_null())
        .col(ordered_text("position", manager))
        .col(time("create_time").not_null())
        .col(time("update_time").not_null())
        .col(time("delete_time").null())
        .col(time("purge_time").null())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .primary_key(Index::create().name("task_list_pkey").col("user_id").col("id"))
        .foreign_key(
            ForeignKey::create().name("task_list_user").from("task_list", "user_id").to("user_revision", "user_id"),
        )
        .to_owned()
}

fn task(manager: &SchemaManager) -> TableCreateStatement {
    Table::create()
        .table("task")
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("task_list_id").uuid().not_null())
        .col(ColumnDef::new("parent_id").uuid().null())
        .col(ColumnDef::new("title").text().not_null())
        .col(ColumnDef::new("notes").text().not_null())
        .col(ColumnDef::new("state").text().not_null())
        .col(ColumnDef::new("priority").small_integer().not_null())
        .col(ColumnDef::new("due_date").date().null())
        .col(ColumnDef::new("due_time_of_day").time().null())
        .col(ColumnDef::new("due_time_zone").text().null())
        .col(ColumnDef::new("labels").json_binary().not_null())
        .col(ordered_text("position", manager))
        .col(time("create_time").not_null())
        .col(time("update_time").not_null())
        .col(time("complete_time").null())
        .col(time("delete_time").null())
        .col(time("purge_time").null())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .primary_key(Index::create().name("task_pkey").col("user_id").col("id"))
        .foreign_key(
            ForeignKey::create()
                .name("task_task_list")
                .from("task", ("user_id", "task_list_id"))
                .to("task_list", ("user_id", "id")),
        )
        .foreign_key(
            ForeignKey::create()
                .name("task_parent")
                .from("task", ("user_id", "parent_id"))
                .to("task", ("user_id", "id")),
        )
        .to_owned()
}

fn task_change() -> TableCreateStatement {
    Table::create()
        .table("task_change")
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .col(ColumnDef::new("n").integer().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("operation").text().not_null())
        .col(ColumnDef::new("resource_id").uuid().not_null())
        .col(time("create_time").not_null())
        .primary_key(Index::create().name("task_change_pkey").col("user_id").col("revision").col("n"))
        .to_owned()
}

fn request_record() -> TableCreateStatement {
    Table::create()
        .table("request_record")
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ColumnDef::new("method").text().not_null())
        .col(ColumnDef::new("request_id").uuid().not_null())
        .col(ColumnDef::new("payload_hash").blob().not_null())
        .col(ColumnDef::new("answer").text().not_null())
        .col(time("expire_time").not_null())
        .primary_key(Index::create().name("request_record_pkey").col("user_id").col("method").col("request_id"))
        .to_owned()
}

/// One inbox for each user.
fn inbox() -> IndexCreateStatement {
    let mut index = Index::create();
    index.name("task_list_inbox").table("task_list").col("user_id").unique().cond_where(Expr::col("inbox"));
    index
}

/// The order in which a user's tasks are listed.
fn task_by_place() -> IndexCreateStatement {
    let mut index = Index::create();
    index.name("task_by_place").table("task").col("user_id").col("position").col("id");
    index.cond_where(Expr::col("delete_time").is_null());
    index
}

/// The last place of a list.
fn task_by_list() -> IndexCreateStatement {
    Index::create().name("task_by_list").table("task").col("user_id").col("task_list_id").col("position").to_owned()
}

/// The subtasks of a task, also for its foreign key.
fn task_by_parent() -> IndexCreateStatement {
    Index::create().name("task_by_parent").table("task").col("user_id").col("parent_id").to_owned()
}

/// What there is to purge, of all users.
fn request_record_by_expiry() -> IndexCreateStatement {
    Index::create().name("request_record_by_expiry").table("request_record").col("expire_time").to_owned()
}

fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).timestamp_with_time_zone().to_owned()
}
