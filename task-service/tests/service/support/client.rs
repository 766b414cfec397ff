//! A caller with a token.

use std::net::SocketAddr;

use proto::task::v1::{
    CreateTaskRequest, DeleteTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse, Task, UpdateTaskRequest,
    task_service_client::TaskServiceClient,
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
    pub(crate) token: String,
}

impl User {
    pub(crate) fn new(address: SocketAddr, token: String) -> Self {
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
        Self { rpc: TaskServiceClient::new(channel), token }
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

    pub(crate) async fn page(&self, page_size: i32, page_token: &str) -> Result<ListTasksResponse, Status> {
        let request = self.with_token(ListTasksRequest { page_size, page_token: page_token.to_owned() });
        Ok(self.rpc.clone().list_tasks(request).await?.into_inner())
    }

    pub(crate) async fn titles(&self) -> Vec<String> {
        self.page(0, "").await.unwrap().tasks.into_iter().map(|task| task.title).collect()
    }
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
