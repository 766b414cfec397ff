use sea_orm::{DbBackend, Statement, prelude::DateTimeUtc};
use sea_orm_migration::{prelude::*, schema::*};
use uuid::Uuid;

use crate::{identifier::new_id, revocations::forget_time};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// How many rows are made by one statement.
const BATCH: usize = 1000;

/// `number` tells whoever follows the table what is new. On PostgreSQL it is the transaction that wrote the row, so
/// that a snapshot tells which numbers have come and which may still come. SQLite has one writer: there rows become
/// visible in the order of their numbers.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (number, id) = match manager.get_database_backend() {
            DbBackend::Postgres => (
                big_integer("number").default(Expr::cust("pg_current_xact_id()::text::bigint")).take(),
                uuid("id").primary_key().take(),
            ),
            _ => (big_integer("number").auto_increment().primary_key().take(), uuid("id").unique_key().take()),
        };
        let table = Table::create()
            .table("revocation")
            .col(number)
            .col(id)
            .col(uuid("session_id"))
            .col(timestamp_with_time_zone("expire_time"))
            .to_owned();
        manager.create_table(table).await?;
        let index = |name: &str| Index::create().name(name).table("revocation").to_owned();
        manager.create_index(index("revocation_by_number").col("number").col("id").to_owned()).await?;
        manager.create_index(index("revocation_by_expire_time").col("expire_time").to_owned()).await?;
        for batch in ended_sessions(manager).await?.chunks(BATCH) {
            let columns = ["id", "session_id", "expire_time"];
            let mut insert = Query::insert().into_table("revocation").columns(columns).to_owned();
            for (session, expire_time, end_time) in batch {
                let expire_time = forget_time(*expire_time, *end_time);
                insert.values_panic([new_id(*end_time).into(), (*session).into(), expire_time.into()]);
            }
            manager.execute(insert).await?;
        }
        Ok(())
    }
}

/// Those that ended before there was the table.
async fn ended_sessions(manager: &SchemaManager<'_>) -> Result<Vec<(Uuid, DateTimeUtc, DateTimeUtc)>, DbErr> {
    let select = "SELECT id, expire_time, end_time FROM session WHERE end_time IS NOT NULL";
    let statement = Statement::from_string(manager.get_database_backend(), select);
    let rows = manager.get_connection().query_all_raw(statement).await?;
    let session =
        |row: &sea_orm::QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    rows.iter().map(session).collect()
}
