//! Work that belongs to no caller: the one way to the rows of all users.

use authn::UserId;
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use uuid::Uuid;

use super::{
    Store,
    entity::{request_record, task, task_list},
    scope::{SystemScope, UserScope},
    write::Write,
};
use crate::error::Error;

/// What the service itself does to the rows of all users.
#[derive(Clone, Debug)]
pub struct SystemStore(Store);

impl SystemStore {
    pub(super) fn new(store: Store) -> Self {
        Self(store)
    }

    pub(super) fn store(&self) -> &Store {
        &self.0
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

    /// Up to `limit` users whose trash holds what should have left it.
    pub async fn users_with_expired_trash(&self, limit: u64) -> Result<Vec<UserId>, Error> {
        let now = self.0.clock.now();
        let tasks = SystemScope.select::<task::Entity>().filter(task::Column::PurgeTime.lte(now)).select_only();
        let tasks = tasks.column(task::Column::UserId).order_by_asc(task::Column::PurgeTime).limit(limit);
        let mut users: Vec<Uuid> = tasks.into_tuple().all(self.0.database.reader()).await?;
        let lists =
            SystemScope.select::<task_list::Entity>().filter(task_list::Column::PurgeTime.lte(now)).select_only();
        let lists = lists.column(task_list::Column::UserId).order_by_asc(task_list::Column::PurgeTime).limit(limit);
        users.extend(lists.into_tuple::<Uuid>().all(self.0.database.reader()).await?);
        users.sort();
        users.dedup();
        Ok(users.into_iter().map(UserId::from).collect())
    }

    /// Removes at most `limit` of one user's tasks, and lists without tasks, whose time in the trash is over, and says
    /// how many it was. It is a write like the user's own, with a revision and a place in the log.
    pub async fn purge_trash(&self, user: UserId, limit: usize) -> Result<usize, Error> {
        let transaction = self.0.database.write_alone().await?;
        let mut write = match Write::begin(transaction, &self.0, UserScope::new(user)).await {
            // Everything of a deleted user goes, the trash with it.
            Err(Error::UserDeleted) => return Ok(0),
            begun => begun?,
        };
        let now = write.moment().time;
        let tasks = write.purge(task::Column::PurgeTime.lte(now), limit).await?;
        let lists = write.purge_lists(limit.saturating_sub(tasks)).await?;
        if tasks + lists > 0 {
            write.commit().await?;
        }
        Ok(tasks + lists)
    }
}
