//! The requests of TaskService.

use std::mem;

use proto::task::v1 as pb;
use tonic::{Request, Status};

use super::{faults::Faults, fields, id_of, intent, mask::Fields, optional_id, target};
use crate::{
    id::{TaskId, TaskListId},
    intent::Intent,
    task_draft::{TaskDraft, TaskPatch},
    task_text::Labels,
    tasks::Target,
};

/// What CreateTask asks for.
pub(in crate::grpc) fn create(mut request: Request<pb::CreateTaskRequest>) -> Result<(Intent, TaskDraft), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let draft = read_create(request.into_inner(), &mut faults);
    faults.none_or(intent.zip(draft))
}

pub(super) fn read_create(request: pb::CreateTaskRequest, faults: &mut Faults) -> Option<TaskDraft> {
    let pb::CreateTaskRequest { task, task_id, .. } = request;
    let id = optional_id(&task_id, "task_id", TaskId::parse, faults);
    faults.inside("task", |faults| draft(id.flatten(), task.unwrap_or_default(), faults))
}

fn draft(id: Option<TaskId>, task: pb::Task, faults: &mut Faults) -> Option<TaskDraft> {
    let task_list_id = optional_id(&task.task_list_id, "task_list_id", TaskListId::parse, faults);
    let parent_id = optional_id(&task.parent_id, "parent_id", TaskId::parse, faults);
    let fields = fields::patch(task, Fields::ALL, faults)?;
    let title = fields.title.clone()?;
    Some(TaskDraft { id, task_list_id: task_list_id?, parent_id: parent_id?, title, fields })
}

/// What GetTask asks for.
pub(in crate::grpc) fn get(request: &pb::GetTaskRequest) -> Result<TaskId, Status> {
    let mut faults = Faults::default();
    let id = id_of(&request.task_id, "task_id", &mut faults);
    faults.none_or(id)
}

/// What UpdateTask asks for.
pub(in crate::grpc) fn update(
    mut request: Request<pb::UpdateTaskRequest>,
) -> Result<(Intent, Target, TaskPatch), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let update = read_update(request.into_inner(), &mut faults);
    faults.none_or(intent.zip(update).map(|(intent, (target, patch))| (intent, target, patch)))
}

pub(super) fn read_update(request: pb::UpdateTaskRequest, faults: &mut Faults) -> Option<(Target, TaskPatch)> {
    let pb::UpdateTaskRequest { task, update_mask, .. } = request;
    let mut task = task.unwrap_or_default();
    let target = target(&task.id, "task.id", mem::take(&mut task.etag), faults);
    let fields = Fields::to_update(&task, &update_mask.unwrap_or_default(), faults);
    let patch = faults.inside("task", |faults| fields::patch(task, fields, faults));
    target.zip(patch)
}

/// What ModifyTaskLabels asks for: the labels to add, and those to take away.
pub(in crate::grpc) fn modify_labels(
    mut request: Request<pb::ModifyTaskLabelsRequest>,
) -> Result<(Intent, TaskId, Labels, Labels), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let pb::ModifyTaskLabelsRequest { task_id: id, add_labels, remove_labels, .. } = request.into_inner();
    let id = id_of(&id, "task_id", &mut faults);
    for (index, label) in remove_labels.iter().enumerate().take(Labels::MAX_COUNT) {
        if add_labels.contains(label) {
            faults.add(format!("remove_labels[{index}]"), "must not be in add_labels too");
        }
    }
    let add = fields::read_labels(add_labels, "add_labels", &mut faults);
    let remove = fields::read_labels(remove_labels, "remove_labels", &mut faults);
    let read = || Some((intent?, id?, add?, remove?));
    faults.none_or(read())
}
