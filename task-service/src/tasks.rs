//! What a caller can do with tasks. Each change is one write: it happens whole or not at all, and once.
//!
//! A task in the trash can be looked at; to every change but [`undelete`](UserTasks::undelete) it is as if it were gone.

use authn::Caller;
use chrono::Duration;

use crate::{
    error::Error,
    etag::Etag,
    id::TaskId,
    intent::Intent,
    listing::{Bookmark, Listing},
    page::{Page, PageSize, PageTokens},
    place::Place,
    store::{Store, UserStore, Write},
    task::{Moment, Spot, State, Task},
    task_draft::{TaskDraft, TaskPatch},
    task_text::Labels,
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
    pub(crate) store: UserStore,
    page_tokens: PageTokens,
    pub(crate) trash_lifetime: Duration,
}

/// Which task or list is to change, and from which state.
#[derive(Clone, Debug)]
pub struct Target<Id = TaskId> {
    /// Which one.
    pub id: Id,
    /// The state that it must still have; none: any.
    pub etag: Option<Etag>,
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
    /// Makes a task, behind all others of its list and parent.
    pub async fn create(&self, intent: &Intent, draft: TaskDraft) -> Result<Task, Error> {
        let draft = &draft;
        let work = |mut write: Write| async move {
            let task = create(&mut write, draft.clone()).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }

    /// One task, also one in the trash.
    pub async fn get(&self, id: TaskId) -> Result<Task, Error> {
        self.store.task(id).await
    }

    /// One page of a listing.
    pub async fn list(&self, listing: &Listing, size: PageSize, token: Option<&str>) -> Result<Page<Task>, Error> {
        let (tokens, user, arguments) = (&self.page_tokens, self.store.user(), listing.arguments.as_bytes());
        let behind: Option<Bookmark> = token.map(|token| tokens.open(user, arguments, token)).transpose()?;
        if behind.as_ref().is_some_and(|behind| !behind.fits(&listing.order)) {
            return Err(Error::PageTokenInvalid);
        }
        let now = behind.as_ref().map_or_else(|| self.store.now(), Bookmark::now);
        // One more than asked for tells whether another page follows.
        let mut items = self.store.page(listing, now, behind.as_ref(), size.get() + 1).await?;
        if let (Some(list), []) = (listing.task_list, &*items) {
            self.store.list(list).await?;
        }
        let fitting = fitting(&items).min(size.get());
        let more = items.len() > fitting;
        items.truncate(fitting);
        let last = items.last().filter(|_| more).map(|task| listing.bookmark(task, now));
        let next_page_token = last.map(|last| tokens.seal(user, arguments, &last)).transpose()?;
        Ok(Page { items, next_page_token })
    }

    /// Changes the fields that the patch names.
    pub async fn update(&self, intent: &Intent, target: &Target, patch: TaskPatch) -> Result<Task, Error> {
        let patch = &patch;
        let work = |mut write: Write| async move {
            let task = update(&mut write, target, patch).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }

    /// Takes a task to another state.
    pub async fn advance(&self, intent: &Intent, target: &Target, to: State) -> Result<Task, Error> {
        self.change(intent, target, |task: &mut Task, at: Moment| task.advance(to, at)).await
    }

    /// Adds labels to a task and takes others away.
    pub async fn relabel(&self, intent: &Intent, id: TaskId, add: &Labels, remove: &Labels) -> Result<Task, Error> {
        let target = Target { id, etag: None };
        self.change(intent, &target, |task: &mut Task, at: Moment| task.relabel(add, remove, at)).await
    }

    async fn change(
        &self,
        intent: &Intent,
        target: &Target,
        rule: impl Fn(&mut Task, Moment) -> Result<(), Error> + Sync,
    ) -> Result<Task, Error> {
        let rule = &rule;
        let work = |mut write: Write| async move {
            let task = change(&mut write, target, rule).await?;
            Ok((write, task))
        };
        self.store.write(intent, work).await
    }
}

pub(crate) async fn create(write: &mut Write, draft: TaskDraft) -> Result<Task, Error> {
    let at = write.moment();
    let id = draft.id.unwrap_or_else(|| TaskId::generate(at.time));
    let parent_id = draft.parent_id;
    let list = match (draft.task_list_id, parent_id) {
        (Some(list), _) => write.list(list).await?.id,
        (None, Some(parent)) => write.task(parent).await?.task_list_id,
        (None, None) => write.inbox().await?,
    };
    write.check_parent(None, list, parent_id, "task.parent_id").await?;
    let position = write.place_task(id, list, parent_id, Place::Last).await?;
    let task = Task::new(id, draft, Spot { task_list_id: list, parent_id, position }, at);
    write.insert_task(&task).await?;
    write.answer(task).await
}

pub(crate) async fn update(write: &mut Write, target: &Target, patch: &TaskPatch) -> Result<Task, Error> {
    let rule = |task: &mut Task, at: Moment| {
        task.apply(patch.clone(), at);
        Ok(())
    };
    change(write, target, &rule).await
}

async fn change(
    write: &mut Write,
    target: &Target,
    rule: &(impl Fn(&mut Task, Moment) -> Result<(), Error> + Sync),
) -> Result<Task, Error> {
    let before = write.task(target.id).await?;
    before.check_etag(target.etag.as_ref())?;
    let mut task = before.clone();
    rule(&mut task, write.moment())?;
    write.update_task(&before, &task).await?;
    write.answer(task).await
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
