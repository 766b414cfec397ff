//! A task and the rules of how it changes.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    etag::Etag,
    id::{TaskId, TaskListId},
    position::Position,
    task_text::{Labels, Notes, Title},
    task_time::TaskTime,
};

/// Something to do.
///
/// It is also what a remembered answer is stored as: a field added later needs a default.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Task {
    /// Unique among its owner's.
    pub id: TaskId,
    /// The list that it is in.
    pub task_list_id: TaskListId,
    /// What is to be done.
    pub title: Title,
    /// Whatever else there is to say.
    pub notes: Notes,
    /// How far it has come.
    pub state: State,
    /// How much it matters.
    pub priority: Priority,
    /// When it is to be done by.
    pub due: Option<TaskTime>,
    /// What it is filed under.
    pub labels: Labels,
    /// Where it stands in its list.
    pub position: Position,
    /// When it was made.
    pub create_time: DateTime<Utc>,
    /// When it last changed.
    pub update_time: DateTime<Utc>,
    /// When it was completed.
    pub complete_time: Option<DateTime<Utc>>,
    /// When it was put into the trash.
    pub delete_time: Option<DateTime<Utc>>,
    /// When it leaves the trash for good.
    pub purge_time: Option<DateTime<Utc>>,
    /// Its owner's revision at which it last changed.
    pub revision: i64,
}

/// How far a task has come (RFC 5545, STATUS).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum State {
    /// Not begun.
    NeedsAction,
    /// Begun.
    InProcess,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

/// How much a task matters; the higher, the more.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Priority {
    /// It does not say.
    #[default]
    None,
    /// Low.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Urgent.
    Urgent,
}

/// What a client says of a task that is to be made.
#[derive(Clone, Debug)]
pub struct TaskDraft {
    /// The id that the client chose, if it did.
    pub id: Option<TaskId>,
    /// See [`Task::title`].
    pub title: Title,
    /// See [`Task::notes`].
    pub notes: Notes,
    /// See [`Task::priority`].
    pub priority: Priority,
    /// See [`Task::due`].
    pub due: Option<TaskTime>,
    /// See [`Task::labels`].
    pub labels: Labels,
}

/// The fields that a client changes; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct TaskPatch {
    /// See [`Task::title`].
    pub title: Option<Title>,
    /// See [`Task::notes`].
    pub notes: Option<Notes>,
    /// See [`Task::priority`].
    pub priority: Option<Priority>,
    /// See [`Task::due`]: inside, none clears it.
    pub due: Option<Option<TaskTime>>,
    /// See [`Task::labels`].
    pub labels: Option<Labels>,
}

/// When, and at which revision, a change takes place.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time of the change.
    pub time: DateTime<Utc>,
    /// The owner's revision that the change makes.
    pub revision: i64,
}

impl Task {
    /// A task made of a draft, not begun.
    #[must_use]
    pub fn new(draft: TaskDraft, task_list_id: TaskListId, position: Position, at: Moment) -> Self {
        Self {
            id: draft.id.unwrap_or_else(|| TaskId::generate(at.time)),
            task_list_id,
            title: draft.title,
            notes: draft.notes,
            state: State::NeedsAction,
            priority: draft.priority,
            due: draft.due,
            labels: draft.labels,
            position,
            create_time: at.time,
            update_time: at.time,
            complete_time: None,
            delete_time: None,
            purge_time: None,
            revision: at.revision,
        }
    }

    /// The name of the state that the task is in now.
    #[must_use]
    pub fn etag(&self) -> Etag {
        Etag::of(self.id, self.revision)
    }

    /// How much text it carries.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        self.title.as_str().len() + self.notes.as_str().len() + self.labels.iter().map(str::len).sum::<usize>()
    }

    /// Refuses a change by somebody who has seen another state than this one.
    pub fn check_etag(&self, seen: Option<&Etag>) -> Result<(), Error> {
        if seen.is_some_and(|etag| *etag != self.etag()) { Err(Error::EtagMismatch) } else { Ok(()) }
    }

    /// Changes the fields that the patch names.
    pub fn apply(&mut self, patch: TaskPatch, at: Moment) {
        let TaskPatch { title, notes, priority, due, labels } = patch;
        title.into_iter().for_each(|title| self.title = title);
        notes.into_iter().for_each(|notes| self.notes = notes);
        priority.into_iter().for_each(|priority| self.priority = priority);
        due.into_iter().for_each(|due| self.due = due);
        labels.into_iter().for_each(|labels| self.labels = labels);
        self.touch(at);
    }

    /// Completes it, if it is not over yet.
    pub fn complete(&mut self, at: Moment) -> Result<(), Error> {
        match self.state {
            State::NeedsAction | State::InProcess => {}
            from @ (State::Completed | State::Cancelled) => {
                return Err(Error::InvalidTransition { task: self.id, from, to: State::Completed });
            }
        }
        self.state = State::Completed;
        self.complete_time = Some(at.time);
        self.touch(at);
        Ok(())
    }

    /// Puts it into the trash, from where it goes for good after `lifetime`.
    pub fn trash(&mut self, lifetime: Duration, at: Moment) {
        self.delete_time = Some(at.time);
        self.purge_time = Some(at.time + lifetime);
        self.touch(at);
    }

    fn touch(&mut self, at: Moment) {
        self.update_time = at.time;
        self.revision = at.revision;
    }
}

impl State {
    /// The name that the contract and the store know it by.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NeedsAction => "NEEDS_ACTION",
            Self::InProcess => "IN_PROCESS",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::NeedsAction, Self::InProcess, Self::Completed, Self::Cancelled]
            .into_iter()
            .find(|state| state.name() == name)
    }
}

impl Priority {
    /// Its rank from 0 on: higher ones matter more.
    #[must_use]
    pub fn rank(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }

    /// The priority of that rank.
    #[must_use]
    pub fn from_rank(rank: i16) -> Option<Self> {
        [Self::None, Self::Low, Self::Medium, Self::High, Self::Urgent]
            .into_iter()
            .find(|priority| priority.rank() == rank)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn moment(revision: i64) -> Moment {
        Moment { time: DateTime::UNIX_EPOCH + Duration::seconds(revision), revision }
    }

    fn task() -> Task {
        let draft = TaskDraft {
            id: None,
            title: Title::parse("water the plants".to_owned()).unwrap(),
            notes: Notes::parse("all of them".to_owned()).unwrap(),
            priority: Priority::High,
            due: TaskTime::parse("2026-11-21", "", "").ok(),
            labels: Labels::default(),
        };
        Task::new(draft, TaskListId::from(Uuid::nil()), Position::first(), moment(1))
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let before = task();
        let mut after = before.clone();
        after.apply(TaskPatch { due: Some(None), ..TaskPatch::default() }, moment(2));
        let expected = Task { due: None, update_time: moment(2).time, revision: 2, ..before };
        assert_eq!(after, expected);
    }

    #[test]
    fn only_what_is_not_over_can_be_completed() {
        for (state, allowed) in
            [(State::NeedsAction, true), (State::InProcess, true), (State::Completed, false), (State::Cancelled, false)]
        {
            let mut task = Task { state, ..task() };
            assert_eq!(task.complete(moment(2)).is_ok(), allowed, "{state:?}");
            assert_eq!(task.complete_time.is_some(), allowed, "{state:?}");
            assert_eq!(task.revision, if allowed { 2 } else { 1 }, "{state:?}");
        }
    }

    #[test]
    fn the_trash_says_when_it_is_emptied() {
        let mut task = task();
        task.trash(Duration::days(30), moment(2));
        assert_eq!(task.delete_time, Some(moment(2).time));
        assert_eq!(task.purge_time, Some(moment(2).time + Duration::days(30)));
    }

    #[test]
    fn an_etag_is_good_until_the_next_change() {
        let mut task = task();
        let seen = task.etag();
        assert!(task.check_etag(None).is_ok());
        assert!(task.check_etag(Some(&seen)).is_ok());
        task.complete(moment(2)).unwrap();
        assert!(matches!(task.check_etag(Some(&seen)), Err(Error::EtagMismatch)));
    }

    #[test]
    fn states_and_priorities_read_back() {
        for state in [State::NeedsAction, State::InProcess, State::Completed, State::Cancelled] {
            assert_eq!(State::from_name(state.name()), Some(state));
        }
        for priority in [Priority::None, Priority::Low, Priority::Medium, Priority::High, Priority::Urgent] {
            assert_eq!(Priority::from_rank(priority.rank()), Some(priority));
        }
        assert_eq!((State::from_name("DONE"), Priority::from_rank(5)), (None, None));
    }
}
