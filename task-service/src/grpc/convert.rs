//! Domain values as the contract's messages.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use proto::task::v1 as pb;

use crate::{
    page::Page,
    task::{Priority, State, Task},
    task_list::TaskList,
    task_reminder::{Lead, Reminder},
    task_time::TaskTime,
};

impl From<Task> for pb::Task {
    fn from(task: Task) -> Self {
        let reminders = task.reminders.iter().map(|reminder| convert_reminder(*reminder, &task)).collect();
        Self {
            id: task.id.to_string(),
            task_list_id: task.task_list_id.to_string(),
            parent_id: task.parent_id.map(|parent| parent.to_string()).unwrap_or_default(),
            title: task.title.as_str().to_owned(),
            notes: task.notes.as_str().to_owned(),
            state: pb::State::from(task.state).into(),
            priority: pb::Priority::from(task.priority).into(),
            start: task.start.map(Into::into),
            due: task.due.map(Into::into),
            reminders,
            labels: task.labels.iter().map(str::to_owned).collect(),
            annotations: task.annotations.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            blocked_by: task.blocked_by.iter().map(|id| id.to_string()).collect(),
            blocked: task.blocked,
            position: task.position.as_str().to_owned(),
            create_time: Some(timestamp(task.create_time)),
            update_time: Some(timestamp(task.update_time)),
            complete_time: task.complete_time.map(timestamp),
            delete_time: task.delete_time.map(timestamp),
            purge_time: task.purge_time.map(timestamp),
            etag: task.etag().into_string(),
            revision: task.revision,
        }
    }
}

impl From<TaskList> for pb::TaskList {
    fn from(list: TaskList) -> Self {
        Self {
            id: list.id.to_string(),
            title: list.title.as_str().to_owned(),
            inbox: list.inbox,
            position: list.position.as_str().to_owned(),
            create_time: Some(timestamp(list.create_time)),
            update_time: Some(timestamp(list.update_time)),
            delete_time: list.delete_time.map(timestamp),
            purge_time: list.purge_time.map(timestamp),
            etag: list.etag().into_string(),
            revision: list.revision,
        }
    }
}

impl From<Page<Task>> for pb::ListTasksResponse {
    fn from(page: Page<Task>) -> Self {
        Self {
            tasks: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token.unwrap_or_default(),
        }
    }
}

impl From<Page<TaskList>> for pb::ListTaskListsResponse {
    fn from(page: Page<TaskList>) -> Self {
        Self {
            task_lists: page.items.into_iter().map(Into::into).collect(),
            next_page_token: page.next_page_token.unwrap_or_default(),
        }
    }
}

impl From<State> for pb::State {
    fn from(state: State) -> Self {
        match state {
            State::NeedsAction => Self::NeedsAction,
            State::InProcess => Self::InProcess,
            State::Completed => Self::Completed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Priority> for pb::Priority {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::None => Self::None,
            Priority::Low => Self::Low,
            Priority::Medium => Self::Medium,
            Priority::High => Self::High,
            Priority::Urgent => Self::Urgent,
        }
    }
}

impl From<pb::Priority> for Priority {
    fn from(priority: pb::Priority) -> Self {
        match priority {
            pb::Priority::Unspecified | pb::Priority::None => Self::None,
            pb::Priority::Low => Self::Low,
            pb::Priority::Medium => Self::Medium,
            pb::Priority::High => Self::High,
            pb::Priority::Urgent => Self::Urgent,
        }
    }
}

impl From<TaskTime> for pb::TaskTime {
    fn from(time: TaskTime) -> Self {
        Self {
            date: time.date().to_string(),
            time_of_day: time.time_of_day_text(),
            time_zone: time.time_zone().unwrap_or_default().to_owned(),
        }
    }
}

fn convert_reminder(reminder: Reminder, task: &Task) -> pb::Reminder {
    use pb::reminder::Trigger;
    let duration = |lead: Lead| prost_types::Duration { seconds: lead.seconds().into(), nanos: 0 };
    let trigger = match reminder {
        Reminder::At(time) => Trigger::At(time.into()),
        Reminder::BeforeStart(lead) => Trigger::BeforeStart(duration(lead)),
        Reminder::BeforeDue(lead) => Trigger::BeforeDue(duration(lead)),
    };
    pb::Reminder { trigger: Some(trigger), remind_time: reminder.time(task.start, task.due).map(Into::into) }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    // Below a second there are fewer nanoseconds than an i32 holds; a leap second does not get this far.
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: time.timestamp(), nanos }
}
