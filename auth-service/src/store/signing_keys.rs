//! Signing keys, sealed.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use super::{Store, entity::signing_key};
use crate::error::Result;

/// Signs and is published.
const ACTIVE: &str = "active";

/// A key as the database has it.
pub(crate) struct StoredKey {
    pub(crate) kid: String,
    pub(crate) generation: i64,
    pub(crate) public_key: Vec<u8>,
    pub(crate) sealed_private_key: Vec<u8>,
    pub(crate) create_time: DateTime<Utc>,
}

impl From<signing_key::Model> for StoredKey {
    fn from(row: signing_key::Model) -> Self {
        Self {
            kid: row.kid,
            generation: row.generation,
            public_key: row.public_key,
            sealed_private_key: row.sealed_private_key,
            create_time: row.create_time,
        }
    }
}

impl Store {
    /// All keys.
    pub(crate) async fn signing_keys(&self) -> Result<Vec<StoredKey>> {
        let rows = signing_key::Entity::find().all(self.database.reader()).await?;
        Ok(rows.into_iter().map(StoredKey::from).collect())
    }

    /// The key of that name.
    pub(crate) async fn signing_key(&self, kid: &str) -> Result<Option<StoredKey>> {
        let rows = signing_key::Entity::find_by_id(kid).all(self.database.reader()).await?;
        Ok(rows.into_iter().next().map(StoredKey::from))
    }

    /// Keeps the first key, unless another replica was quicker.
    pub(crate) async fn add_first_signing_key(&self, key: StoredKey) -> Result<()> {
        let row = signing_key::ActiveModel {
            kid: Set(key.kid),
            generation: Set(key.generation),
            state: Set(ACTIVE.to_owned()),
            public_key: Set(key.public_key),
            sealed_private_key: Set(key.sealed_private_key),
            create_time: Set(key.create_time),
        };
        let quicker = OnConflict::column(signing_key::Column::Generation).do_nothing().to_owned();
        let transaction = self.database.begin().await?;
        signing_key::Entity::insert(row).on_conflict(quicker).exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }
}
