//! Work that belongs to no caller: the one way to the rows of all users.

use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{Store, entity::request_record, scope::SystemScope};
use crate::error::Error;

/// What the service itself does to the rows of all users.
#[derive(Clone, Debug)]
pub struct SystemStore(Store);

impl SystemStore {
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    /// Forgets at most `limit` answers whose time is over, and says how many it was.
    pub async fn purge_request_records(&self, limit: u64) -> Result<u64, Error> {
        use request_record::Column::{ExpireTime, Method, RequestId, UserId};
        let now = self.0.clock.now();
        let some = SystemScope
            .select::<request_record::Entity>()
            .select_only()
            .columns([UserId, Method, RequestId])
            .filter(ExpireTime.lte(now))
            .order_by_asc(ExpireTime)
            .limit(limit)
            .into_query();
        let key = Expr::tuple([Expr::col(UserId), Expr::col(Method), Expr::col(RequestId)]);
        let transaction = self.0.database.begin().await?;
        let purged = SystemScope
            .delete::<request_record::Entity>()
            .filter(key.in_subquery(some))
            // Asked again of the row itself: a request may have renewed it since the list was made.
            .filter(ExpireTime.lte(now))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(purged.rows_affected)
    }
}
