//! What a client says of a [`Task`](crate::task::Task).

use crate::{
    id::{TaskId, TaskListId},
    task_annotation::Annotations,
    task_blockers::Blockers,
    task_reminder::Reminder,
    task_state::Priority,
    task_text::{Labels, Notes, Title},
    task_time::TaskTime,
};

/// What a client says of a task that is to be made.
#[derive(Clone, Debug)]
pub struct TaskDraft {
    /// The id that the client chose, if it did.
    pub id: Option<TaskId>,
    /// The list that it is to be in; none: its parent's, or the inbox.
    pub task_list_id: Option<TaskListId>,
    /// The task that it is to be a subtask of.
    pub parent_id: Option<TaskId>,
    /// See `Task::title`.
    pub title: Title,
    /// Whatever else the client says.
    pub fields: TaskPatch,
}

/// The fields that a client changes; what is none stays as it is.
#[derive(Clone, Debug, Default)]
pub struct TaskPatch {
    /// See `Task::title`.
    pub title: Option<Title>,
    /// See `Task::notes`.
    pub notes: Option<Notes>,
    /// See `Task::priority`.
    pub priority: Option<Priority>,
    /// See `Task::start`: inside, none clears it.
    pub start: Option<Option<TaskTime>>,
    /// See `Task::due`: inside, none clears it.
    pub due: Option<Option<TaskTime>>,
    /// See `Task::reminders`.
    pub reminders: Option<Vec<Reminder>>,
    /// See `Task::labels`.
    pub labels: Option<Labels>,
    /// See `Task::annotations`.
    pub annotations: Option<Annotations>,
    /// See `Task::blocked_by`.
    pub blocked_by: Option<Blockers>,
}
