//! The requests that are about many tasks at once.

use proto::task::v1 as pb;
use tonic::{Request, Status};

use super::{
    faults::Faults,
    intent,
    moves::{self, MAX_TASKS},
    take_target, tasks,
};
use crate::{
    id::TaskId,
    intent::Intent,
    task_draft::{TaskDraft, TaskPatch},
    tasks::Target,
};

/// What BatchGetTasks asks for.
pub(in crate::grpc) fn get(request: &pb::BatchGetTasksRequest) -> Result<Vec<TaskId>, Status> {
    let mut faults = Faults::default();
    if request.task_ids.is_empty() {
        faults.add("task_ids", "must not be empty");
    }
    let ids = moves::ids(&request.task_ids, &mut faults);
    faults.none_or(ids)
}

/// What BatchCreateTasks asks for.
pub(in crate::grpc) fn create(
    mut request: Request<pb::BatchCreateTasksRequest>,
) -> Result<(Intent, Vec<TaskDraft>), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let drafts = each(request.into_inner().requests, &mut faults, |request, faults| {
        refuse_terms(&request.request_id, request.validate_only, faults);
        tasks::read_create(request, faults)
    });
    faults.none_or(intent.zip(drafts))
}

/// What BatchUpdateTasks asks for.
pub(in crate::grpc) fn update(
    mut request: Request<pb::BatchUpdateTasksRequest>,
) -> Result<(Intent, Vec<(Target, TaskPatch)>), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let patches = each(request.into_inner().requests, &mut faults, |request, faults| {
        refuse_terms(&request.request_id, request.validate_only, faults);
        tasks::read_update(request, faults)
    });
    faults.none_or(intent.zip(patches))
}

/// What BatchDeleteTasks asks for.
pub(in crate::grpc) fn delete(
    mut request: Request<pb::BatchDeleteTasksRequest>,
) -> Result<(Intent, Vec<Target>), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let targets = each(request.into_inner().requests, &mut faults, |mut request, faults| {
        refuse_terms(&request.request_id, request.validate_only, faults);
        take_target(&mut request, faults)
    });
    faults.none_or(intent.zip(targets))
}

/// Every item of a batch; nothing if one of them broke a rule.
fn each<R, T>(requests: Vec<R>, faults: &mut Faults, read: impl Fn(R, &mut Faults) -> Option<T>) -> Option<Vec<T>> {
    if requests.is_empty() || requests.len() > MAX_TASKS {
        faults.add("requests", format!("must be 1 to {MAX_TASKS}"));
        return None;
    }
    let items = requests.into_iter().enumerate();
    let items = items.map(|(index, item)| faults.inside(&format!("requests[{index}]"), |faults| read(item, faults)));
    // All are read before one that was refused makes nothing of them.
    items.collect::<Vec<_>>().into_iter().collect()
}

/// The batch is one request: what makes it safe to repeat, or only asks, is said once.
fn refuse_terms(request_id: &str, validate_only: bool, faults: &mut Faults) {
    if !request_id.is_empty() {
        faults.add("request_id", "must be empty: that of the batch counts");
    }
    if validate_only {
        faults.add("validate_only", "must not be set: that of the batch counts");
    }
}
