//! Domain values as the contract's messages.

use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use proto::task::v1 as pb;

use crate::{
    task::{Priority, State, Task},
    task_time::TaskTime,
    tasks::Page,
};

impl From<Task> for pb::Task {
    fn from(task: Task) -> Self {
        Self {
            id: task.id.to_string(),
            task_list_id: task.task_list_id.to_string(),
            title: task.title.as_str().to_owned(),
            notes: task.notes.as_str().to_owned(),
            state: pb::State::from(task.state).into(),
            priority: pb::Priority::from(task.priority).into(),
            due: task.due.map(Into::into),
            labels: task.labels.iter().map(str::to_owned).collect(),
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

impl From<Page> for pb::ListTasksResponse {
    fn from(page: Page) -> Self {
        Self {
            tasks: page.tasks.into_iter().map(Into::into).collect(),
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

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    // Below a second there are fewer nanoseconds than an i32 holds; a leap second does not get this far.
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default();
    Timestamp { seconds: time.timestamp(), nanos }
}
