//! Tasks, found and kept.

use authn::UserId;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, QueryFilter, QuerySelect, Select, SqlErr};

use super::{
    Store,
    block::is_blocked,
    change::{Change, Operation},
    entity::task::{Column, Entity},
    scope::UserScope,
    task_row::{Found, row},
    write::Write,
};
use crate::{error::Error, id::TaskId, task::Task};

/// The rows of one user.
#[derive(Clone, Debug)]
pub struct UserStore {
    store: Store,
    scope: UserScope,
}

impl UserStore {
    pub(super) fn new(store: Store, user: UserId) -> Self {
        Self { store, scope: UserScope::new(user) }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn scope(&self) -> UserScope {
        self.scope
    }

    pub(super) fn reader(&self) -> &DatabaseConnection {
        self.store.database.reader()
    }

    /// Whose rows they are.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.scope.user()
    }

    /// One task, also one in the trash.
    pub async fn task(&self, id: TaskId) -> Result<Task, Error> {
        find(self.reader(), self.scope, id).await
    }

    /// Those of the tasks that there are, also in the trash, in no order.
    pub async fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Task>, Error> {
        let ids = ids.iter().map(|id| id.as_uuid());
        all(self.reader(), self.scope, |query| query.filter(Column::Id.is_in(ids))).await
    }
}

impl Write {
    /// One task as it is before this write changes it. One in the trash is not there to be changed.
    pub async fn task(&self, id: TaskId) -> Result<Task, Error> {
        let task = find(self.transaction(), self.scope(), id).await?;
        if task.delete_time.is_some() { Err(Error::TaskNotFound) } else { Ok(task) }
    }

    /// One task, in the trash or not.
    pub(super) async fn any_task(&self, id: TaskId) -> Result<Task, Error> {
        find(self.transaction(), self.scope(), id).await
    }

    /// Those of the tasks that are not in the trash, in no order.
    pub async fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Task>, Error> {
        let ids = ids.iter().map(|id| id.as_uuid());
        let here = |query: Select<Entity>| query.filter(Column::Id.is_in(ids)).filter(Column::DeleteTime.is_null());
        all(self.transaction(), self.scope(), here).await
    }

    /// One task that is in the trash.
    pub async fn trashed_task(&self, id: TaskId) -> Result<Task, Error> {
        let task = find(self.transaction(), self.scope(), id).await?;
        if task.delete_time.is_some() { Ok(task) } else { Err(Error::NotDeleted { id: id.as_uuid() }) }
    }

    /// Adds a task, unless the user has or had one of its id.
    pub async fn insert_task(&mut self, task: &Task) -> Result<(), Error> {
        self.count_task().await?;
        let insert = self.scope().insert(row(task)?);
        insert.exec_without_returning(self.transaction()).await.map_err(exists)?;
        self.file_under(task.id, task.labels.iter()).await?;
        self.block(None, task).await?;
        self.log(Change::task(Operation::Create, task.id));
        Ok(())
    }

    /// Keeps what has changed of a task since it was `before`.
    pub async fn update_task(&mut self, before: &Task, task: &Task) -> Result<(), Error> {
        if task.labels != before.labels {
            self.refile(before, task).await?;
        }
        if task.blocked_by != before.blocked_by {
            self.block(Some(before), task).await?;
        }
        let operation = if task.delete_time.is_some() { Operation::Delete } else { Operation::Update };
        let update = one(self.scope().update::<Entity>(), task.id).set(row(task)?);
        update.exec(self.transaction()).await?;
        self.log(Change::task(operation, task.id));
        Ok(())
    }
}

/// `all` and not `one`: the latter binds a LIMIT, for which SQLite prepares the statement anew at every call.
async fn find(connection: &impl ConnectionTrait, scope: UserScope, id: TaskId) -> Result<Task, Error> {
    all(connection, scope, |query| one(query, id)).await?.pop().ok_or(Error::TaskNotFound)
}

async fn all(
    connection: &impl ConnectionTrait,
    scope: UserScope,
    which: impl FnOnce(Select<Entity>) -> Select<Entity>,
) -> Result<Vec<Task>, Error> {
    let found: Vec<Found> =
        which(scope.select()).expr_as(is_blocked(scope), "blocked").into_model().all(connection).await?;
    found.into_iter().map(Task::try_from).collect()
}

fn one<Q: QueryFilter>(query: Q, id: TaskId) -> Q {
    query.filter(Column::Id.eq(id.as_uuid()))
}

/// The only constraint of the table that an insert can break is its primary key: the id is the user's already.
fn exists(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::TaskExists,
        _ => error.into(),
    }
}
