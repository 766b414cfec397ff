//! A task as a row, and back.

use chrono::{NaiveDate, NaiveTime};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    FromQueryResult,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::entity::task::{ActiveModel, Model};
use crate::{
    error::Error,
    id::TaskId,
    position::Position,
    task::{Priority, State, Task},
    task_text::{Notes, Title},
    task_time::TaskTime,
};

/// Without the owner, whom the scope adds.
pub(super) fn row(task: &Task) -> Result<ActiveModel, Error> {
    let order = |time: Option<TaskTime>| time.map_or(i64::MAX, |time| time.order());
    Ok(ActiveModel {
        user_id: NotSet,
        id: Set(task.id.as_uuid()),
        task_list_id: Set(task.task_list_id.as_uuid()),
        parent_id: Set(task.parent_id.map(TaskId::as_uuid)),
        title: Set(task.title.as_str().to_owned()),
        notes: Set(task.notes.as_str().to_owned()),
        state: Set(task.state.name().to_owned()),
        priority: Set(task.priority.rank()),
        due_date: Set(task.due.map(|due| due.date())),
        due_time_of_day: Set(task.due.and_then(|due| due.time_of_day())),
        due_time_zone: Set(task.due.and_then(|due| due.time_zone()).map(str::to_owned)),
        start_date: Set(task.start.map(|start| start.date())),
        start_time_of_day: Set(task.start.and_then(|start| start.time_of_day())),
        start_time_zone: Set(task.start.and_then(|start| start.time_zone()).map(str::to_owned)),
        reminders: Set(to_json(&task.reminders)?),
        annotations: Set(to_json(&task.annotations)?),
        labels: Set(to_json(&task.labels)?),
        blocked_by: Set(to_json(&task.blocked_by)?),
        position: Set(task.position.as_str().to_owned()),
        create_time: Set(task.create_time),
        update_time: Set(task.update_time),
        complete_time: Set(task.complete_time),
        delete_time: Set(task.delete_time),
        purge_time: Set(task.purge_time),
        trashed_with: Set(task.trashed_with),
        revision: Set(task.revision),
        state_rank: NotSet,
        due_order: Set(order(task.due)),
        start_order: Set(order(task.start)),
        complete_order: Set(task.complete_time.map_or(i64::MAX, |time| time.timestamp_micros())),
    })
}

fn to_json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|cause| Error::Internal(cause.into()))
}

fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|cause| Error::Internal(cause.into()))
}

/// A time of three columns.
fn time(
    date: Option<NaiveDate>,
    time_of_day: Option<NaiveTime>,
    zone: Option<&str>,
) -> Result<Option<TaskTime>, Error> {
    let Some(date) = date else { return Ok(None) };
    TaskTime::from_stored(date, time_of_day, zone).map(Some).ok_or_else(|| Error::corrupt("a time zone of a task"))
}

/// A row with what other rows say of it.
#[derive(Debug, FromQueryResult)]
pub(super) struct Found {
    #[sea_orm(nested)]
    task: Model,
    blocked: bool,
}

impl TryFrom<Found> for Task {
    type Error = Error;

    fn try_from(found: Found) -> Result<Self, Error> {
        let Found { task: row, blocked } = found;
        Ok(Self {
            id: row.id.into(),
            task_list_id: row.task_list_id.into(),
            parent_id: row.parent_id.map(TaskId::from),
            title: Title::from_stored(row.title),
            notes: Notes::from_stored(row.notes),
            state: State::from_name(&row.state).ok_or_else(|| Error::corrupt("task.state"))?,
            priority: Priority::from_rank(row.priority).ok_or_else(|| Error::corrupt("task.priority"))?,
            start: time(row.start_date, row.start_time_of_day, row.start_time_zone.as_deref())?,
            due: time(row.due_date, row.due_time_of_day, row.due_time_zone.as_deref())?,
            reminders: from_json(row.reminders)?,
            labels: from_json(row.labels)?,
            annotations: from_json(row.annotations)?,
            blocked_by: from_json(row.blocked_by)?,
            blocked,
            position: Position::from_stored(row.position),
            create_time: row.create_time,
            update_time: row.update_time,
            complete_time: row.complete_time,
            delete_time: row.delete_time,
            purge_time: row.purge_time,
            trashed_with: row.trashed_with,
            revision: row.revision,
        })
    }
}
