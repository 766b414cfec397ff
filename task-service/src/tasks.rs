//! What a caller can do with tasks. Each change is one write: it happens whole or not at all, and once.
//!
//! A task in the trash can be looked at; to every change it is as if it were gone.

use authn::Caller;
use chrono::Duration;

use crate::{
    error::Error,
    etag::Etag,
    id::TaskId,
    intent::Intent,
    page::{Cursor, PageSize, PageTokens},
    store::{Store, UserStore, Write},
    task::{Moment, Task, TaskDraft, TaskPatch},
};

/// Everybody's tasks: nothing can be done with them before it is said for whom.
#[derive(Clone)]
pub struct Tasks {
    store: Store,
    page_tokens: PageTokens,
    trash_lifetime: Duration,
}

/// One caller's tasks.
pub struct UserTasks {
    store: UserStore,
    page_tokens: PageTokens,
    trash_lifetime: Duration,
}

/// Which task is to change, and from which state.
#[derive(Clone, Debug)]
pub struct Target {
    /// Which task.
    pub id: TaskId,
    /// The state that it must still have; none: any.
    pub etag: Option<Etag>,
}

/// Some tasks of a listing, and the token for those that follow.
#[derive(Debug)]
pub struct Page {
    /// The tasks in order.
    pub tasks: Vec<Task>,
    /// None on the last page.
    pub next_page_token: Option<String>,
}

/// The text that a page holds at most, so that its answer stays below the 4 MiB that gRPC clients take.
const MAX_PAGE_BYTES: usize = 3 * 1024 * 1024;

impl Tasks {
    /// What lies in the trash leaves it after `trash_lifetime`.
    #[must_use]
    pub fn new(store: Store, page_tokens: PageTokens, trash_lifetime: Duration) -> Self {
        Self { store, page_tokens, trash_lifetime }
    }

    /// The tasks of this caller.
    #[must_use]
    pub fn for_user(&self, caller: &Caller) -> UserTasks {
        UserTasks {
            store: self.store.for_user(caller),
            page_tokens: self.page_tokens.clone(),
            trash_lifetime: self.trash_lifetime,
        }
    }
}

impl UserTasks {
    /// Makes a task, last in the inbox.
    pub async fn create(&self, intent: &Intent, draft: TaskDraft) -> Result<Task, Error> {
        let draft = &draft;
        let work = |mut write: Write| async move {
            let list = write.inbox().await?;
            let position = write.last_place(list).await?;
            let task = Task::new(draft.clone(), list, position, write.moment());
            write.insert_task(&task).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }

    /// One task, also one in the trash.
    pub async fn get(&self, id: TaskId) -> Result<Task, Error> {
        self.store.task(id).await
    }

    /// One page of the tasks that are not in the trash.
    pub async fn list(&self, size: PageSize, page_token: Option<&str>) -> Result<Page, Error> {
        let cursor = page_token.map(|token| self.page_tokens.open(self.store.user(), token)).transpose()?;
        // One more than asked for tells whether another page follows.
        let mut tasks = self.store.tasks_after(cursor.as_ref(), size.get() + 1).await?;
        let fitting = fitting(&tasks).min(size.get());
        let more = tasks.len() > fitting;
        tasks.truncate(fitting);
        let last = tasks.last().filter(|_| more).map(|task| Cursor { position: task.position.clone(), id: task.id });
        let next_page_token = last.map(|cursor| self.page_tokens.seal(self.store.user(), &cursor)).transpose()?;
        Ok(Page { tasks, next_page_token })
    }

    /// Changes the fields that the patch names.
    pub async fn update(&self, intent: &Intent, target: &Target, patch: TaskPatch) -> Result<Task, Error> {
        let rule = |task: &mut Task, at: Moment| {
            task.apply(patch.clone(), at);
            Ok(())
        };
        self.change(intent, target, rule).await
    }

    /// Completes a task that is not over yet.
    pub async fn complete(&self, intent: &Intent, target: &Target) -> Result<Task, Error> {
        self.change(intent, target, Task::complete).await
    }

    /// Puts a task into the trash.
    pub async fn delete(&self, intent: &Intent, target: &Target) -> Result<Task, Error> {
        let rule = |task: &mut Task, at: Moment| {
            task.trash(self.trash_lifetime, at);
            Ok(())
        };
        self.change(intent, target, rule).await
    }

    async fn change(
        &self,
        intent: &Intent,
        target: &Target,
        rule: impl Fn(&mut Task, Moment) -> Result<(), Error> + Sync,
    ) -> Result<Task, Error> {
        let rule = &rule;
        let work = |mut write: Write| async move {
            let mut task = write.task(target.id).await?;
            task.check_etag(target.etag.as_ref())?;
            rule(&mut task, write.moment())?;
            write.update_task(&task).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }
}

/// How many of the tasks fit into one page. One always does.
fn fitting(tasks: &[Task]) -> usize {
    let mut bytes = 0;
    tasks
        .iter()
        .take_while(|task| {
            bytes += task.text_bytes();
            bytes <= MAX_PAGE_BYTES
        })
        .count()
}
