//! What a caller can do with the trash.

use std::collections::HashSet;

use crate::{
    error::Error,
    id::TaskId,
    intent::Intent,
    place::Place,
    store::Write,
    task::{Spot, Task},
    tasks::{Target, UserTasks},
};

/// Which tasks are to leave the trash for good.
#[derive(Clone, Debug)]
pub enum Purge {
    /// These, and what is under them.
    Tasks(Vec<TaskId>),
    /// All, or as many as [`MAX_PURGED`].
    All,
}

/// The most tasks that one request to purge all removes, so that it ends in time.
pub const MAX_PURGED: usize = 5_000;

impl UserTasks {
    /// Puts a task into the trash, and what is under it.
    pub async fn delete(&self, intent: &Intent, target: &Target) -> Result<Task, Error> {
        let work = |mut write: Write| async move {
            let task = self.delete_in(&mut write, target).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }

    pub(crate) async fn delete_in(&self, write: &mut Write, target: &Target) -> Result<Task, Error> {
        let before = write.task(target.id).await?;
        before.check_etag(target.etag.as_ref())?;
        let mut task = before.clone();
        task.trash(self.trash_lifetime, write.moment());
        write.update_task(&before, &task).await?;
        write.trash_subtasks(task.id, self.trash_lifetime).await?;
        write.answer(task).await
    }

    /// Takes a task out of the trash, and what is under it and went there together with it.
    pub async fn undelete(&self, intent: &Intent, target: &Target) -> Result<Task, Error> {
        let work = |mut write: Write| async move {
            let before = write.trashed_task(target.id).await?;
            before.check_etag(target.etag.as_ref())?;
            let mut task = before.clone();
            task.restore(write.moment());
            if let Some(spot) = write.new_spot(&before).await? {
                task.move_to(spot, write.moment());
            }
            write.update_task(&before, &task).await?;
            if task.task_list_id != before.task_list_id {
                write.take_along(task.id, task.task_list_id).await?;
            }
            write.restore_subtasks(task.id, before.trashed_with.unwrap_or(task.id.as_uuid())).await?;
            let task = write.answer(task).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }

    /// Removes tasks from the trash for good, and says how many that was.
    pub async fn purge(&self, intent: &Intent, which: &Purge) -> Result<usize, Error> {
        let work = |mut write: Write| async move {
            let purged = match which {
                Purge::All => write.purge_all(MAX_PURGED).await?,
                Purge::Tasks(ids) => purge_tasks(&mut write, ids).await?,
            };
            Ok((write, purged))
        };
        self.store.write(intent, work).await
    }
}

async fn purge_tasks(write: &mut Write, ids: &[TaskId]) -> Result<usize, Error> {
    let mut gone = HashSet::new();
    for (index, id) in ids.iter().enumerate() {
        // One that is named may be under another that is named.
        if !gone.contains(id) {
            write.trashed_task(*id).await.map_err(|error| error.of_item("task_ids", index))?;
            gone.extend(write.purge_task(*id).await?);
        }
    }
    Ok(gone.len())
}

impl Write {
    /// Where a task from the trash is to go if it cannot go where it was: to the inbox if its list is in the trash, and
    /// to the top if what it was under is.
    async fn new_spot(&mut self, task: &Task) -> Result<Option<Spot>, Error> {
        let list = match self.list(task.task_list_id).await {
            Ok(list) => list.id,
            Err(Error::TaskListNotFound) => self.inbox().await?,
            Err(error) => return Err(error),
        };
        let parent = match task.parent_id {
            Some(parent) if list == task.task_list_id => match self.task(parent).await {
                Ok(parent) => Some(parent.id),
                Err(Error::TaskNotFound) => None,
                Err(error) => return Err(error),
            },
            _ => None,
        };
        if (list, parent) == (task.task_list_id, task.parent_id) {
            return Ok(None);
        }
        let position = self.place_task(task.id, list, parent, Place::Last).await?;
        Ok(Some(Spot { task_list_id: list, parent_id: parent, position }))
    }
}
