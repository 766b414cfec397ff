//! What a caller can do with where tasks are: in which list, under which task, at which place.

use crate::{
    error::Error,
    id::{TaskId, TaskListId},
    intent::Intent,
    place::Place,
    store::Write,
    task::{Spot, Task},
    tasks::{Target, UserTasks},
};

/// Where a task is to go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Destination {
    /// To which list; none: to that of the new parent, or it stays.
    pub task_list_id: Option<TaskListId>,
    /// Under which task; inside, none is the top. None: it stays where it is, or goes to the top of another list.
    pub parent_id: Option<Option<TaskId>>,
    /// Where among the others there.
    pub place: Place<TaskId>,
}

impl UserTasks {
    /// Moves a task, and what is under it.
    pub async fn move_task(&self, intent: &Intent, target: &Target, to: Destination) -> Result<Task, Error> {
        let work = |mut write: Write| async move {
            let before = write.task(target.id).await?;
            before.check_etag(target.etag.as_ref())?;
            let (list, parent) = write.destination(&before, to).await?;
            write.check_parent(Some(before.id), list, parent, "parent_id").await?;
            if let Some(neighbour) = to.place.neighbour() {
                write.task(*neighbour).await?;
            }
            let position = write.place_task(before.id, list, parent, to.place).await?;
            let mut task = before.clone();
            task.move_to(Spot { task_list_id: list, parent_id: parent, position }, write.moment());
            write.update_task(&before, &task).await?;
            if list != before.task_list_id {
                write.take_along(task.id, list).await?;
            }
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }
}

impl Write {
    /// The list and the parent that a task is to have.
    async fn destination(&self, task: &Task, to: Destination) -> Result<(TaskListId, Option<TaskId>), Error> {
        let list = match (to.task_list_id, to.parent_id) {
            (Some(list), _) => self.list(list).await?.id,
            (None, Some(Some(parent))) => self.task(parent).await?.task_list_id,
            (None, _) => task.task_list_id,
        };
        let stays = if list == task.task_list_id { task.parent_id } else { None };
        Ok((list, to.parent_id.unwrap_or(stays)))
    }

    /// Refuses a parent from another list, one that is the task itself or below it, and one so deep that the task, or
    /// what is under it, would be too deep. Without a task it is one that is yet to be made.
    pub(crate) async fn check_parent(
        &self,
        task: Option<TaskId>,
        list: TaskListId,
        parent: Option<TaskId>,
        field: &str,
    ) -> Result<(), Error> {
        let Some(parent) = parent else { return Ok(()) };
        if self.task(parent).await?.task_list_id != list {
            let fault = "must be a task of the same list".to_owned();
            return Err(Error::Invalid { field: field.to_owned(), fault });
        }
        let above = self.line_above(parent).await?;
        let height = match task {
            Some(task) if above.contains(&task) => return Err(Error::ParentCycle { task }),
            Some(task) => self.height(task).await?,
            None => 1,
        };
        if above.len() + height > Task::MAX_LEVELS { Err(Error::TooDeep { task: parent }) } else { Ok(()) }
    }
}
