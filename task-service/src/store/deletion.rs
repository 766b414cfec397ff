//! Users who are no more: what was theirs goes, and a tombstone keeps it from coming back.

use authn::{UserDeletion, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    DatabaseTransaction, Iterable, PrimaryKeyToColumn, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, Func, OnConflict},
};

use super::{
    entity::{
        deletion_cursor, request_record, task, task_block, task_change, task_label, task_list,
        user_revision::{self, Column},
    },
    scope::{Owned, SystemScope, UserScope},
    system::SystemStore,
};
use crate::error::Error;

impl SystemStore {
    /// How far the deletions have been followed.
    pub async fn deletion_cursor(&self) -> Result<String, Error> {
        let rows = SystemScope.deletion_cursor().all(self.store().database.reader()).await?;
        Ok(rows.into_iter().next().map(|row| row.cursor).unwrap_or_default())
    }

    /// Remembers how far the deletions have been followed. What replicas remember may go backwards: to remove what was
    /// removed changes nothing.
    pub async fn move_deletion_cursor(&self, cursor: &str) -> Result<(), Error> {
        let transaction = self.store().database.begin().await?;
        let update = SystemScope.move_deletion_cursor();
        update.col_expr(deletion_cursor::Column::Cursor, Expr::value(cursor)).exec(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Lets nobody write for this user any more, whether the user has been here before or not. A write that has begun
    /// ends first; one that comes later finds the mark.
    pub async fn bury(&self, deletion: &UserDeletion) -> Result<(), Error> {
        let time = DateTime::<Utc>::from(deletion.delete_time);
        let mark = user_revision::ActiveModel {
            user_id: NotSet,
            revision: Set(0),
            delete_time: Set(Some(time)),
            task_count: Set(0),
            list_count: Set(0),
            counted_revision: Set(0),
        };
        let before = Expr::col((user_revision::Entity, Column::DeleteTime));
        let again = OnConflict::column(Column::UserId)
            .value(Column::Revision, 0)
            .value(Column::DeleteTime, Func::coalesce([before, Expr::value(time)]))
            .values([Column::TaskCount, Column::ListCount, Column::CountedRevision].map(|count| (count, 0.into())))
            .to_owned();
        let transaction = self.store().database.begin().await?;
        let insert = UserScope::new(deletion.user_id).insert(mark).on_conflict(again);
        insert.exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Removes at most `limit` rows of a user who has been buried; false: nothing was left.
    pub async fn remove_some(&self, user: UserId, limit: u64) -> Result<bool, Error> {
        let scope = UserScope::new(user);
        let transaction = self.store().database.begin().await?;
        // Replicas that remove the same rows wait for each other here, and not crosswise.
        scope.update::<user_revision::Entity>().col_expr(Column::Revision, Expr::value(0)).exec(&transaction).await?;
        let some = remove::<task_label::Entity>(scope, limit, &transaction).await?
            || remove::<task_block::Entity>(scope, limit, &transaction).await?
            || remove::<task_change::Entity>(scope, limit, &transaction).await?
            || remove::<request_record::Entity>(scope, limit, &transaction).await?
            || orphan(scope, limit, &transaction).await?
            || remove::<task::Entity>(scope, limit, &transaction).await?
            || remove::<task_list::Entity>(scope, limit, &transaction).await?;
        transaction.commit().await?;
        Ok(some)
    }
}

/// Removes some of the user's rows of one table; false: there were none.
async fn remove<E: Owned>(scope: UserScope, limit: u64, transaction: &DatabaseTransaction) -> Result<bool, Error> {
    let key = || E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column);
    let some = scope.select::<E>().select_only().columns(key()).limit(limit).into_query();
    let row = Expr::tuple(key().map(Expr::col));
    let removed = scope.delete::<E>().filter(row.in_subquery(some)).exec(transaction).await?;
    Ok(removed.rows_affected > 0)
}

/// Takes some subtasks from their parents, which could not go before them; false: there were none.
async fn orphan(scope: UserScope, limit: u64, transaction: &DatabaseTransaction) -> Result<bool, Error> {
    let is_subtask = || Expr::col(task::Column::ParentId).is_not_null();
    let some = scope.select::<task::Entity>().filter(is_subtask()).select_only().column(task::Column::Id);
    let orphaned = scope
        .update::<task::Entity>()
        .col_expr(task::Column::ParentId, Expr::value(None::<uuid::Uuid>))
        .filter(Expr::col(task::Column::Id).in_subquery(some.limit(limit).into_query()))
        .exec(transaction)
        .await?;
    Ok(orphaned.rows_affected > 0)
}
