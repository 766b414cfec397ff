//! The trash: what goes into it together comes back together, and goes for good when its time is over.

use chrono::Duration;
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect, Select, UpdateMany,
    sea_query::{Alias, Expr, ExprTrait, Query},
};
use uuid::Uuid;

use super::{
    change::{Change, Operation},
    entity::task::{Column, Entity},
    write::{CHUNK, Write},
};
use crate::{
    error::Error,
    id::{TaskId, TaskListId},
};

impl Write {
    /// Puts what is under a task into the trash with it.
    pub async fn trash_subtasks(&mut self, task: TaskId, lifetime: Duration) -> Result<(), Error> {
        let below: Vec<_> = self.subtree(task).await?.into_iter().filter(|id| *id != task).collect();
        self.trash(&below, task.as_uuid(), lifetime).await
    }

    /// Puts the tasks of a list into the trash with it.
    pub async fn trash_tasks_of(&mut self, list: TaskListId, lifetime: Duration) -> Result<(), Error> {
        let of_list = Column::TaskListId.eq(list.as_uuid()).and(Column::DeleteTime.is_null());
        let tasks = self.task_ids(self.scope().select().filter(of_list)).await?;
        self.trash(&tasks, list.as_uuid(), lifetime).await
    }

    async fn trash(&mut self, tasks: &[TaskId], with: Uuid, lifetime: Duration) -> Result<(), Error> {
        let at = self.moment();
        for some in tasks.chunks(CHUNK) {
            let here = self.scope().select().filter(Column::Id.is_in(uuids(some)));
            let here = self.task_ids(here.filter(Column::DeleteTime.is_null())).await?;
            let update = self
                .touch(&here)
                .col_expr(Column::DeleteTime, at.time.into())
                .col_expr(Column::PurgeTime, (at.time + lifetime).into())
                .col_expr(Column::TrashedWith, with.into());
            update.exec(self.transaction()).await?;
            here.into_iter().for_each(|id| self.log(Change::task(Operation::Delete, id)));
        }
        Ok(())
    }

    /// Takes what is under a task out of the trash if it went there together with the task.
    pub async fn restore_subtasks(&mut self, task: TaskId, with: Uuid) -> Result<(), Error> {
        let below: Vec<_> = self.subtree(task).await?.into_iter().filter(|id| *id != task).collect();
        for some in below.chunks(CHUNK) {
            let gone = self.scope().select().filter(Column::Id.is_in(uuids(some)));
            let gone = self.task_ids(gone.filter(Column::TrashedWith.eq(with))).await?;
            self.restore(&gone).await?;
        }
        Ok(())
    }

    /// Takes out of the trash the tasks that went there with their list.
    pub async fn restore_tasks_of(&mut self, list: TaskListId) -> Result<(), Error> {
        let of_list = Column::TaskListId.eq(list.as_uuid()).and(Column::TrashedWith.eq(list.as_uuid()));
        let tasks = self.task_ids(self.scope().select().filter(of_list)).await?;
        for some in tasks.chunks(CHUNK) {
            self.restore(some).await?;
        }
        Ok(())
    }

    async fn restore(&mut self, tasks: &[TaskId]) -> Result<(), Error> {
        let update = self
            .touch(tasks)
            .col_expr(Column::DeleteTime, Expr::cust("NULL"))
            .col_expr(Column::PurgeTime, Expr::cust("NULL"))
            .col_expr(Column::TrashedWith, Expr::cust("NULL"));
        update.exec(self.transaction()).await?;
        self.log_updated(tasks);
        Ok(())
    }

    /// Removes a task from the trash for good, and what is under it, and says which tasks that was.
    pub async fn purge_task(&mut self, task: TaskId) -> Result<Vec<TaskId>, Error> {
        let mut tasks = self.subtree(task).await?;
        // Subtasks before what they are under.
        tasks.reverse();
        for some in tasks.chunks(CHUNK) {
            self.remove(some).await?;
        }
        Ok(tasks)
    }

    /// Removes at most `limit` tasks from the trash for good, and says how many it was.
    pub async fn purge_all(&mut self, limit: usize) -> Result<usize, Error> {
        self.purge(Column::DeleteTime.is_not_null(), limit).await
    }

    /// Removes at most `limit` tasks that meet the condition and have no subtask, until there is none.
    pub(super) async fn purge(&mut self, which: impl Into<Expr>, limit: usize) -> Result<usize, Error> {
        let which = which.into();
        let child = Alias::new("child");
        let parent = Expr::col((child.clone(), Column::ParentId)).eq(Expr::col((Entity, Column::Id)));
        let owner = Expr::col((child.clone(), Column::UserId)).eq(Expr::col((Entity, Column::UserId)));
        let children =
            Query::select().expr(Expr::val(1)).from_as(Entity, child).and_where(owner.and(parent)).to_owned();
        let mut purged = 0;
        loop {
            let some = limit.saturating_sub(purged).min(CHUNK);
            let leaves = self.scope().select().filter(which.clone()).filter(Expr::exists(children.clone()).not());
            let leaves = self.task_ids(leaves.order_by_asc(Column::PurgeTime).limit(some as u64)).await?;
            if leaves.is_empty() {
                return Ok(purged);
            }
            self.remove(&leaves).await?;
            purged += leaves.len();
        }
    }

    async fn remove(&mut self, tasks: &[TaskId]) -> Result<(), Error> {
        self.unblock(tasks).await?;
        let delete = self.scope().delete::<Entity>().filter(Column::Id.is_in(uuids(tasks)));
        let removed = delete.exec(self.transaction()).await?.rows_affected;
        self.discount(removed, 0);
        tasks.iter().for_each(|id| self.log(Change::task(Operation::Purge, *id)));
        Ok(())
    }

    /// An update of these tasks that says when it was.
    pub(super) fn touch(&self, tasks: &[TaskId]) -> UpdateMany<Entity> {
        let at = self.moment();
        self.scope()
            .update::<Entity>()
            .col_expr(Column::UpdateTime, at.time.into())
            .col_expr(Column::Revision, at.revision.into())
            .filter(Column::Id.is_in(uuids(tasks)))
    }

    pub(super) fn log_updated(&mut self, tasks: &[TaskId]) {
        tasks.iter().for_each(|id| self.log(Change::task(Operation::Update, *id)));
    }

    pub(super) async fn task_ids(&self, query: Select<Entity>) -> Result<Vec<TaskId>, Error> {
        let ids: Vec<Uuid> = query.select_only().column(Column::Id).into_tuple().all(self.transaction()).await?;
        Ok(ids.into_iter().map(TaskId::from).collect())
    }
}

fn uuids(tasks: &[TaskId]) -> Vec<Uuid> {
    tasks.iter().map(|id| id.as_uuid()).collect()
}
