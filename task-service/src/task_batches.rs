//! What a caller can do with many tasks at once: all of it or nothing.

use crate::{
    error::Error,
    id::TaskId,
    intent::Intent,
    store::Write,
    task::Task,
    task_draft::{TaskDraft, TaskPatch},
    tasks::{self, Target, UserTasks},
};

/// The field that holds the items of a batch.
const REQUESTS: &str = "requests";

impl UserTasks {
    /// Tasks in the order in which they are named, also those in the trash.
    pub async fn batch_get(&self, ids: &[TaskId]) -> Result<Vec<Task>, Error> {
        let found = self.store.tasks(ids).await?;
        let find = |(index, id): (usize, &TaskId)| {
            let task = found.iter().find(|task| task.id == *id).cloned();
            task.ok_or_else(|| Error::TaskNotFound.of_item("task_ids", index))
        };
        ids.iter().enumerate().map(find).collect()
    }

    /// Makes tasks, each as if alone, one after the other.
    pub async fn batch_create(&self, intent: &Intent, drafts: &[TaskDraft]) -> Result<Vec<Task>, Error> {
        let work = |mut write: Write| async move {
            let mut made = Vec::with_capacity(drafts.len());
            for (index, draft) in drafts.iter().enumerate() {
                let task = tasks::create(&mut write, draft.clone()).await;
                made.push(task.map_err(|error| error.of_item(REQUESTS, index))?);
            }
            Ok((write, made))
        };
        self.store.write(intent, work).await
    }

    /// Changes fields of tasks, one after the other.
    pub async fn batch_update(&self, intent: &Intent, patches: &[(Target, TaskPatch)]) -> Result<Vec<Task>, Error> {
        let work = |mut write: Write| async move {
            let mut changed = Vec::with_capacity(patches.len());
            for (index, (target, patch)) in patches.iter().enumerate() {
                let task = tasks::update(&mut write, target, patch).await;
                changed.push(task.map_err(|error| error.of_item(REQUESTS, index))?);
            }
            Ok((write, changed))
        };
        self.store.write(intent, work).await
    }

    /// Puts tasks into the trash, and what is under them. One that went there with another of them has gone too.
    pub async fn batch_delete(&self, intent: &Intent, targets: &[Target]) -> Result<Vec<Task>, Error> {
        let work = |mut write: Write| async move {
            let ids: Vec<TaskId> = targets.iter().map(|target| target.id).collect();
            let before = write.tasks(&ids).await?;
            let mut deleted = Vec::with_capacity(targets.len());
            for (index, target) in targets.iter().enumerate() {
                let task = match self.delete_in(&mut write, target).await {
                    Err(Error::TaskNotFound) => went_along(&write, target, &before).await,
                    other => other,
                };
                deleted.push(task.map_err(|error| error.of_item(REQUESTS, index))?);
            }
            Ok((write, deleted))
        };
        self.store.write(intent, work).await
    }
}

/// A task that went into the trash with another of its batch; `before` are those that were not there.
async fn went_along(write: &Write, target: &Target, before: &[Task]) -> Result<Task, Error> {
    let seen = before.iter().find(|task| task.id == target.id).ok_or(Error::TaskNotFound)?;
    seen.check_etag(target.etag.as_ref())?;
    write.trashed_task(target.id).await
}
