//! The tables, looked at and touched behind the service's back.

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbErr, Statement, TransactionTrait};

const TABLES: [&str; 5] = ["user_revision", "task_list", "task", "task_change", "request_record"];

pub(crate) struct Tables(DatabaseConnection);

impl Tables {
    pub(crate) async fn open(url: &str) -> Self {
        Self(Database::connect(url).await.unwrap())
    }

    /// How many rows each table has.
    pub(crate) async fn counts(&self) -> Vec<(&'static str, i64)> {
        let mut counts = Vec::new();
        for table in TABLES {
            counts.push((table, self.number(&format!("SELECT COUNT(*) AS number FROM {table}")).await));
        }
        counts
    }

    /// The `number` that a query answers; 0 if it answers nothing.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        let statement = Statement::from_string(self.0.get_database_backend(), query);
        let row = self.0.query_one_raw(statement).await.unwrap();
        row.map_or(0, |row| row.try_get("", "number").unwrap())
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), DbErr> {
        self.0.execute_unprepared(sql).await.map(drop)
    }

    pub(crate) async fn begin(&self) -> DatabaseTransaction {
        self.0.begin().await.unwrap()
    }
}
