//! Tasks: rows to domain values and back.

use authn::UserId;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, QueryFilter, QueryOrder, QuerySelect, Select, SqlErr,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Store,
    change::{Change, Operation},
    entity::task::{ActiveModel, Column, Entity, Model},
    scope::UserScope,
    write::Write,
};
use crate::{
    error::Error,
    id::TaskId,
    page::Cursor,
    position::Position,
    task::{Priority, State, Task},
    task_text::{Notes, Title},
    task_time::TaskTime,
};

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

    /// Whose rows they are.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.scope.user()
    }

    /// One task, also one in the trash.
    pub async fn task(&self, id: TaskId) -> Result<Task, Error> {
        find(self.store.database.reader(), self.scope, id).await
    }

    /// Up to `count` tasks that are not in the trash, by position and id, from behind the cursor on.
    pub async fn tasks_after(&self, cursor: Option<&Cursor>, count: usize) -> Result<Vec<Task>, Error> {
        let mut query = self.scope.select::<Entity>().filter(Column::DeleteTime.is_null());
        if let Some(Cursor { position, id }) = cursor {
            let place = Expr::tuple([Expr::col(Column::Position), Expr::col(Column::Id)]);
            query = query.filter(place.gt(Expr::tuple([position.as_str().into(), id.as_uuid().into()])));
        }
        let query = query.order_by_asc(Column::Position).order_by_asc(Column::Id).limit(count as u64);
        query.all(self.store.database.reader()).await?.into_iter().map(Task::try_from).collect()
    }
}

impl Write {
    /// One task as it is before this write changes it. One in the trash is not there to be changed.
    pub async fn task(&self, id: TaskId) -> Result<Task, Error> {
        let task = find(self.transaction(), self.scope(), id).await?;
        if task.delete_time.is_some() { Err(Error::TaskNotFound) } else { Ok(task) }
    }

    /// Adds a task, unless the user has or had one of its id.
    pub async fn insert_task(&mut self, task: &Task) -> Result<(), Error> {
        let insert = self.scope().insert(row(task)?);
        insert.exec_without_returning(self.transaction()).await.map_err(exists)?;
        self.log(Change::task(Operation::Create, task.id));
        Ok(())
    }

    /// Keeps what has changed of a task.
    pub async fn update_task(&mut self, task: &Task) -> Result<(), Error> {
        let operation = if task.delete_time.is_some() { Operation::Delete } else { Operation::Update };
        let update = one(self.scope().update::<Entity>(), task.id).set(row(task)?);
        update.exec(self.transaction()).await?;
        self.log(Change::task(operation, task.id));
        Ok(())
    }
}

/// `all` and not `one`: the latter binds a LIMIT, for which SQLite prepares the statement anew at every call.
async fn find(connection: &impl ConnectionTrait, scope: UserScope, id: TaskId) -> Result<Task, Error> {
    let query: Select<Entity> = one(scope.select(), id);
    query.all(connection).await?.pop().ok_or(Error::TaskNotFound)?.try_into()
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

/// Without the owner, whom the scope adds, and the parent, which stays as it is.
fn row(task: &Task) -> Result<ActiveModel, Error> {
    let labels = serde_json::to_value(&task.labels).map_err(|cause| Error::Internal(cause.into()))?;
    Ok(ActiveModel {
        user_id: NotSet,
        id: Set(task.id.as_uuid()),
        task_list_id: Set(task.task_list_id.as_uuid()),
        parent_id: NotSet,
        title: Set(task.title.as_str().to_owned()),
        notes: Set(task.notes.as_str().to_owned()),
        state: Set(task.state.name().to_owned()),
        priority: Set(task.priority.rank()),
        due_date: Set(task.due.map(|due| due.date())),
        due_time_of_day: Set(task.due.and_then(|due| due.time_of_day())),
        due_time_zone: Set(task.due.and_then(|due| due.time_zone()).map(str::to_owned)),
        labels: Set(labels),
        position: Set(task.position.as_str().to_owned()),
        create_time: Set(task.create_time),
        update_time: Set(task.update_time),
        complete_time: Set(task.complete_time),
        delete_time: Set(task.delete_time),
        purge_time: Set(task.purge_time),
        revision: Set(task.revision),
    })
}

impl TryFrom<Model> for Task {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let due = |date| TaskTime::from_stored(date, row.due_time_of_day, row.due_time_zone.as_deref());
        let due = row.due_date.map(|date| due(date).ok_or_else(|| Error::corrupt("task.due_time_zone")));
        Ok(Self {
            id: row.id.into(),
            task_list_id: row.task_list_id.into(),
            title: Title::from_stored(row.title),
            notes: Notes::from_stored(row.notes),
            state: State::from_name(&row.state).ok_or_else(|| Error::corrupt("task.state"))?,
            priority: Priority::from_rank(row.priority).ok_or_else(|| Error::corrupt("task.priority"))?,
            due: due.transpose()?,
            labels: serde_json::from_value(row.labels).map_err(|cause| Error::Internal(cause.into()))?,
            position: Position::from_stored(row.position),
            create_time: row.create_time,
            update_time: row.update_time,
            complete_time: row.complete_time,
            delete_time: row.delete_time,
            purge_time: row.purge_time,
            revision: row.revision,
        })
    }
}
