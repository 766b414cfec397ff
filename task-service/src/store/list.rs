//! Lists, found and kept, and the inbox, which is made when it is first needed.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, QueryFilter, QueryOrder, QuerySelect, QueryTrait, SqlErr,
    sea_query::{Expr, ExprTrait},
};

use super::{
    change::{Change, Operation},
    entity::{
        task,
        task_list::{ActiveModel, Column, Entity, Model},
    },
    scope::UserScope,
    task::UserStore,
    write::Write,
};
use crate::{
    error::Error, id::TaskListId, page::Cursor, place::Place, position::Position, task_list::TaskList,
    task_text::ListTitle,
};

impl UserStore {
    /// One list, also one in the trash.
    pub async fn list(&self, id: TaskListId) -> Result<TaskList, Error> {
        find(self.reader(), self.scope(), id).await
    }

    /// Up to `count` lists by position and id, from behind the cursor on; with those in the trash only if asked for.
    pub async fn lists_after(
        &self,
        show_deleted: bool,
        cursor: Option<&Cursor>,
        count: usize,
    ) -> Result<Vec<TaskList>, Error> {
        let mut query = self.scope().select::<Entity>();
        if !show_deleted {
            query = query.filter(Column::DeleteTime.is_null());
        }
        if let Some(Cursor { position, id }) = cursor {
            let place = Expr::tuple([Expr::col(Column::Position), Expr::col(Column::Id)]);
            query = query.filter(place.gt(Expr::tuple([position.as_str().into(), (*id).into()])));
        }
        let query = query.order_by_asc(Column::Position).order_by_asc(Column::Id).limit(count as u64);
        Ok(query.all(self.reader()).await?.into_iter().map(TaskList::from).collect())
    }
}

impl Write {
    /// The user's inbox. The write holds the user's lock, so that two cannot make one each.
    pub async fn inbox(&mut self) -> Result<TaskListId, Error> {
        let query = self.scope().select::<Entity>().filter(Expr::col(Column::Inbox));
        let found: Vec<uuid::Uuid> =
            query.select_only().column(Column::Id).into_tuple().all(self.transaction()).await?;
        match found.first() {
            Some(id) => Ok(TaskListId::from(*id)),
            None => self.make_inbox().await,
        }
    }

    async fn make_inbox(&mut self) -> Result<TaskListId, Error> {
        let at = self.moment();
        let id = TaskListId::generate(at.time);
        let position = self.place_list(id, Place::First).await?;
        let inbox = TaskList { inbox: true, ..TaskList::new(id, ListTitle::inbox(), position, at) };
        self.insert_list(&inbox).await?;
        Ok(id)
    }

    /// One list as it is before this write changes it. One in the trash is not there to be changed.
    pub async fn list(&self, id: TaskListId) -> Result<TaskList, Error> {
        let list = find(self.transaction(), self.scope(), id).await?;
        if list.delete_time.is_some() { Err(Error::TaskListNotFound) } else { Ok(list) }
    }

    /// One list that is in the trash.
    pub async fn trashed_list(&self, id: TaskListId) -> Result<TaskList, Error> {
        let list = find(self.transaction(), self.scope(), id).await?;
        if list.delete_time.is_some() { Ok(list) } else { Err(Error::NotDeleted { id: id.as_uuid() }) }
    }

    /// Adds a list, unless the user has or had one of its id.
    pub async fn insert_list(&mut self, list: &TaskList) -> Result<(), Error> {
        self.count_list(list.inbox).await?;
        self.scope().insert(row(list)).exec_without_returning(self.transaction()).await.map_err(exists)?;
        self.log(Change::task_list(Operation::Create, list.id));
        Ok(())
    }

    /// Removes at most `limit` lists for good that have no task left and whose time in the trash is over.
    pub(super) async fn purge_lists(&mut self, limit: usize) -> Result<usize, Error> {
        let list = Expr::col((task::Entity, task::Column::TaskListId)).eq(Expr::col((Entity, Column::Id)));
        let tasks = self.scope().select::<task::Entity>().filter(list).into_query();
        let empty = self.scope().select::<Entity>().filter(Column::PurgeTime.lte(self.moment().time));
        let empty = empty.filter(Expr::exists(tasks).not()).limit(limit as u64).select_only().column(Column::Id);
        let empty: Vec<uuid::Uuid> = empty.into_tuple().all(self.transaction()).await?;
        let delete = self.scope().delete::<Entity>().filter(Column::Id.is_in(empty.clone()));
        let removed = delete.exec(self.transaction()).await?.rows_affected;
        self.discount(0, removed);
        empty.iter().for_each(|id| self.log(Change::task_list(Operation::Purge, (*id).into())));
        Ok(empty.len())
    }

    /// Keeps what has changed of a list.
    pub async fn update_list(&mut self, list: &TaskList) -> Result<(), Error> {
        let operation = if list.delete_time.is_some() { Operation::Delete } else { Operation::Update };
        let update = self.scope().update::<Entity>().filter(Column::Id.eq(list.id.as_uuid()));
        update.set(row(list)).exec(self.transaction()).await?;
        self.log(Change::task_list(operation, list.id));
        Ok(())
    }
}

/// `all` and not `one`: see the same of tasks.
async fn find(connection: &impl ConnectionTrait, scope: UserScope, id: TaskListId) -> Result<TaskList, Error> {
    let query = scope.select::<Entity>().filter(Column::Id.eq(id.as_uuid()));
    Ok(query.all(connection).await?.pop().ok_or(Error::TaskListNotFound)?.into())
}

/// The inbox is made under the user's lock: the only constraint left to break is the primary key.
fn exists(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Error::TaskListExists,
        _ => error.into(),
    }
}

/// Without the owner, whom the scope adds.
fn row(list: &TaskList) -> ActiveModel {
    ActiveModel {
        user_id: NotSet,
        id: Set(list.id.as_uuid()),
        title: Set(list.title.as_str().to_owned()),
        inbox: Set(list.inbox),
        position: Set(list.position.as_str().to_owned()),
        create_time: Set(list.create_time),
        update_time: Set(list.update_time),
        delete_time: Set(list.delete_time),
        purge_time: Set(list.purge_time),
        revision: Set(list.revision),
    }
}

impl From<Model> for TaskList {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.into(),
            title: ListTitle::from_stored(row.title),
            inbox: row.inbox,
            position: Position::from_stored(row.position),
            create_time: row.create_time,
            update_time: row.update_time,
            delete_time: row.delete_time,
            purge_time: row.purge_time,
            revision: row.revision,
        }
    }
}
