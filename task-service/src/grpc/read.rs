//! Requests as domain values. Every rule about a request's own fields is checked here or in the types themselves, and a
//! client hears of all of them at once.

use std::mem;

use prost::Message;
use proto::task::v1 as pb;
use service_runtime::deadline::Deadline;
use tonic::{Request, Status};

use self::faults::Faults;
use crate::{
    etag::Etag,
    id::{TaskId, TaskListId, parse_uuid},
    intent::{Intent, Method, PayloadHash},
    page::PageSize,
    place::Place,
    tasks::Target,
};

pub(super) mod batches;
mod faults;
mod fields;
pub(super) mod listing;
pub(super) mod lists;
mod mask;
pub(super) mod moves;
pub(super) mod tasks;

/// A request that changes something.
pub(super) trait Mutation: Message {
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
    ModifyTaskLabelsRequest => ModifyTaskLabels,
    StartTaskRequest => StartTask,
    CompleteTaskRequest => CompleteTask,
    ReopenTaskRequest => ReopenTask,
    CancelTaskRequest => CancelTask,
    BatchCreateTasksRequest => BatchCreateTasks,
    BatchUpdateTasksRequest => BatchUpdateTasks,
    BatchDeleteTasksRequest => BatchDeleteTasks,
    MoveTaskRequest => MoveTask,
    DeleteTaskRequest => DeleteTask,
    UndeleteTaskRequest => UndeleteTask,
    PurgeTasksRequest => PurgeTasks,
    CreateTaskListRequest => CreateTaskList,
    UpdateTaskListRequest => UpdateTaskList,
    MoveTaskListRequest => MoveTaskList,
    DeleteTaskListRequest => DeleteTaskList,
    UndeleteTaskListRequest => UndeleteTaskList
);

/// A change that says no more than which task it is about, and which state of it.
pub(super) trait Targeted: Mutation {
    /// Of a task or of a list.
    type Id: Id;

    /// Takes out the id and the etag.
    fn take_target(&mut self) -> (String, String);
}

macro_rules! targeted {
    ($id:ident $field:ident: $($request:ident),+) => {$(
        impl Targeted for pb::$request {
            type Id = $id;

            fn take_target(&mut self) -> (String, String) {
                (mem::take(&mut self.$field), mem::take(&mut self.etag))
            }
        }
    )+};
}

targeted!(TaskId task_id: StartTaskRequest, CompleteTaskRequest, ReopenTaskRequest, CancelTaskRequest);
targeted!(TaskId task_id: MoveTaskRequest, DeleteTaskRequest, UndeleteTaskRequest);
targeted!(TaskListId task_list_id: MoveTaskListRequest, DeleteTaskListRequest, UndeleteTaskListRequest);

/// The id of a task or of a list.
pub(super) trait Id: Sized {
    /// The field of a request that holds it.
    const FIELD: &'static str;
    const FAULT: &'static str;

    fn read(text: &str) -> Option<Self>;
}

impl Id for TaskId {
    const FIELD: &'static str = "task_id";
    const FAULT: &'static str = "must be the UUID of a task";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Id for TaskListId {
    const FIELD: &'static str = "task_list_id";
    const FAULT: &'static str = "must be the UUID of a task list";

    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// What such a change asks for.
pub(super) fn targeted<M: Targeted>(mut request: Request<M>) -> Result<(Intent, Target<M::Id>), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let target = take_target(request.get_mut(), &mut faults);
    faults.none_or(intent.zip(target))
}

fn take_target<M: Targeted>(request: &mut M, faults: &mut Faults) -> Option<Target<M::Id>> {
    let (id, etag) = request.take_target();
    target(&id, M::Id::FIELD, etag, faults)
}

fn intent<M: Mutation>(request: &mut Request<M>, faults: &mut Faults) -> Option<Intent> {
    let deadline = Deadline::of(request.extensions());
    let (request_id, validate_only) = request.get_mut().take_terms();
    let request_id = optional_id(&request_id, "request_id", parse_uuid, faults)?;
    let payload = PayloadHash::of(&request.get_ref().encode_to_vec());
    Some(Intent { method: M::METHOD, request_id, payload, validate_only, deadline })
}

fn target<I: Id>(id: &str, field: &str, etag: String, faults: &mut Faults) -> Option<Target<I>> {
    let id = id_of(id, field, faults)?;
    Some(Target { id, etag: Etag::from_client(etag) })
}

fn id_of<I: Id>(text: &str, field: &str, faults: &mut Faults) -> Option<I> {
    faults.keep(field, I::read(text).ok_or(I::FAULT))
}

/// How much of a listing, and from where on.
fn page<'a>(size: i32, token: &'a str, faults: &mut Faults) -> Option<(PageSize, Option<&'a str>)> {
    let size = faults.keep("page_size", PageSize::parse(size).ok_or("must not be negative"));
    size.map(|size| (size, Some(token).filter(|token| !token.is_empty())))
}

/// The place that one of the fields of a `place` names.
fn edge<I>(said: bool, field: &str, place: Place<I>, faults: &mut Faults) -> Option<Place<I>> {
    faults.keep(field, said.then_some(place).ok_or("must be true if it is set"))
}

fn optional_id<T>(
    text: &str,
    field: &str,
    parse: impl Fn(&str) -> Option<T>,
    faults: &mut Faults,
) -> Option<Option<T>> {
    if text.is_empty() {
        return Some(None);
    }
    faults.keep(field, parse(text).ok_or("must be a UUID, as 018f3c1e-0000-7000-8000-000000000000")).map(Some)
}
