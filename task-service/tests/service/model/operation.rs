//! What a user asks for: sent to the service, and done to the model.

use proto::task::v1::{self as pb, State, Task, TaskList};
use tonic::Status;
use tonic_types::StatusExt;
use uuid::Uuid;

use super::{Item, Model, Refused};
use crate::support::client::{User, reason};

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Create(pb::CreateTaskRequest),
    Update(pb::UpdateTaskRequest),
    Start(pb::StartTaskRequest),
    Complete(pb::CompleteTaskRequest),
    Cancel(pb::CancelTaskRequest),
    Reopen(pb::ReopenTaskRequest),
    Relabel(pb::ModifyTaskLabelsRequest),
    Move(pb::MoveTaskRequest),
    Delete(pb::DeleteTaskRequest),
    Undelete(pb::UndeleteTaskRequest),
    Purge(pb::PurgeTasksRequest),
    CreateAll(pb::BatchCreateTasksRequest),
    UpdateAll(pb::BatchUpdateTasksRequest),
    DeleteAll(pb::BatchDeleteTasksRequest),
    CreateList(pb::CreateTaskListRequest),
    DeleteList(pb::DeleteTaskListRequest),
    UndeleteList(pb::UndeleteTaskListRequest),
}

/// What the service answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Tasks(Vec<Task>),
    List(TaskList),
    Purged(i32),
}

/// What of it the model can say.
#[derive(Debug, PartialEq)]
pub(super) enum Expected {
    Tasks(Vec<Item>),
    /// The id of a list, and whether it is in the trash.
    List(String, bool),
    Purged(usize),
}

/// Calls something on the request of whichever operation it is.
macro_rules! each {
    ($operation:expr, $request:ident => $do:expr) => {
        match $operation {
            Operation::Create($request) => $do,
            Operation::Update($request) => $do,
            Operation::Start($request) => $do,
            Operation::Complete($request) => $do,
            Operation::Cancel($request) => $do,
            Operation::Reopen($request) => $do,
            Operation::Relabel($request) => $do,
            Operation::Move($request) => $do,
            Operation::Delete($request) => $do,
            Operation::Undelete($request) => $do,
            Operation::Purge($request) => $do,
            Operation::CreateAll($request) => $do,
            Operation::UpdateAll($request) => $do,
            Operation::DeleteAll($request) => $do,
            Operation::CreateList($request) => $do,
            Operation::DeleteList($request) => $do,
            Operation::UndeleteList($request) => $do,
        }
    };
}

impl Operation {
    pub(super) fn set_terms(&mut self, request_id: String, validate_only: bool) {
        each!(self, request => {
            request.request_id = request_id;
            request.validate_only = validate_only;
        });
    }

    pub(super) fn is_repeatable(&self) -> bool {
        each!(self, request => !request.request_id.is_empty() && !request.validate_only)
    }

    pub(super) fn is_check(&self) -> bool {
        each!(self, request => request.validate_only)
    }

    /// How many things are done: a batch does one with each item.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::CreateAll(batch) => batch.requests.len(),
            Self::UpdateAll(batch) => batch.requests.len(),
            Self::DeleteAll(batch) => batch.requests.len(),
            _ => 1,
        }
    }

    pub(super) async fn send(&self, user: &User) -> Result<Answer, Status> {
        let (mut rpc, mut lists) = (user.rpc.clone(), user.lists.clone());
        macro_rules! task {
            ($method:ident, $request:expr) => {
                Answer::Tasks(vec![rpc.$method(user.with_token($request)).await?.into_inner().task.unwrap()])
            };
        }
        macro_rules! tasks {
            ($method:ident, $request:expr) => {
                Answer::Tasks(rpc.$method(user.with_token($request)).await?.into_inner().tasks)
            };
        }
        macro_rules! list {
            ($method:ident, $request:expr) => {
                Answer::List(lists.$method(user.with_token($request)).await?.into_inner().task_list.unwrap())
            };
        }
        Ok(match self.clone() {
            Self::Create(request) => task!(create_task, request),
            Self::Update(request) => task!(update_task, request),
            Self::Start(request) => task!(start_task, request),
            Self::Complete(request) => task!(complete_task, request),
            Self::Cancel(request) => task!(cancel_task, request),
            Self::Reopen(request) => task!(reopen_task, request),
            Self::Relabel(request) => task!(modify_task_labels, request),
            Self::Move(request) => task!(move_task, request),
            Self::Delete(request) => task!(delete_task, request),
            Self::Undelete(request) => task!(undelete_task, request),
            Self::Purge(request) => {
                Answer::Purged(rpc.purge_tasks(user.with_token(request)).await?.into_inner().purged_count)
            }
            Self::CreateAll(request) => tasks!(batch_create_tasks, request),
            Self::UpdateAll(request) => tasks!(batch_update_tasks, request),
            Self::DeleteAll(request) => tasks!(batch_delete_tasks, request),
            Self::CreateList(request) => list!(create_task_list, request),
            Self::DeleteList(request) => list!(delete_task_list, request),
            Self::UndeleteList(request) => list!(undelete_task_list, request),
        })
    }

    /// Does it to the model, which may be left half done when it is refused.
    pub(super) fn apply(&self, model: &mut Model, answer: Option<&Answer>) -> Result<Expected, Refused> {
        let alone = |outcome: Result<Item, &'static str>| match outcome {
            Ok(item) => Ok(Expected::Tasks(vec![item.as_answered()])),
            Err(reason) => Err((reason, None)),
        };
        match self {
            Self::Create(request) => alone(model.create(request, &made(&request.task_id, answer, 0))),
            Self::Update(request) => alone(model.update(request)),
            Self::Start(request) => alone(model.advance(&request.task_id, State::InProcess)),
            Self::Complete(request) => alone(model.advance(&request.task_id, State::Completed)),
            Self::Cancel(request) => alone(model.advance(&request.task_id, State::Cancelled)),
            Self::Reopen(request) => alone(model.advance(&request.task_id, State::NeedsAction)),
            Self::Relabel(request) => alone(model.relabel(request)),
            Self::Move(request) => alone(model.move_task(request)),
            Self::Delete(request) => alone(model.delete(&request.task_id)),
            Self::Undelete(request) => alone(model.undelete(&request.task_id)),
            Self::Purge(request) => model.purge(&request.task_ids).map(Expected::Purged),
            Self::CreateAll(batch) => together(&batch.requests, |index, request| {
                model.create(request, &made(&request.task_id, answer, index))
            }),
            Self::UpdateAll(batch) => together(&batch.requests, |_, request| model.update(request)),
            Self::DeleteAll(batch) => {
                let before = model.clone();
                together(&batch.requests, |_, pb::DeleteTaskRequest { task_id, .. }| {
                    let gone_with_another = before.tasks.get(task_id).is_some_and(|task| task.trashed_with.is_none());
                    model.delete(task_id).or_else(|refusal| {
                        let task = model.tasks.get(task_id).filter(|_| gone_with_another);
                        task.cloned().ok_or(refusal)
                    })
                })
            }
            Self::CreateList(_) => {
                let Some(Answer::List(list)) = answer else { return Err(("a list", None)) };
                model.lists.push((list.id.clone(), false));
                Ok(Expected::List(list.id.clone(), false))
            }
            Self::DeleteList(request) => of_list(&request.task_list_id, true, model.delete_list(&request.task_list_id)),
            Self::UndeleteList(request) => {
                of_list(&request.task_list_id, false, model.undelete_list(&request.task_list_id))
            }
        }
    }
}

impl Answer {
    pub(super) fn to_expected(&self) -> Expected {
        match self {
            Self::Tasks(tasks) => Expected::Tasks(tasks.iter().map(Item::of).collect()),
            Self::List(list) => Expected::List(list.id.clone(), list.delete_time.is_some()),
            Self::Purged(count) => Expected::Purged(usize::try_from(*count).unwrap()),
        }
    }
}

/// The reason of a refusal, and the item that it names.
pub(super) fn refused(status: &Status) -> (String, Option<usize>) {
    let index = status.get_details_error_info().and_then(|info| info.metadata.get("index")?.parse().ok());
    (reason(status), index)
}

/// The id that the client chose, or else the one that the server made, or would have made.
fn made(chosen: &str, answer: Option<&Answer>, index: usize) -> String {
    match answer {
        Some(Answer::Tasks(tasks)) if chosen.is_empty() => tasks[index].id.clone(),
        _ if chosen.is_empty() => Uuid::now_v7().to_string(),
        _ => chosen.to_owned(),
    }
}

fn together<R>(
    requests: &[R],
    mut apply: impl FnMut(usize, &R) -> Result<Item, &'static str>,
) -> Result<Expected, Refused> {
    let items = requests.iter().enumerate();
    let items = items.map(|(index, request)| match apply(index, request) {
        Ok(item) => Ok(item.as_answered()),
        Err(reason) => Err((reason, Some(index))),
    });
    items.collect::<Result<_, _>>().map(Expected::Tasks)
}

fn of_list(id: &str, trashed: bool, outcome: Result<(), &'static str>) -> Result<Expected, Refused> {
    outcome.map(|()| Expected::List(id.to_owned(), trashed)).map_err(|reason| (reason, None))
}
