//! One short method for each RPC: parse, call, convert.

use authn::Caller;
use proto::task::v1::{
    BatchCreateTasksRequest, BatchCreateTasksResponse, BatchDeleteTasksRequest, BatchDeleteTasksResponse,
    BatchGetTasksRequest, BatchGetTasksResponse, BatchUpdateTasksRequest, BatchUpdateTasksResponse, CancelTaskRequest,
    CancelTaskResponse, CompleteTaskRequest, CompleteTaskResponse, CreateTaskRequest, CreateTaskResponse,
    DeleteTaskRequest, DeleteTaskResponse, GetTaskRequest, GetTaskResponse, ListTasksRequest, ListTasksResponse,
    ModifyTaskLabelsRequest, ModifyTaskLabelsResponse, MoveTaskRequest, MoveTaskResponse, PurgeTasksRequest,
    PurgeTasksResponse, ReopenTaskRequest, ReopenTaskResponse, StartTaskRequest, StartTaskResponse,
    UndeleteTaskRequest, UndeleteTaskResponse, UpdateTaskRequest, UpdateTaskResponse, task_service_server::TaskService,
};
use tonic::{Request, Response, Status};

use super::read;
use crate::{
    task::State,
    tasks::{Tasks, UserTasks},
};

/// Serves `duet.task.v1.TaskService`.
pub struct TaskGrpc {
    tasks: Tasks,
}

impl TaskGrpc {
    /// Serves these tasks.
    #[must_use]
    pub fn new(tasks: Tasks) -> Self {
        Self { tasks }
    }

    fn of_caller<T>(&self, request: &Request<T>) -> Result<UserTasks, Status> {
        Ok(self.tasks.for_user(&*Caller::of(request)?))
    }
}

#[tonic::async_trait]
impl TaskService for TaskGrpc {
    async fn create_task(&self, request: Request<CreateTaskRequest>) -> Result<Response<CreateTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, draft) = read::tasks::create(request)?;
        let task = tasks.create(&intent, draft).await?;
        Ok(Response::new(CreateTaskResponse { task: Some(task.into()) }))
    }

    async fn get_task(&self, request: Request<GetTaskRequest>) -> Result<Response<GetTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let id = read::tasks::get(request.get_ref())?;
        let task = tasks.get(id).await?;
        Ok(Response::new(GetTaskResponse { task: Some(task.into()) }))
    }

    async fn list_tasks(&self, request: Request<ListTasksRequest>) -> Result<Response<ListTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (listing, size, token) = read::listing::list(request.get_ref())?;
        let page = tasks.list(&listing, size, token).await?;
        Ok(Response::new(page.into()))
    }

    async fn update_task(&self, request: Request<UpdateTaskRequest>) -> Result<Response<UpdateTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target, patch) = read::tasks::update(request)?;
        let task = tasks.update(&intent, &target, patch).await?;
        Ok(Response::new(UpdateTaskResponse { task: Some(task.into()) }))
    }

    async fn modify_task_labels(
        &self,
        request: Request<ModifyTaskLabelsRequest>,
    ) -> Result<Response<ModifyTaskLabelsResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, id, add, remove) = read::tasks::modify_labels(request)?;
        let task = tasks.relabel(&intent, id, &add, &remove).await?;
        Ok(Response::new(ModifyTaskLabelsResponse { task: Some(task.into()) }))
    }

    async fn start_task(&self, request: Request<StartTaskRequest>) -> Result<Response<StartTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let task = tasks.advance(&intent, &target, State::InProcess).await?;
        Ok(Response::new(StartTaskResponse { task: Some(task.into()) }))
    }

    async fn complete_task(
        &self,
        request: Request<CompleteTaskRequest>,
    ) -> Result<Response<CompleteTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let task = tasks.advance(&intent, &target, State::Completed).await?;
        Ok(Response::new(CompleteTaskResponse { task: Some(task.into()) }))
    }

    async fn reopen_task(&self, request: Request<ReopenTaskRequest>) -> Result<Response<ReopenTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let task = tasks.advance(&intent, &target, State::NeedsAction).await?;
        Ok(Response::new(ReopenTaskResponse { task: Some(task.into()) }))
    }

    async fn cancel_task(&self, request: Request<CancelTaskRequest>) -> Result<Response<CancelTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let task = tasks.advance(&intent, &target, State::Cancelled).await?;
        Ok(Response::new(CancelTaskResponse { task: Some(task.into()) }))
    }

    async fn batch_get_tasks(
        &self,
        request: Request<BatchGetTasksRequest>,
    ) -> Result<Response<BatchGetTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let ids = read::batches::get(request.get_ref())?;
        let tasks = tasks.batch_get(&ids).await?;
        Ok(Response::new(BatchGetTasksResponse { tasks: tasks.into_iter().map(Into::into).collect() }))
    }

    async fn batch_create_tasks(
        &self,
        request: Request<BatchCreateTasksRequest>,
    ) -> Result<Response<BatchCreateTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, drafts) = read::batches::create(request)?;
        let tasks = tasks.batch_create(&intent, &drafts).await?;
        Ok(Response::new(BatchCreateTasksResponse { tasks: tasks.into_iter().map(Into::into).collect() }))
    }

    async fn batch_update_tasks(
        &self,
        request: Request<BatchUpdateTasksRequest>,
    ) -> Result<Response<BatchUpdateTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, patches) = read::batches::update(request)?;
        let tasks = tasks.batch_update(&intent, &patches).await?;
        Ok(Response::new(BatchUpdateTasksResponse { tasks: tasks.into_iter().map(Into::into).collect() }))
    }

    async fn batch_delete_tasks(
        &self,
        request: Request<BatchDeleteTasksRequest>,
    ) -> Result<Response<BatchDeleteTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, targets) = read::batches::delete(request)?;
        let tasks = tasks.batch_delete(&intent, &targets).await?;
        Ok(Response::new(BatchDeleteTasksResponse { tasks: tasks.into_iter().map(Into::into).collect() }))
    }

    async fn move_task(&self, request: Request<MoveTaskRequest>) -> Result<Response<MoveTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target, destination) = read::moves::move_task(request)?;
        let task = tasks.move_task(&intent, &target, destination).await?;
        Ok(Response::new(MoveTaskResponse { task: Some(task.into()) }))
    }

    async fn undelete_task(
        &self,
        request: Request<UndeleteTaskRequest>,
    ) -> Result<Response<UndeleteTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let task = tasks.undelete(&intent, &target).await?;
        Ok(Response::new(UndeleteTaskResponse { task: Some(task.into()) }))
    }

    async fn purge_tasks(&self, request: Request<PurgeTasksRequest>) -> Result<Response<PurgeTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, which) = read::moves::purge(request)?;
        let purged = tasks.purge(&intent, &which).await?;
        Ok(Response::new(PurgeTasksResponse { purged_count: i32::try_from(purged).unwrap_or(i32::MAX) }))
    }

    async fn delete_task(&self, request: Request<DeleteTaskRequest>) -> Result<Response<DeleteTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let task = tasks.delete(&intent, &target).await?;
        Ok(Response::new(DeleteTaskResponse { task: Some(task.into()) }))
    }
}
