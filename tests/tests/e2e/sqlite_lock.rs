//! Makes writes wait: a hold on the write lock of an embedded database, as another process may have it.

use e2e::connect;
use sea_orm::{ConnectionTrait, DatabaseConnection};

pub(crate) struct Lock(DatabaseConnection);

impl Lock {
    pub(crate) async fn take(url: &str) -> Self {
        let connection = connect(url).await;
        connection.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
        Self(connection)
    }

    pub(crate) async fn release(self) {
        self.0.execute_unprepared("ROLLBACK").await.unwrap();
        self.0.close().await.unwrap();
    }
}
