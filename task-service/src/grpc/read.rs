//! Requests as domain values. Every field is looked at before the first fault is answered, so that a client hears of
//! all of them at once.

use std::mem;

use prost::Message;
use proto::task::v1 as pb;
use service_runtime::{deadline::Deadline, status::Violations};
use tonic::{Request, Status};

use crate::{
    error::{DOMAIN, Error},
    etag::Etag,
    id::{TaskId, parse_uuid},
    intent::{Intent, Method, PayloadHash},
    page::PageSize,
    task::{TaskDraft, TaskPatch},
    task_text::{Labels, Notes, Title},
    task_time::TaskTime,
    tasks::Target,
};

mod mask;

use mask::Fields;

/// A request that changes something.
trait Mutation: Message {
    const METHOD: Method;

    /// Takes the `request_id` and `validate_only` out; what is left is what is asked for.
    fn take_terms(&mut self) -> (String, bool);
}

macro_rules! mutations {
    ($($request:ident => $method:ident),+) => {$(
        impl Mutation for pb::$request {
            const METHOD: Method = Method::$method;

            fn take_terms(&mut self) -> (String, bool) {
                (mem::take(&mut self.request_id), mem::take(&mut self.validate_only))
            }
        }
    )+};
}

mutations!(
    CreateTaskRequest => CreateTask,
    UpdateTaskRequest => UpdateTask,
    CompleteTaskRequest => CompleteTask,
    DeleteTaskRequest => DeleteTask
);

/// What CreateTask asks for.
pub(super) fn create(mut request: Request<pb::CreateTaskRequest>) -> Result<(Intent, TaskDraft), Status> {
    let mut violations = Violations::default();
    let intent = intent(&mut request, &mut violations);
    let pb::CreateTaskRequest { task, task_id, .. } = request.into_inner();
    let id = optional_id(&task_id, "task_id", TaskId::parse, &mut violations);
    let patch = patch(task.unwrap_or_default(), Fields::ALL, &mut violations);
    let read = || {
        let TaskPatch { title, notes, priority, due, labels } = patch?;
        let draft =
            TaskDraft { id: id?, title: title?, notes: notes?, priority: priority?, due: due?, labels: labels? };
        Some((intent?, draft))
    };
    all_or_violations(read(), violations)
}

/// What GetTask asks for.
pub(super) fn get(request: &pb::GetTaskRequest) -> Result<TaskId, Status> {
    let mut violations = Violations::default();
    let id = task_id(&request.task_id, "task_id", &mut violations);
    all_or_violations(id, violations)
}

/// What ListTasks asks for.
pub(super) fn list(request: &pb::ListTasksRequest) -> Result<(PageSize, Option<&str>), Status> {
    let mut violations = Violations::default();
    let size = PageSize::parse(request.page_size);
    if size.is_none() {
        violations.add("page_size", "must not be negative");
    }
    let token = Some(request.page_token.as_str()).filter(|token| !token.is_empty());
    all_or_violations(size.map(|size| (size, token)), violations)
}

/// What UpdateTask asks for.
pub(super) fn update(mut request: Request<pb::UpdateTaskRequest>) -> Result<(Intent, Target, TaskPatch), Status> {
    let mut violations = Violations::default();
    let intent = intent(&mut request, &mut violations);
    let pb::UpdateTaskRequest { task, update_mask, .. } = request.into_inner();
    let mut task = task.unwrap_or_default();
    let target = target(&task.id, "task.id", mem::take(&mut task.etag), &mut violations);
    let fields = Fields::to_update(&task, &update_mask.unwrap_or_default(), &mut violations);
    let patch = patch(task, fields, &mut violations);
    let read = || Some((intent?, target?, patch?));
    all_or_violations(read(), violations)
}

/// What CompleteTask asks for.
pub(super) fn complete(mut request: Request<pb::CompleteTaskRequest>) -> Result<(Intent, Target), Status> {
    let mut violations = Violations::default();
    let intent = intent(&mut request, &mut violations);
    let pb::CompleteTaskRequest { task_id, etag, .. } = request.into_inner();
    let target = target(&task_id, "task_id", etag, &mut violations);
    all_or_violations(intent.zip(target), violations)
}

/// What DeleteTask asks for.
pub(super) fn delete(mut request: Request<pb::DeleteTaskRequest>) -> Result<(Intent, Target), Status> {
    let mut violations = Violations::default();
    let intent = intent(&mut request, &mut violations);
    let pb::DeleteTaskRequest { task_id, etag, .. } = request.into_inner();
    let target = target(&task_id, "task_id", etag, &mut violations);
    all_or_violations(intent.zip(target), violations)
}

/// What could be read, unless a rule was broken on the way.
fn all_or_violations<T>(read: Option<T>, violations: Violations) -> Result<T, Status> {
    violations.into_result(DOMAIN)?;
    Ok(read.ok_or_else(|| Error::corrupt("a field was refused without a violation"))?)
}

fn intent<M: Mutation>(request: &mut Request<M>, violations: &mut Violations) -> Option<Intent> {
    let deadline = Deadline::of(request.extensions());
    let (request_id, validate_only) = request.get_mut().take_terms();
    let request_id = optional_id(&request_id, "request_id", parse_uuid, violations)?;
    let payload = PayloadHash::of(&request.get_ref().encode_to_vec());
    Some(Intent { method: M::METHOD, request_id, payload, validate_only, deadline })
}

fn target(id: &str, field: &str, etag: String, violations: &mut Violations) -> Option<Target> {
    let id = task_id(id, field, violations)?;
    Some(Target { id, etag: Etag::from_client(etag) })
}

fn task_id(text: &str, field: &str, violations: &mut Violations) -> Option<TaskId> {
    let id = TaskId::parse(text);
    if id.is_none() {
        violations.add(field, "must be the UUID of a task");
    }
    id
}

fn optional_id<T>(
    text: &str,
    field: &str,
    parse: impl Fn(&str) -> Option<T>,
    violations: &mut Violations,
) -> Option<Option<T>> {
    if text.is_empty() {
        return Some(None);
    }
    let id = parse(text);
    if id.is_none() {
        violations.add(field, "must be a UUID, as 018f3c1e-0000-7000-8000-000000000000");
    }
    id.map(Some)
}

/// The new values of the fields; nothing if one of them broke a rule.
fn patch(task: pb::Task, fields: Fields, violations: &mut Violations) -> Option<TaskPatch> {
    let pb::Task { title, notes, priority, due, labels, .. } = task;
    let title = fields.title.then(|| violations.keep("task.title", Title::parse(title)));
    let notes = fields.notes.then(|| violations.keep("task.notes", Notes::parse(notes)));
    let priority = fields.priority.then(|| read_priority(priority, violations));
    let due = fields.due.then(|| read_due(due, violations));
    let labels = fields.labels.then(|| read_labels(labels, violations));
    Some(TaskPatch {
        title: all(title)?,
        notes: all(notes)?,
        priority: all(priority)?,
        due: all(due)?,
        labels: all(labels)?,
    })
}

/// Nothing if a value was asked for and refused.
fn all<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    read.map_or(Some(None), |value| value.map(Some))
}

fn read_priority(number: i32, violations: &mut Violations) -> Option<crate::task::Priority> {
    let known = pb::Priority::try_from(number).map(Into::into).map_err(|_unknown| "must be one of the priorities");
    violations.keep("task.priority", known.map_err(str::to_owned))
}

fn read_due(due: Option<pb::TaskTime>, violations: &mut Violations) -> Option<Option<TaskTime>> {
    let Some(due) = due else { return Some(None) };
    match TaskTime::parse(&due.date, &due.time_of_day, &due.time_zone) {
        Ok(time) => Some(Some(time)),
        Err(faults) => {
            faults.into_iter().for_each(|(field, fault)| violations.add(format!("task.due.{field}"), fault));
            None
        }
    }
}

fn read_labels(labels: Vec<String>, violations: &mut Violations) -> Option<Labels> {
    let faults = match Labels::parse(labels) {
        Ok(labels) => return Some(labels),
        Err(faults) => faults,
    };
    for (index, fault) in faults {
        let field = index.map_or_else(|| "task.labels".to_owned(), |index| format!("task.labels[{index}]"));
        violations.add(field, fault);
    }
    None
}

/// Keeps the value or notes why there is none.
trait Keep {
    fn keep<T>(&mut self, field: &str, value: Result<T, String>) -> Option<T>;
}

impl Keep for Violations {
    fn keep<T>(&mut self, field: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|fault| self.add(field, fault)).ok()
    }
}
