//! One short method for each RPC of TaskListService: parse, call, convert.

use authn::Caller;
use proto::task::v1::{
    CreateTaskListRequest, CreateTaskListResponse, DeleteTaskListRequest, DeleteTaskListResponse, GetTaskListRequest,
    GetTaskListResponse, ListTaskListsRequest, ListTaskListsResponse, MoveTaskListRequest, MoveTaskListResponse,
    UndeleteTaskListRequest, UndeleteTaskListResponse, UpdateTaskListRequest, UpdateTaskListResponse,
    task_list_service_server::TaskListService,
};
use tonic::{Request, Response, Status};

use super::read;
use crate::lists::{Lists, UserLists};

/// Serves `duet.task.v1.TaskListService`.
pub struct TaskListGrpc {
    lists: Lists,
}

impl TaskListGrpc {
    /// Serves these lists.
    #[must_use]
    pub fn new(lists: Lists) -> Self {
        Self { lists }
    }

    fn of_caller<T>(&self, request: &Request<T>) -> Result<UserLists, Status> {
        Ok(self.lists.for_user(&*Caller::of(request)?))
    }
}

#[tonic::async_trait]
impl TaskListService for TaskListGrpc {
    async fn create_task_list(
        &self,
        request: Request<CreateTaskListRequest>,
    ) -> Result<Response<CreateTaskListResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let (intent, id, title) = read::lists::create(request)?;
        let list = lists.create(&intent, id, title).await?;
        Ok(Response::new(CreateTaskListResponse { task_list: Some(list.into()) }))
    }

    async fn get_task_list(
        &self,
        request: Request<GetTaskListRequest>,
    ) -> Result<Response<GetTaskListResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let id = read::lists::get(request.get_ref())?;
        let list = lists.get(id).await?;
        Ok(Response::new(GetTaskListResponse { task_list: Some(list.into()) }))
    }

    async fn list_task_lists(
        &self,
        request: Request<ListTaskListsRequest>,
    ) -> Result<Response<ListTaskListsResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let (size, token) = read::lists::list(request.get_ref())?;
        let page = lists.list(request.get_ref().show_deleted, size, token).await?;
        Ok(Response::new(page.into()))
    }

    async fn update_task_list(
        &self,
        request: Request<UpdateTaskListRequest>,
    ) -> Result<Response<UpdateTaskListResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let (intent, target, title) = read::lists::update(request)?;
        let list = lists.update(&intent, &target, title).await?;
        Ok(Response::new(UpdateTaskListResponse { task_list: Some(list.into()) }))
    }

    async fn move_task_list(
        &self,
        request: Request<MoveTaskListRequest>,
    ) -> Result<Response<MoveTaskListResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let (intent, target, place) = read::lists::move_list(request)?;
        let list = lists.move_list(&intent, &target, place).await?;
        Ok(Response::new(MoveTaskListResponse { task_list: Some(list.into()) }))
    }

    async fn delete_task_list(
        &self,
        request: Request<DeleteTaskListRequest>,
    ) -> Result<Response<DeleteTaskListResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let list = lists.delete(&intent, &target).await?;
        Ok(Response::new(DeleteTaskListResponse { task_list: Some(list.into()) }))
    }

    async fn undelete_task_list(
        &self,
        request: Request<UndeleteTaskListRequest>,
    ) -> Result<Response<UndeleteTaskListResponse>, Status> {
        let lists = self.of_caller(&request)?;
        let (intent, target) = read::targeted(request)?;
        let list = lists.undelete(&intent, &target).await?;
        Ok(Response::new(UndeleteTaskListResponse { task_list: Some(list.into()) }))
    }
}
