//! The tables, looked at and touched behind the service's back.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement, TransactionTrait,
};

const TABLES: [&str; 7] =
    ["user_revision", "task_list", "task", "task_label", "task_block", "task_change", "request_record"];

pub(crate) struct Tables(DatabaseConnection);

impl Tables {
    pub(crate) async fn open(url: &str) -> Self {
        Self(service_runtime::testing::connect(url).await)
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

    /// How many users there are whose row says another number of tasks or lists than they have.
    pub(crate) async fn miscounted(&self) -> i64 {
        let differs = |count: &str, table: &str| {
            format!("{count} <> (SELECT COUNT(*) FROM {table} WHERE {table}.user_id = user_revision.user_id)")
        };
        let (tasks, lists) = (differs("task_count", "task"), differs("list_count", "task_list"));
        let wrong = format!("counted_revision <> revision OR {tasks} OR {lists}");
        self.number(&format!("SELECT COUNT(*) AS number FROM user_revision WHERE {wrong}")).await
    }

    /// The names of all tables, with whether their rows belong to users.
    pub(crate) async fn all(&self) -> Vec<(String, bool)> {
        let query = match self.0.get_database_backend() {
            DbBackend::Postgres => {
                "SELECT t.table_name AS name, EXISTS (SELECT 1 FROM information_schema.columns c WHERE c.table_schema = \
                 t.table_schema AND c.table_name = t.table_name AND c.column_name = 'user_id') AS owned \
                 FROM information_schema.tables t WHERE t.table_schema = 'public' ORDER BY 1"
            }
            _ => {
                "SELECT name, EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE name = 'user_id') AS owned \
                 FROM sqlite_master m WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            }
        };
        let rows = self.0.query_all_raw(Statement::from_string(self.0.get_database_backend(), query)).await.unwrap();
        rows.iter().map(|row| (row.try_get("", "name").unwrap(), row.try_get("", "owned").unwrap())).collect()
    }

    /// How many rows of this table belong to the user of a token.
    pub(crate) async fn rows_of(&self, table: &str, token: &str) -> i64 {
        let query = format!("SELECT COUNT(*) AS number FROM {table} WHERE user_id = {}", self.user(token));
        self.number(&query).await
    }

    /// The id of a token's user, as this database writes it.
    pub(crate) fn user(&self, token: &str) -> String {
        let id = token.strip_prefix("user:").unwrap();
        match self.0.get_database_backend() {
            DbBackend::Postgres => format!("'{id}'"),
            _ => format!("X'{}'", id.replace('-', "")),
        }
    }

    /// The `text` of each row that a query answers.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let statement = Statement::from_string(self.0.get_database_backend(), query);
        let rows = self.0.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "text").unwrap()).collect()
    }

    pub(crate) async fn try_execute(&self, sql: &str) -> Result<(), DbErr> {
        self.0.execute_unprepared(sql).await.map(drop)
    }

    pub(crate) async fn begin(&self) -> DatabaseTransaction {
        self.0.begin().await.unwrap()
    }
}
