//! What a task can say beyond its first fields, what it is ordered by, its labels and blockers as tables that an index
//! answers, and with what it went into the trash.
//!
//! Where a value may be missing, its order column holds the greatest number instead of NULL: both databases then sort
//! it alike, and a page can begin behind it.

#![expect(clippy::disallowed_methods, reason = "a migration is about the rows of every user")]

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, ExprTrait, QueryResult},
};

use crate::{migration::ordered_text, task_time::TaskTime};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        for column in columns(postgres) {
            manager.alter_table(Table::alter().table("task").add_column(column).to_owned()).await?;
        }
        manager.create_table(task_label(manager)).await?;
        manager.create_table(task_block()).await?;
        let connection = manager.get_connection();
        for statement in if postgres { POSTGRES } else { SQLITE } {
            connection.execute_unprepared(statement).await?;
        }
        fill_orders(connection).await?;
        manager.drop_index(Index::drop().name("task_by_list").table("task").to_owned()).await?;
        manager.drop_index(Index::drop().name("task_by_parent").table("task").to_owned()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn columns(postgres: bool) -> Vec<ColumnDef> {
    // By the state's own name, so that the two cannot differ. SQLite adds only columns that it computes when it reads.
    let rank = ["NEEDS_ACTION", "IN_PROCESS", "COMPLETED", "CANCELLED"]
        .iter()
        .zip(1..)
        .fold(CaseStatement::new(), |case, (name, rank)| case.case(Expr::col("state").eq(*name), rank))
        .finally(0);
    vec![
        ColumnDef::new("start_date").date().null().to_owned(),
        ColumnDef::new("start_time_of_day").time().null().to_owned(),
        ColumnDef::new("start_time_zone").text().null().to_owned(),
        ColumnDef::new("reminders").json_binary().not_null().default("[]").to_owned(),
        ColumnDef::new("annotations").json_binary().not_null().default("{}").to_owned(),
        ColumnDef::new("blocked_by").json_binary().not_null().default("[]").to_owned(),
        ColumnDef::new("trashed_with").uuid().null().to_owned(),
        ColumnDef::new("due_order").big_integer().not_null().default(i64::MAX).to_owned(),
        ColumnDef::new("start_order").big_integer().not_null().default(i64::MAX).to_owned(),
        ColumnDef::new("complete_order").big_integer().not_null().default(i64::MAX).to_owned(),
        ColumnDef::new("state_rank").small_integer().not_null().generated(rank, postgres).to_owned(),
    ]
}

fn task_label(manager: &SchemaManager) -> TableCreateStatement {
    Table::create()
        .table("task_label")
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ordered_text("label", manager))
        .col(ColumnDef::new("task_id").uuid().not_null())
        .primary_key(Index::create().name("task_label_pkey").col("user_id").col("label").col("task_id"))
        .foreign_key(&mut to_task("task_label_task", "task_label", "task_id"))
        .to_owned()
}

fn task_block() -> TableCreateStatement {
    Table::create()
        .table("task_block")
        .col(ColumnDef::new("user_id").uuid().not_null())
        .col(ColumnDef::new("task_id").uuid().not_null())
        .col(ColumnDef::new("blocker_id").uuid().not_null())
        .primary_key(Index::create().name("task_block_pkey").col("user_id").col("task_id").col("blocker_id"))
        .foreign_key(&mut to_task("task_block_task", "task_block", "task_id"))
        .foreign_key(&mut to_task("task_block_blocker", "task_block", "blocker_id"))
        .to_owned()
}

/// What is said of a task goes with it.
fn to_task(name: &'static str, table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name(name).from(table, ("user_id", column)).to("task", ("user_id", "id"));
    key.on_delete(ForeignKeyAction::Cascade).to_owned()
}

/// PostgreSQL compares titles by the language of the database unless it is told to compare bytes, as SQLite does.
const POSTGRES: &[&str] = &[
    "ALTER TABLE task ALTER COLUMN title TYPE text COLLATE \"C\"",
    "ALTER TABLE task_list ALTER COLUMN title TYPE text COLLATE \"C\"",
    "INSERT INTO task_label (user_id, label, task_id) SELECT task.user_id, label.value, task.id \
     FROM task CROSS JOIN LATERAL jsonb_array_elements_text(task.labels) AS label(value)",
    TRASHED_ALONE,
];

const SQLITE: &[&str] = &[
    "INSERT INTO task_label (user_id, label, task_id) SELECT task.user_id, label.value, task.id \
     FROM task, json_each(task.labels) AS label",
    TRASHED_ALONE,
];

const TRASHED_ALONE: &str = "UPDATE task SET trashed_with = id WHERE delete_time IS NOT NULL";

/// The orders of the tasks that are there already: only the service knows what time it is in a zone.
async fn fill_orders(connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    let names = ["user_id", "id", "due_date", "due_time_of_day", "due_time_zone", "complete_time"];
    let some = Expr::col("due_date").is_not_null().or(Expr::col("complete_time").is_not_null());
    let query = Query::select().columns(names).from("task").and_where(some).to_owned();
    for row in connection.query_all(&query).await? {
        let [user, id]: [uuid::Uuid; 2] = [row.try_get("", "user_id")?, row.try_get("", "id")?];
        let complete: Option<chrono::DateTime<chrono::Utc>> = row.try_get("", "complete_time")?;
        let complete = complete.map_or(i64::MAX, |time| time.timestamp_micros());
        let update = Query::update()
            .table("task")
            .values([("due_order", due_order(&row)?.into()), ("complete_order", complete.into())])
            .and_where(Expr::col("user_id").eq(user).and(Expr::col("id").eq(id)))
            .to_owned();
        connection.execute(&update).await?;
    }
    Ok(())
}

fn due_order(row: &QueryResult) -> Result<i64, DbErr> {
    let Some(date) = row.try_get("", "due_date")? else { return Ok(i64::MAX) };
    let zone: Option<String> = row.try_get("", "due_time_zone")?;
    let due = TaskTime::from_stored(date, row.try_get("", "due_time_of_day")?, zone.as_deref());
    due.map(|due| due.order()).ok_or_else(|| DbErr::Migration("task.due_time_zone is no time zone".to_owned()))
}

fn indexes() -> Vec<IndexCreateStatement> {
    let mut indexes: Vec<_> = [
        ("task_by_position", &["position"][..]),
        ("task_by_title", &["title"]),
        ("task_by_state", &["state_rank"]),
        ("task_by_due", &["due_order"]),
        ("task_by_start", &["start_order"]),
        ("task_by_create_time", &["create_time"]),
        ("task_by_update_time", &["update_time"]),
        ("task_by_complete_time", &["complete_order"]),
        ("task_by_list", &["task_list_id", "position"]),
        ("task_by_parent", &["parent_id", "position"]),
        ("task_by_trash", &["trashed_with"]),
    ]
    .into_iter()
    .map(|(name, columns)| index(name, "task", &[columns, &["id"]].concat()))
    .collect();
    indexes.push(task_by_priority());
    indexes.push(index("task_label_by_task", "task_label", &["task_id"]));
    indexes.push(index("task_block_by_blocker", "task_block", &["blocker_id"]));
    indexes.push(index("task_list_by_position", "task_list", &["position", "id"]));
    indexes.extend(["task", "task_list"].map(purge_index));
    indexes
}

/// Higher ones sort first, and of the few priorities there are each is shared by many tasks.
fn task_by_priority() -> IndexCreateStatement {
    let mut index = Index::create();
    index.name("task_by_priority").table("task").col("user_id").col(("priority", IndexOrder::Desc)).col("id");
    index
}

/// An index of each user's rows.
fn index(name: &str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table).col("user_id");
    columns.iter().for_each(|column| {
        index.col(*column);
    });
    index
}

/// What the trash gives up, of all users.
fn purge_index(table: &'static str) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_by_purge_time")).table(table).col("purge_time");
    index.cond_where(Expr::col("purge_time").is_not_null());
    index
}
