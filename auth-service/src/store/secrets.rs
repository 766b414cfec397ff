//! The secrets of the installation, sealed.

use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

use super::{Store, entity::secret};
use crate::error::Result;

/// A secret as the database has it.
pub(crate) struct SealedSecret {
    pub(crate) name: String,
    pub(crate) sealed: Vec<u8>,
}

impl From<secret::Model> for SealedSecret {
    fn from(row: secret::Model) -> Self {
        Self { name: row.name, sealed: row.sealed }
    }
}

impl Store {
    /// All secrets.
    pub(crate) async fn secrets(&self) -> Result<Vec<SealedSecret>> {
        let rows = secret::Entity::find().all(self.database.reader()).await?;
        Ok(rows.into_iter().map(SealedSecret::from).collect())
    }

    /// Keeps secrets, unless another replica was quicker.
    pub(crate) async fn add_secrets(&self, secrets: Vec<SealedSecret>) -> Result<()> {
        let rows = secrets.into_iter().map(|new| secret::ActiveModel { name: Set(new.name), sealed: Set(new.sealed) });
        let quicker = OnConflict::column(secret::Column::Name).do_nothing().to_owned();
        let transaction = self.database.begin().await?;
        secret::Entity::insert_many(rows).on_conflict(quicker).exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }
}
