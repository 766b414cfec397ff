//! A list of tasks and the rules of how it changes.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{error::Error, etag::Etag, id::TaskListId, position::Position, task::Moment, task_text::ListTitle};

/// Where tasks are kept together.
///
/// It is also what a remembered answer is stored as: a field added later needs a default.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TaskList {
    /// Unique among its owner's.
    pub id: TaskListId,
    /// What it is called.
    pub title: ListTitle,
    /// Whether it is the one that tasks go to of which nothing else is said. Each user has one, and cannot delete it.
    pub inbox: bool,
    /// Where it stands among its owner's.
    pub position: Position,
    /// When it was made.
    pub create_time: DateTime<Utc>,
    /// When it last changed.
    pub update_time: DateTime<Utc>,
    /// When it was put into the trash.
    pub delete_time: Option<DateTime<Utc>>,
    /// When it leaves the trash for good.
    pub purge_time: Option<DateTime<Utc>>,
    /// Its owner's revision at which it last changed.
    pub revision: i64,
}

impl TaskList {
    /// A new list.
    #[must_use]
    pub fn new(id: TaskListId, title: ListTitle, position: Position, at: Moment) -> Self {
        Self {
            id,
            title,
            inbox: false,
            position,
            create_time: at.time,
            update_time: at.time,
            delete_time: None,
            purge_time: None,
            revision: at.revision,
        }
    }

    /// The name of the state that the list is in now.
    #[must_use]
    pub fn etag(&self) -> Etag {
        Etag::of(self.id.as_uuid(), self.revision)
    }

    /// Refuses a change by somebody who has seen another state than this one.
    pub fn check_etag(&self, seen: Option<&Etag>) -> Result<(), Error> {
        if seen.is_some_and(|etag| *etag != self.etag()) { Err(Error::EtagMismatch) } else { Ok(()) }
    }

    /// Calls it something else.
    pub fn rename(&mut self, title: ListTitle, at: Moment) {
        self.title = title;
        self.touch(at);
    }

    /// Moves it to another place.
    pub fn move_to(&mut self, position: Position, at: Moment) {
        self.position = position;
        self.touch(at);
    }

    /// Puts it into the trash, from where it goes for good after `lifetime`.
    pub fn trash(&mut self, lifetime: Duration, at: Moment) -> Result<(), Error> {
        if self.inbox {
            return Err(Error::InboxUndeletable { id: self.id });
        }
        self.delete_time = Some(at.time);
        self.purge_time = Some(at.time + lifetime);
        self.touch(at);
        Ok(())
    }

    /// Takes it out of the trash.
    pub fn restore(&mut self, at: Moment) {
        self.delete_time = None;
        self.purge_time = None;
        self.touch(at);
    }

    fn touch(&mut self, at: Moment) {
        self.update_time = at.time;
        self.revision = at.revision;
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn moment(revision: i64) -> Moment {
        Moment { time: DateTime::UNIX_EPOCH + Duration::seconds(revision), revision }
    }

    #[test]
    fn the_inbox_cannot_go_into_the_trash() {
        let title = ListTitle::parse("Chores".to_owned()).unwrap();
        let mut list = TaskList::new(TaskListId::from(Uuid::nil()), title, Position::first(), moment(1));
        let mut inbox = TaskList { inbox: true, ..list.clone() };
        assert!(matches!(inbox.trash(Duration::days(30), moment(2)), Err(Error::InboxUndeletable { .. })));
        assert_eq!(inbox.revision, 1);
        list.trash(Duration::days(30), moment(2)).unwrap();
        assert_eq!(list.purge_time, Some(moment(2).time + Duration::days(30)));
        list.restore(moment(3));
        assert_eq!((list.delete_time, list.purge_time, list.revision), (None, None, 3));
    }
}
