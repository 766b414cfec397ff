//! Looking into a database without being able to change it.

use anyhow::Context;
use sea_orm::DatabaseConnection;

use super::{Database, DatabaseSettings, existing_file, pool, sqlite_options};

/// One statement after the other.
const CONNECTIONS: u32 = 1;

impl DatabaseSettings {
    /// The file of an embedded database; nothing for PostgreSQL.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub fn file(&self) -> anyhow::Result<Option<std::path::PathBuf>> {
        let embedded = self.url.starts_with("sqlite:");
        embedded.then(|| sqlite_options(self).map(|options| options.get_filename().to_owned())).transpose()
    }
}

impl Database {
    /// Connects so that nothing can be changed: no file is made, not even one of those that SQLite keeps beside its own
    /// while a database is open.
    ///
    /// # Errors
    /// When there is no such database, or it cannot be reached.
    pub async fn look_into(settings: &DatabaseSettings) -> anyhow::Result<Self> {
        if !settings.url.starts_with("sqlite:") {
            return match settings.url.split_once(':') {
                Some(("postgres" | "postgresql", _)) => {
                    let pool = pool::postgres(settings, &[("default_transaction_read_only", "on")]).await?;
                    Ok(Self { reader: pool.clone(), writer: pool, writes: None, folder: None })
                }
                _ => Self::connect(settings).await,
            };
        }
        let path = existing_file(settings)?;
        let reader =
            read_only(settings).await.with_context(|| format!("cannot read the database {}", path.display()))?;
        Ok(Self { reader: reader.clone(), writer: reader, writes: None, folder: Some(super::folder_of(&path)) })
    }
}

async fn read_only(settings: &DatabaseSettings) -> anyhow::Result<DatabaseConnection> {
    let log = settings.file()?.map(|file| format!("{}-wal", file.display()));
    // Without its log nobody has it open, and nobody may open it while it is looked into. With it the log is there to be
    // read.
    let closed = log.is_none_or(|log| !std::path::Path::new(&log).exists());
    let mut options = pool::common_options(settings, CONNECTIONS);
    options.map_sqlx_sqlite_opts(move |options| options.create_if_missing(false).read_only(true).immutable(closed));
    Ok(sea_orm::Database::connect(options).await?)
}
