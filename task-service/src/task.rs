//! A task and the rules of how it changes.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::task_state::{Priority, State};
use crate::{
    error::Error,
    etag::Etag,
    id::{TaskId, TaskListId},
    position::Position,
    task_annotation::Annotations,
    task_blockers::Blockers,
    task_draft::{TaskDraft, TaskPatch},
    task_reminder::Reminder,
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
    /// The task of the same list that it is a subtask of.
    #[serde(default)]
    pub parent_id: Option<TaskId>,
    /// What is to be done.
    pub title: Title,
    /// Whatever else there is to say.
    pub notes: Notes,
    /// How far it has come.
    pub state: State,
    /// How much it matters.
    pub priority: Priority,
    /// When it is to be begun.
    #[serde(default)]
    pub start: Option<TaskTime>,
    /// When it is to be done by.
    pub due: Option<TaskTime>,
    /// Up to [`Reminder::MAX_COUNT`].
    #[serde(default)]
    pub reminders: Vec<Reminder>,
    /// What it is filed under.
    pub labels: Labels,
    /// What programs note on it.
    #[serde(default)]
    pub annotations: Annotations,
    /// What it waits for.
    #[serde(default)]
    pub blocked_by: Blockers,
    /// Whether one of those is neither over nor in the trash.
    #[serde(default)]
    pub blocked: bool,
    /// Where it stands among the tasks of its list that have the same parent.
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
    /// The id of the task or list that it went into the trash with; its own if it went alone.
    #[serde(default)]
    pub trashed_with: Option<Uuid>,
    /// Its owner's revision at which it last changed.
    pub revision: i64,
}

/// Where a task stands.
#[derive(Clone, Debug)]
pub struct Spot {
    /// In which list.
    pub task_list_id: TaskListId,
    /// Under which task.
    pub parent_id: Option<TaskId>,
    /// Where among the others there.
    pub position: Position,
}

/// The length of an id as text.
const ID_BYTES: usize = 36;

/// When, and at which revision, a change takes place.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time of the change.
    pub time: DateTime<Utc>,
    /// The owner's revision that the change makes.
    pub revision: i64,
}

impl Task {
    /// How many levels of tasks there are at most: a task at the top, its subtasks, theirs, and so on.
    pub const MAX_LEVELS: usize = 10;

    /// A task made of a draft, not begun.
    #[must_use]
    pub fn new(id: TaskId, draft: TaskDraft, spot: Spot, at: Moment) -> Self {
        let Spot { task_list_id, parent_id, position } = spot;
        let mut task = Self {
            id,
            task_list_id,
            parent_id,
            title: draft.title,
            notes: Notes::default(),
            state: State::NeedsAction,
            priority: Priority::None,
            start: None,
            due: None,
            reminders: Vec::new(),
            labels: Labels::default(),
            annotations: Annotations::default(),
            blocked_by: Blockers::default(),
            blocked: false,
            position,
            create_time: at.time,
            update_time: at.time,
            complete_time: None,
            delete_time: None,
            purge_time: None,
            trashed_with: None,
            revision: at.revision,
        };
        task.apply(draft.fields, at);
        task
    }

    /// The name of the state that the task is in now.
    #[must_use]
    pub fn etag(&self) -> Etag {
        Etag::of(self.id.as_uuid(), self.revision)
    }

    /// How much text it carries.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let labels = self.labels.iter().map(str::len);
        let annotations = self.annotations.iter().map(|(name, value)| name.len() + value.len());
        let texts = [self.title.as_str().len(), self.notes.as_str().len(), self.blocked_by.len() * ID_BYTES];
        texts.into_iter().chain(labels).chain(annotations).sum()
    }

    /// Refuses a change by somebody who has seen another state than this one.
    pub fn check_etag(&self, seen: Option<&Etag>) -> Result<(), Error> {
        if seen.is_some_and(|etag| *etag != self.etag()) { Err(Error::EtagMismatch) } else { Ok(()) }
    }

    /// Changes the fields that the patch names.
    pub fn apply(&mut self, patch: TaskPatch, at: Moment) {
        let TaskPatch { title, notes, priority, start, due, reminders, labels, annotations, blocked_by } = patch;
        title.into_iter().for_each(|title| self.title = title);
        notes.into_iter().for_each(|notes| self.notes = notes);
        priority.into_iter().for_each(|priority| self.priority = priority);
        start.into_iter().for_each(|start| self.start = start);
        due.into_iter().for_each(|due| self.due = due);
        reminders.into_iter().for_each(|reminders| self.reminders = reminders);
        labels.into_iter().for_each(|labels| self.labels = labels);
        annotations.into_iter().for_each(|annotations| self.annotations = annotations);
        blocked_by.into_iter().for_each(|blockers| self.blocked_by = blockers);
        self.touch(at);
    }

    /// Takes it to another state, if there is such a step from the one that it is in.
    pub fn advance(&mut self, to: State, at: Moment) -> Result<(), Error> {
        if !self.state.may_become(to) {
            return Err(Error::InvalidTransition { task: self.id, from: self.state, to });
        }
        self.state = to;
        self.complete_time = (to == State::Completed).then_some(at.time);
        self.touch(at);
        Ok(())
    }

    /// Adds labels and takes others away.
    pub fn relabel(&mut self, add: &Labels, remove: &Labels, at: Moment) -> Result<(), Error> {
        let labels = self.labels.with(add, remove);
        self.labels = labels.map_err(|fault| Error::Invalid { field: "add_labels".to_owned(), fault })?;
        self.touch(at);
        Ok(())
    }

    /// Has it wait no longer for these tasks, which are gone.
    pub fn forget_blockers(&mut self, gone: &[TaskId], at: Moment) {
        self.blocked_by = self.blocked_by.without(gone);
        self.touch(at);
    }

    /// Puts it into the trash, from where it goes for good after `lifetime`.
    pub fn trash(&mut self, lifetime: Duration, at: Moment) {
        self.delete_time = Some(at.time);
        self.purge_time = Some(at.time + lifetime);
        self.trashed_with = Some(self.id.as_uuid());
        self.touch(at);
    }

    /// Takes it out of the trash.
    pub fn restore(&mut self, at: Moment) {
        self.delete_time = None;
        self.purge_time = None;
        self.trashed_with = None;
        self.touch(at);
    }

    /// Moves it to another spot.
    pub fn move_to(&mut self, spot: Spot, at: Moment) {
        self.task_list_id = spot.task_list_id;
        self.parent_id = spot.parent_id;
        self.position = spot.position;
        self.touch(at);
    }

    fn touch(&mut self, at: Moment) {
        self.update_time = at.time;
        self.revision = at.revision;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(revision: i64) -> Moment {
        Moment { time: DateTime::UNIX_EPOCH + Duration::seconds(revision), revision }
    }

    fn task() -> Task {
        let fields = TaskPatch {
            notes: Notes::parse("all of them".to_owned()).ok(),
            priority: Some(Priority::High),
            due: Some(TaskTime::parse("2026-11-21", "", "").ok()),
            ..TaskPatch::default()
        };
        let title = Title::parse("water the plants".to_owned()).unwrap();
        let draft = TaskDraft { id: None, task_list_id: None, parent_id: None, title, fields };
        let spot = Spot { task_list_id: Uuid::nil().into(), parent_id: None, position: Position::first() };
        Task::new(TaskId::from(Uuid::max()), draft, spot, moment(1))
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
    fn a_task_remembers_when_it_was_completed_until_it_is_taken_up_again() {
        let mut task = task();
        task.advance(State::Completed, moment(2)).unwrap();
        assert_eq!((task.complete_time, task.revision), (Some(moment(2).time), 2));
        assert!(matches!(task.advance(State::Completed, moment(3)), Err(Error::InvalidTransition { .. })));
        assert_eq!(task.revision, 2);
        task.advance(State::NeedsAction, moment(4)).unwrap();
        assert_eq!((task.complete_time, task.update_time), (None, moment(4).time));
        task.advance(State::Cancelled, moment(5)).unwrap();
        assert_eq!(task.complete_time, None);
    }

    #[test]
    fn the_trash_says_when_it_is_emptied() {
        let mut task = task();
        task.trash(Duration::days(30), moment(2));
        assert_eq!(task.delete_time, Some(moment(2).time));
        assert_eq!(task.purge_time, Some(moment(2).time + Duration::days(30)));
        task.restore(moment(3));
        assert_eq!((task.delete_time, task.purge_time, task.trashed_with, task.revision), (None, None, None, 3));
    }

    #[test]
    fn an_etag_is_good_until_the_next_change() {
        let mut task = task();
        let seen = task.etag();
        assert!(task.check_etag(None).is_ok());
        assert!(task.check_etag(Some(&seen)).is_ok());
        task.advance(State::Completed, moment(2)).unwrap();
        assert!(matches!(task.check_etag(Some(&seen)), Err(Error::EtagMismatch)));
    }
}
