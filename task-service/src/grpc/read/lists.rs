//! The requests of TaskListService.

use std::mem;

use proto::task::v1 as pb;
use tonic::{Request, Status};

use super::{edge, faults::Faults, id_of, intent, mask, optional_id, page, take_target, target};
use crate::{id::TaskListId, intent::Intent, page::PageSize, place::Place, task_text::ListTitle, tasks::Target};

/// What CreateTaskList asks for.
pub(in crate::grpc) fn create(
    mut request: Request<pb::CreateTaskListRequest>,
) -> Result<(Intent, Option<TaskListId>, ListTitle), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let pb::CreateTaskListRequest { task_list, task_list_id, .. } = request.into_inner();
    let id = optional_id(&task_list_id, "task_list_id", TaskListId::parse, &mut faults);
    let title = faults.keep("task_list.title", ListTitle::parse(task_list.unwrap_or_default().title));
    let read = || Some((intent?, id?, title?));
    faults.none_or(read())
}

/// What GetTaskList asks for.
pub(in crate::grpc) fn get(request: &pb::GetTaskListRequest) -> Result<TaskListId, Status> {
    let mut faults = Faults::default();
    let id = id_of(&request.task_list_id, "task_list_id", &mut faults);
    faults.none_or(id)
}

/// What ListTaskLists asks for.
pub(in crate::grpc) fn list(request: &pb::ListTaskListsRequest) -> Result<(PageSize, Option<&str>), Status> {
    let mut faults = Faults::default();
    let page = page(request.page_size, &request.page_token, &mut faults);
    faults.none_or(page)
}

/// What UpdateTaskList asks for: the new title, if it is to change.
pub(in crate::grpc) fn update(
    mut request: Request<pb::UpdateTaskListRequest>,
) -> Result<(Intent, Target<TaskListId>, Option<ListTitle>), Status> {
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let pb::UpdateTaskListRequest { task_list, update_mask, .. } = request.into_inner();
    let mut list = task_list.unwrap_or_default();
    let target = target(&list.id, "task_list.id", mem::take(&mut list.etag), &mut faults);
    let renamed = mask::title_of_list(&list, &update_mask.unwrap_or_default(), &mut faults);
    let title =
        if renamed { faults.keep("task_list.title", ListTitle::parse(list.title)).map(Some) } else { Some(None) };
    let read = || Some((intent?, target?, title?));
    faults.none_or(read())
}

/// What MoveTaskList asks for.
pub(in crate::grpc) fn move_list(
    mut request: Request<pb::MoveTaskListRequest>,
) -> Result<(Intent, Target<TaskListId>, Place<TaskListId>), Status> {
    use pb::move_task_list_request::Place as Said;
    let mut faults = Faults::default();
    let intent = intent(&mut request, &mut faults);
    let mut request = request.into_inner();
    let target = take_target(&mut request, &mut faults);
    let place = match &request.place {
        None => Some(Place::Last),
        Some(Said::First(said)) => edge(*said, "first", Place::First, &mut faults),
        Some(Said::Last(said)) => edge(*said, "last", Place::Last, &mut faults),
        Some(Said::BeforeTaskListId(id)) => id_of(id, "before_task_list_id", &mut faults).map(Place::Before),
        Some(Said::AfterTaskListId(id)) => id_of(id, "after_task_list_id", &mut faults).map(Place::After),
    };
    let read = || Some((intent?, target?, place?));
    faults.none_or(read())
}
