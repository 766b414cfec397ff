//! What a caller can do with lists. Each change is one write, as with tasks.

use authn::Caller;
use chrono::Duration;

use crate::{
    error::Error,
    id::TaskListId,
    intent::Intent,
    page::{Cursor, Page, PageSize, PageTokens},
    place::Place,
    store::{Store, UserStore, Write},
    task::Moment,
    task_list::TaskList,
    task_text::ListTitle,
    tasks::Target,
};

/// Everybody's lists: nothing can be done with them before it is said for whom.
#[derive(Clone)]
pub struct Lists {
    store: Store,
    page_tokens: PageTokens,
    trash_lifetime: Duration,
}

/// One caller's lists.
pub struct UserLists {
    store: UserStore,
    page_tokens: PageTokens,
    trash_lifetime: Duration,
}

impl Lists {
    /// What lies in the trash leaves it after `trash_lifetime`.
    #[must_use]
    pub fn new(store: Store, page_tokens: PageTokens, trash_lifetime: Duration) -> Self {
        Self { store, page_tokens, trash_lifetime }
    }

    /// The lists of this caller.
    #[must_use]
    pub fn for_user(&self, caller: &Caller) -> UserLists {
        UserLists {
            store: self.store.for_user(caller),
            page_tokens: self.page_tokens.clone(),
            trash_lifetime: self.trash_lifetime,
        }
    }
}

impl UserLists {
    /// Makes a list, behind all others.
    pub async fn create(&self, intent: &Intent, id: Option<TaskListId>, title: ListTitle) -> Result<TaskList, Error> {
        let title = &title;
        let work = |mut write: Write| async move {
            let at = write.moment();
            let id = id.unwrap_or_else(|| TaskListId::generate(at.time));
            // Whoever has lists has an inbox, and before them.
            write.inbox().await?;
            let position = write.place_list(id, Place::Last).await?;
            let list = TaskList::new(id, title.clone(), position, at);
            write.insert_list(&list).await?;
            Ok((write, list))
        };
        self.store.write(intent, work).await
    }

    /// One list, also one in the trash.
    pub async fn get(&self, id: TaskListId) -> Result<TaskList, Error> {
        self.store.list(id).await
    }

    /// One page of the lists.
    pub async fn list(
        &self,
        show_deleted: bool,
        size: PageSize,
        page_token: Option<&str>,
    ) -> Result<Page<TaskList>, Error> {
        let (tokens, user) = (&self.page_tokens, self.store.user());
        let listing = format!("ListTaskLists {show_deleted}");
        let cursor = page_token.map(|token| tokens.open(user, &listing, token)).transpose()?;
        // One more than asked for tells whether another page follows.
        let mut items = self.store.lists_after(show_deleted, cursor.as_ref(), size.get() + 1).await?;
        let more = items.len() > size.get();
        items.truncate(size.get());
        let last = items.last().filter(|_| more);
        let last = last.map(|list| Cursor { position: list.position.clone(), id: list.id.as_uuid() });
        let next_page_token = last.map(|cursor| tokens.seal(user, &listing, &cursor)).transpose()?;
        Ok(Page { items, next_page_token })
    }

    /// Calls a list something else; without a title everything stays as it is.
    pub async fn update(
        &self,
        intent: &Intent,
        target: &Target<TaskListId>,
        title: Option<ListTitle>,
    ) -> Result<TaskList, Error> {
        let rule = |list: &mut TaskList, at: Moment| list.rename(title.clone().unwrap_or(list.title.clone()), at);
        let rule = &rule;
        let work = |mut write: Write| async move {
            let mut list = write.list(target.id).await?;
            list.check_etag(target.etag.as_ref())?;
            rule(&mut list, write.moment());
            write.update_list(&list).await?;
            Ok((write, list))
        };
        self.store.write(intent, work).await
    }

    /// Moves a list to another place among the caller's.
    pub async fn move_list(
        &self,
        intent: &Intent,
        target: &Target<TaskListId>,
        place: Place<TaskListId>,
    ) -> Result<TaskList, Error> {
        let work = |mut write: Write| async move {
            let mut list = write.list(target.id).await?;
            list.check_etag(target.etag.as_ref())?;
            if let Some(neighbour) = place.neighbour() {
                write.list(*neighbour).await?;
            }
            let position = write.place_list(list.id, place).await?;
            list.move_to(position, write.moment());
            write.update_list(&list).await?;
            Ok((write, list))
        };
        self.store.write(intent, work).await
    }

    /// Puts a list into the trash, and its tasks with it.
    pub async fn delete(&self, intent: &Intent, target: &Target<TaskListId>) -> Result<TaskList, Error> {
        let work = |mut write: Write| async move {
            let mut list = write.list(target.id).await?;
            list.check_etag(target.etag.as_ref())?;
            list.trash(self.trash_lifetime, write.moment())?;
            write.update_list(&list).await?;
            write.trash_tasks_of(list.id, self.trash_lifetime).await?;
            Ok((write, list))
        };
        self.store.write(intent, work).await
    }

    /// Takes a list out of the trash, and the tasks that went there with it.
    pub async fn undelete(&self, intent: &Intent, target: &Target<TaskListId>) -> Result<TaskList, Error> {
        let work = |mut write: Write| async move {
            let mut list = write.trashed_list(target.id).await?;
            list.check_etag(target.etag.as_ref())?;
            list.restore(write.moment());
            write.update_list(&list).await?;
            write.restore_tasks_of(list.id).await?;
            Ok((write, list))
        };
        self.store.write(intent, work).await
    }
}
