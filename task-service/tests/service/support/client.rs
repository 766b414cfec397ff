//! A caller with a token.

use std::net::SocketAddr;

use proto::task::v1::{
    CancelTaskRequest, CompleteTaskRequest, CreateTaskListRequest, CreateTaskRequest, DeleteTaskListRequest,
    DeleteTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse, MoveTaskRequest, PurgeTasksRequest,
    ReopenTaskRequest, StartTaskRequest, State, Task, TaskList, UndeleteTaskListRequest, UndeleteTaskRequest,
    UpdateTaskRequest, task_list_service_client::TaskListServiceClient, task_service_client::TaskServiceClient,
};
use tonic::{
    Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

#[derive(Clone)]
pub(crate) struct User {
    /// For calls that the shorthands below do not make.
    pub(crate) rpc: TaskServiceClient<Channel>,
    pub(crate) lists: TaskListServiceClient<Channel>,
    pub(crate) token: String,
}

impl User {
    pub(crate) fn new(address: SocketAddr, token: String) -> Self {
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { rpc: TaskServiceClient::new(channel.clone()), lists: TaskListServiceClient::new(channel), token }
    }

    /// A request that carries the token.
    pub(crate) fn with_token<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        request
    }

    pub(crate) async fn try_create(&self, request: CreateTaskRequest) -> Result<Task, Status> {
        let answer = self.rpc.clone().create_task(self.with_token(request)).await?;
        Ok(answer.into_inner().task.unwrap())
    }

    pub(crate) async fn create(&self, title: &str) -> Task {
        self.try_create(CreateTaskRequest { task: Some(titled(title)), ..Default::default() }).await.unwrap()
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Task, Status> {
        let request = self.with_token(GetTaskRequest { task_id: id.to_owned() });
        Ok(self.rpc.clone().get_task(request).await?.into_inner().task.unwrap())
    }

    pub(crate) async fn update(&self, request: UpdateTaskRequest) -> Result<Task, Status> {
        Ok(self.rpc.clone().update_task(self.with_token(request)).await?.into_inner().task.unwrap())
    }

    pub(crate) async fn delete(&self, id: &str) -> Result<Task, Status> {
        let request = self.with_token(DeleteTaskRequest { task_id: id.to_owned(), ..Default::default() });
        Ok(self.rpc.clone().delete_task(request).await?.into_inner().task.unwrap())
    }

    /// Takes a task to another state by the RPC that leads there.
    pub(crate) async fn advance(&self, id: &str, to: State, etag: &str) -> Result<Task, Status> {
        let (mut rpc, task_id, etag) = (self.rpc.clone(), id.to_owned(), etag.to_owned());
        macro_rules! call {
            ($method:ident, $request:ident) => {
                rpc.$method(self.with_token($request { task_id, etag, ..Default::default() })).await?.into_inner().task
            };
        }
        let task = match to {
            State::InProcess => call!(start_task, StartTaskRequest),
            State::Completed => call!(complete_task, CompleteTaskRequest),
            State::Cancelled => call!(cancel_task, CancelTaskRequest),
            State::NeedsAction => call!(reopen_task, ReopenTaskRequest),
            State::Unspecified => panic!("no RPC leads there"),
        };
        Ok(task.unwrap())
    }

    pub(crate) async fn page(&self, page_size: i32, page_token: &str) -> Result<ListTasksResponse, Status> {
        self.tasks(ListTasksRequest { page_size, page_token: page_token.to_owned(), ..Default::default() }).await
    }

    pub(crate) async fn tasks(&self, request: ListTasksRequest) -> Result<ListTasksResponse, Status> {
        Ok(self.rpc.clone().list_tasks(self.with_token(request)).await?.into_inner())
    }

    /// Every page of a listing, one after the other.
    pub(crate) async fn walk(&self, mut request: ListTasksRequest) -> Result<Vec<Task>, Status> {
        let mut tasks = Vec::new();
        loop {
            let page = self.tasks(request.clone()).await?;
            tasks.extend(page.tasks);
            if page.next_page_token.is_empty() {
                return Ok(tasks);
            }
            request.page_token = page.next_page_token;
        }
    }

    /// The titles of the tasks that a filter lets pass, in the order of their titles.
    pub(crate) async fn filtered(&self, filter: &str, time_zone: &str) -> Result<Vec<String>, Status> {
        let (filter, time_zone, order_by) = (filter.to_owned(), time_zone.to_owned(), "title".to_owned());
        let request = ListTasksRequest { filter, time_zone, order_by, ..Default::default() };
        Ok(self.walk(request).await?.into_iter().map(|task| task.title).collect())
    }

    pub(crate) async fn titles(&self) -> Vec<String> {
        titles_of(&self.page(0, "").await.unwrap())
    }

    pub(crate) async fn titles_in(&self, list: &str) -> Vec<String> {
        let request = ListTasksRequest { task_list_id: list.to_owned(), page_size: 200, ..Default::default() };
        titles_of(&self.tasks(request).await.unwrap())
    }

    pub(crate) async fn new_list(&self, title: &str) -> TaskList {
        let task_list = Some(TaskList { title: title.to_owned(), ..Default::default() });
        let request = self.with_token(CreateTaskListRequest { task_list, ..Default::default() });
        self.lists.clone().create_task_list(request).await.unwrap().into_inner().task_list.unwrap()
    }

    /// A new task under another.
    pub(crate) async fn create_under(&self, parent: &str, title: &str) -> Result<Task, Status> {
        let task = Some(Task { parent_id: parent.to_owned(), ..titled(title) });
        self.try_create(CreateTaskRequest { task, ..Default::default() }).await
    }

    /// A new task in a list.
    pub(crate) async fn create_in(&self, list: &str, title: &str) -> Result<Task, Status> {
        let task = Some(Task { task_list_id: list.to_owned(), ..titled(title) });
        self.try_create(CreateTaskRequest { task, ..Default::default() }).await
    }

    pub(crate) async fn move_task(&self, request: MoveTaskRequest) -> Result<Task, Status> {
        Ok(self.rpc.clone().move_task(self.with_token(request)).await?.into_inner().task.unwrap())
    }

    pub(crate) async fn undelete(&self, id: &str) -> Result<Task, Status> {
        let request = self.with_token(UndeleteTaskRequest { task_id: id.to_owned(), ..Default::default() });
        Ok(self.rpc.clone().undelete_task(request).await?.into_inner().task.unwrap())
    }

    pub(crate) async fn purge(&self, ids: &[&str]) -> Result<i32, Status> {
        let task_ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let request = PurgeTasksRequest { all_deleted: ids.is_empty(), task_ids, ..Default::default() };
        Ok(self.rpc.clone().purge_tasks(self.with_token(request)).await?.into_inner().purged_count)
    }

    pub(crate) async fn delete_list(&self, id: &str) -> Result<TaskList, Status> {
        let request = self.with_token(DeleteTaskListRequest { task_list_id: id.to_owned(), ..Default::default() });
        Ok(self.lists.clone().delete_task_list(request).await?.into_inner().task_list.unwrap())
    }

    pub(crate) async fn undelete_list(&self, id: &str) -> Result<TaskList, Status> {
        let request = self.with_token(UndeleteTaskListRequest { task_list_id: id.to_owned(), ..Default::default() });
        Ok(self.lists.clone().undelete_task_list(request).await?.into_inner().task_list.unwrap())
    }
}

fn titles_of(page: &ListTasksResponse) -> Vec<String> {
    page.tasks.iter().map(|task| task.title.clone()).collect()
}

pub(crate) fn titled(title: &str) -> Task {
    Task { title: title.to_owned(), ..Default::default() }
}

/// The reason that a refusal gives.
pub(crate) fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// The fields that a refusal names, in its order.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let violations = status.get_details_bad_request().map(|request| request.field_violations);
    violations.unwrap_or_default().into_iter().map(|violation| violation.field).collect()
}

/// Everything of a refusal that could tell one from another.
pub(crate) fn bytes(status: &Status) -> (tonic::Code, String, Vec<u8>, Vec<String>) {
    let told = |name: &str| !["date", "content-length", "content-type"].contains(&name);
    let headers = status.metadata().clone().into_headers();
    let headers = headers.iter().filter(|(name, _)| told(name.as_str())).map(|header| format!("{header:?}"));
    (status.code(), status.message().to_owned(), status.details().to_vec(), headers.collect())
}
