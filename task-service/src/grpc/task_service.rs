//! One short method for each RPC: parse, call, convert.

use authn::Caller;
use proto::task::v1::{
    CompleteTaskRequest, CompleteTaskResponse, CreateTaskRequest, CreateTaskResponse, DeleteTaskRequest,
    DeleteTaskResponse, GetTaskRequest, GetTaskResponse, ListTasksRequest, ListTasksResponse, UpdateTaskRequest,
    UpdateTaskResponse, task_service_server::TaskService,
};
use tonic::{Request, Response, Status};

use super::read;
use crate::tasks::{Tasks, UserTasks};

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
        let (intent, draft) = read::create(request)?;
        let task = tasks.create(&intent, draft).await?;
        Ok(Response::new(CreateTaskResponse { task: Some(task.into()) }))
    }

    async fn get_task(&self, request: Request<GetTaskRequest>) -> Result<Response<GetTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let id = read::get(request.get_ref())?;
        let task = tasks.get(id).await?;
        Ok(Response::new(GetTaskResponse { task: Some(task.into()) }))
    }

    async fn list_tasks(&self, request: Request<ListTasksRequest>) -> Result<Response<ListTasksResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (size, token) = read::list(request.get_ref())?;
        let page = tasks.list(size, token).await?;
        Ok(Response::new(page.into()))
    }

    async fn update_task(&self, request: Request<UpdateTaskRequest>) -> Result<Response<UpdateTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target, patch) = read::update(request)?;
        let task = tasks.update(&intent, &target, patch).await?;
        Ok(Response::new(UpdateTaskResponse { task: Some(task.into()) }))
    }

    async fn complete_task(
        &self,
        request: Request<CompleteTaskRequest>,
    ) -> Result<Response<CompleteTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::complete(request)?;
        let task = tasks.complete(&intent, &target).await?;
        Ok(Response::new(CompleteTaskResponse { task: Some(task.into()) }))
    }

    async fn delete_task(&self, request: Request<DeleteTaskRequest>) -> Result<Response<DeleteTaskResponse>, Status> {
        let tasks = self.of_caller(&request)?;
        let (intent, target) = read::delete(request)?;
        let task = tasks.delete(&intent, &target).await?;
        Ok(Response::new(DeleteTaskResponse { task: Some(task.into()) }))
    }
}
