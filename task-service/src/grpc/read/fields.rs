//! The fields of a task that a client sets.

use std::collections::BTreeMap;

use proto::task::v1 as pb;

use super::{faults::Faults, id_of, mask::Fields};
use crate::{
    id::TaskId,
    task::Priority,
    task_annotation::Annotations,
    task_blockers::Blockers,
    task_draft::TaskPatch,
    task_reminder::{Lead, Reminder},
    task_text::{Labels, Notes, Title},
    task_time::TaskTime,
};

/// The new values of the fields; nothing if one of them broke a rule.
pub(super) fn patch(task: pb::Task, fields: Fields, faults: &mut Faults) -> Option<TaskPatch> {
    let pb::Task { title, notes, priority, start, due, reminders, labels, annotations, blocked_by, .. } = task;
    let title = fields.title.then(|| faults.keep("title", Title::parse(title)));
    let notes = fields.notes.then(|| faults.keep("notes", Notes::parse(notes)));
    let priority = fields.priority.then(|| read_priority(priority, faults));
    let start = fields.start.then(|| read_optional_time(start.as_ref(), "start", faults));
    let due = fields.due.then(|| read_optional_time(due.as_ref(), "due", faults));
    let reminders = fields.reminders.then(|| read_reminders(&reminders, faults));
    let labels = fields.labels.then(|| read_labels(labels, "labels", faults));
    let annotations = fields.annotations.then(|| read_annotations(annotations, faults));
    let blocked_by = fields.blocked_by.then(|| read_blockers(&blocked_by, faults));
    Some(TaskPatch {
        title: all(title)?,
        notes: all(notes)?,
        priority: all(priority)?,
        start: all(start)?,
        due: all(due)?,
        reminders: all(reminders)?,
        labels: all(labels)?,
        annotations: all(annotations)?,
        blocked_by: all(blocked_by)?,
    })
}

/// Nothing if a value was asked for and refused.
fn all<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |value| value.map(Some))
}

fn read_priority(number: i32, faults: &mut Faults) -> Option<Priority> {
    let known = pb::Priority::try_from(number).map(Into::into).map_err(|_unknown| "must be one of the priorities");
    faults.keep("priority", known)
}

fn read_optional_time(time: Option<&pb::TaskTime>, field: &str, faults: &mut Faults) -> Option<Option<TaskTime>> {
    time.map_or(Some(None), |time| faults.inside(field, |faults| read_time(time, faults)).map(Some))
}

fn read_time(time: &pb::TaskTime, faults: &mut Faults) -> Option<TaskTime> {
    let broken = match TaskTime::parse(&time.date, &time.time_of_day, &time.time_zone) {
        Ok(time) => return Some(time),
        Err(broken) => broken,
    };
    broken.into_iter().for_each(|(field, fault)| faults.add(field, fault));
    None
}

fn read_reminders(reminders: &[pb::Reminder], faults: &mut Faults) -> Option<Vec<Reminder>> {
    if reminders.len() > Reminder::MAX_COUNT {
        faults.add("reminders", format!("must be at most {}", Reminder::MAX_COUNT));
        return None;
    }
    let read = reminders.iter().enumerate().map(|(index, reminder)| {
        faults.inside(&format!("reminders[{index}]"), |faults| read_reminder(reminder, faults))
    });
    // All are read before one that was refused makes nothing of them.
    read.collect::<Vec<_>>().into_iter().collect()
}

fn read_reminder(reminder: &pb::Reminder, faults: &mut Faults) -> Option<Reminder> {
    use pb::reminder::Trigger;
    match &reminder.trigger {
        None => faults.keep("trigger", Err("must be one of at, before_start and before_due")),
        Some(Trigger::At(time)) => faults.inside("at", |faults| {
            let time = read_time(time, faults)?;
            faults.keep("time_of_day", Reminder::at(time))
        }),
        Some(Trigger::BeforeStart(lead)) => {
            faults.keep("before_start", Lead::parse(lead.seconds, lead.nanos)).map(Reminder::BeforeStart)
        }
        Some(Trigger::BeforeDue(lead)) => {
            faults.keep("before_due", Lead::parse(lead.seconds, lead.nanos)).map(Reminder::BeforeDue)
        }
    }
}

pub(super) fn read_labels(labels: Vec<String>, field: &str, faults: &mut Faults) -> Option<Labels> {
    let broken = match Labels::parse(labels) {
        Ok(labels) => return Some(labels),
        Err(broken) => broken,
    };
    for (index, fault) in broken {
        let label = index.map_or_else(|| field.to_owned(), |index| format!("{field}[{index}]"));
        faults.add(label, fault);
    }
    None
}

fn read_blockers(blocked_by: &[String], faults: &mut Faults) -> Option<Blockers> {
    if blocked_by.len() > Blockers::MAX_COUNT {
        faults.add("blocked_by", format!("must be at most {}", Blockers::MAX_COUNT));
        return None;
    }
    let ids = blocked_by.iter().enumerate().map(|(index, id)| id_of(id, &format!("blocked_by[{index}]"), faults));
    // All are read before one that was refused makes nothing of them.
    let ids: Option<Vec<TaskId>> = ids.collect::<Vec<_>>().into_iter().collect();
    let twice = match Blockers::parse(ids?) {
        Ok(blockers) => return Some(blockers),
        Err(twice) => twice,
    };
    twice.into_iter().for_each(|index| faults.add(format!("blocked_by[{index}]"), "must not be there twice"));
    None
}

fn read_annotations(annotations: BTreeMap<String, String>, faults: &mut Faults) -> Option<Annotations> {
    let broken = match Annotations::parse(annotations) {
        Ok(annotations) => return Some(annotations),
        Err(broken) => broken,
    };
    for (name, fault) in broken {
        faults.add(name.map_or_else(|| "annotations".to_owned(), |name| format!("annotations[{name}]")), fault);
    }
    None
}
