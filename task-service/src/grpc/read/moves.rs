//! The requests that move a task or remove one for good.

use proto::task::v1 as pb;
use tonic::{Request, Status};

use super::{edge, faults::Faults, id_of, intent, optional_id, take_target};
use crate::{
    id::{TaskId, TaskListId},
    intent::Intent,
    place::Place,
    task_moves::Destination,
    task_trash::Purge,
    tasks::Target,
};

/// The most tasks that one request names.
pub(super) const MAX_TASKS: usize = 100;

/// What MoveTask asks for.
pub(in crate::grpc) fn move_task(
    mut request: Request<pb::MoveTaskRequest>,
) -> Result<(Intent, Target, Destination), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let mut request = request.into_inner();
    let target = take_target(&mut request, &mut faults);
    let list = optional_id(&request.task_list_id, "task_list_id", TaskListId::parse, &mut faults);
    let parent = match &request.parent_id {
        None => Some(None),
        Some(parent) => optional_id(parent, "parent_id", TaskId::parse, &mut faults).map(Some),
    };
    let place = place(request.place.as_ref(), &mut faults);
    let read = || {
        let destination = Destination { task_list_id: list?, parent_id: parent?, place: place? };
        Some((intent?, target?, destination))
    };
    faults.none_or(read())
}

fn place(place: Option<&pb::move_task_request::Place>, faults: &mut Faults) -> Option<Place<TaskId>> {
    use pb::move_task_request::Place as Said;
    match place {
        None => Some(Place::Last),
        Some(Said::First(said)) => edge(*said, "first", Place::First, faults),
        Some(Said::Last(said)) => edge(*said, "last", Place::Last, faults),
        Some(Said::BeforeTaskId(id)) => id_of(id, "before_task_id", faults).map(Place::Before),
        Some(Said::AfterTaskId(id)) => id_of(id, "after_task_id", faults).map(Place::After),
    }
}

/// What PurgeTasks asks for.
pub(in crate::grpc) fn purge(mut request: Request<pb::PurgeTasksRequest>) -> Result<(Intent, Purge), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let pb::PurgeTasksRequest { task_ids, all_deleted, .. } = request.into_inner();
    let purge = match (all_deleted, task_ids.is_empty()) {
        (true, true) => Some(Purge::All),
        (false, false) => ids(&task_ids, &mut faults).map(Purge::Tasks),
        _ => faults.keep("task_ids", Err("must be set, or else all_deleted, but not both")),
    };
    faults.none_or(intent.zip(purge))
}

/// The tasks that a request names.
pub(super) fn ids(task_ids: &[String], faults: &mut Faults) -> Option<Vec<TaskId>> {
    if task_ids.len() > MAX_TASKS {
        faults.add("task_ids", format!("must be at most {MAX_TASKS}"));
        return None;
    }
    let ids = task_ids.iter().enumerate().map(|(index, id)| id_of(id, &format!("task_ids[{index}]"), faults));
    // All are read before one that was refused makes nothing of them.
    ids.collect::<Vec<_>>().into_iter().collect()
}
