//! Users who are no more.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use service_runtime::page::PageSize;

use super::{Store, entity::user_deletion};
use crate::{
    deletions::{Cursor, Deletion},
    error::{Error, Result},
};

impl Store {
    /// The deletions that follow the cursor, in order.
    pub(crate) async fn deletions(&self, cursor: Cursor, size: PageSize) -> Result<Vec<Deletion>> {
        let after = cursor.number();
        // The one at the cursor comes along: where it is missing or another one, this is not the list that the cursor
        // was made of.
        let rows = user_deletion::Entity::find()
            .filter(user_deletion::Column::Number.gte(after))
            .order_by_asc(user_deletion::Column::Number)
            .limit(size.get() as u64 + 1)
            .all(self.database.reader())
            .await?;
        let deletion = |row: user_deletion::Model| Deletion {
            number: row.number,
            user_id: row.user_id.into(),
            delete_time: row.delete_time,
        };
        let mut found = rows.into_iter().map(deletion).peekable();
        if after > 0 && found.next_if(|first| Cursor::after(first) == cursor).is_none() {
            return Err(Error::CursorExpired);
        }
        Ok(found.take(size.get()).collect())
    }
}
