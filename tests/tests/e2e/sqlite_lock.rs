//! Makes writes wait: a hold on the write lock of an embedded database, as another process may have it.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};

pub(crate) struct Lock(DatabaseConnection);

impl Lock {
    pub(crate) async fn take(url: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).min_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.unwrap();
        connection.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
        Self(connection)
    }

    pub(crate) async fn release(self) {
        self.0.execute_unprepared("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}
