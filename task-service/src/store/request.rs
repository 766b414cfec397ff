//! Remembered answers: the same `request_id` takes effect once.

use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, QueryFilter, sea_query::OnConflict};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::{entity::request_record, write::Write};
use crate::{error::Error, intent::Intent};

impl Write {
    /// The answer that this request got before, if it did.
    pub(super) async fn remembered<T: DeserializeOwned>(&self, intent: &Intent) -> Result<Option<T>, Error> {
        let Some(request_id) = intent.request_id else { return Ok(None) };
        let rows = self
            .scope()
            .select::<request_record::Entity>()
            .filter(request_record::Column::Method.eq(intent.method.name()))
            .filter(request_record::Column::RequestId.eq(request_id))
            .filter(request_record::Column::ExpireTime.gt(self.moment().time))
            .all(self.transaction())
            .await?;
        match rows.first() {
            None => Ok(None),
            Some(row) if row.payload_hash != intent.payload.as_bytes() => Err(Error::RequestIdReused),
            Some(row) => serde_json::from_str(&row.answer).map(Some).map_err(|cause| Error::Internal(cause.into())),
        }
    }

    /// Remembers the answer, in place of one that has expired.
    pub(super) async fn remember<T: Serialize>(&self, intent: &Intent, answer: &T) -> Result<(), Error> {
        let Some(request_id) = intent.request_id else { return Ok(()) };
        let answer = serde_json::to_string(answer).map_err(|cause| Error::Internal(cause.into()))?;
        let row = self.record(intent, request_id, answer);
        let key = [request_record::Column::UserId, request_record::Column::Method, request_record::Column::RequestId];
        let values =
            [request_record::Column::PayloadHash, request_record::Column::Answer, request_record::Column::ExpireTime];
        let expired = OnConflict::columns(key).update_columns(values).to_owned();
        self.scope().insert(row).on_conflict(expired).exec_without_returning(self.transaction()).await?;
        Ok(())
    }

    fn record(&self, intent: &Intent, request_id: Uuid, answer: String) -> request_record::ActiveModel {
        request_record::ActiveModel {
            user_id: NotSet,
            method: Set(intent.method.name().to_owned()),
            request_id: Set(request_id),
            payload_hash: Set(intent.payload.as_bytes().to_vec()),
            answer: Set(answer),
            expire_time: Set(self.moment().time + self.request_id_lifetime()),
        }
    }
}
