//! The calls of task-service.

use proto::task::v1::{
    CreateTaskRequest, GetTaskRequest, ListTasksRequest, Task, task_service_client::TaskServiceClient,
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use uuid::Uuid;

use super::{TITLE, bearer};
use crate::load::Call;

/// Tasks of a page whose size is not said.
const PAGE: usize = 50;

/// Reads a task.
pub struct GetTask {
    client: TaskServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
    task_id: String,
}

impl GetTask {
    /// Over a connection that others may share.
    ///
    /// # Errors
    /// When the token is none.
    pub fn new(channel: Channel, token: &str, task_id: &str) -> anyhow::Result<Self> {
        let client = TaskServiceClient::new(channel);
        Ok(Self { client, authorization: bearer(token)?, task_id: task_id.to_owned() })
    }
}

impl Call for GetTask {
    async fn call(&mut self) -> Result<(), Status> {
        let mut request = Request::new(GetTaskRequest { task_id: self.task_id.clone() });
        request.metadata_mut().insert("authorization", self.authorization.clone());
        match self.client.get_task(request).await?.into_inner().task {
            Some(task) if task.id == self.task_id => Ok(()),
            other => Err(Status::internal(format!("this is not the task: {other:?}"))),
        }
    }
}

/// Reads a page of tasks.
pub struct ListTasks {
    client: TaskServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
    page_token: String,
}

impl ListTasks {
    /// Over a connection that others may share.
    ///
    /// # Errors
    /// When the token is none.
    pub fn new(channel: Channel, token: &str, page_token: &str) -> anyhow::Result<Self> {
        let client = TaskServiceClient::new(channel);
        Ok(Self { client, authorization: bearer(token)?, page_token: page_token.to_owned() })
    }

    /// Goes on to the next page.
    ///
    /// # Errors
    /// When there is none, too.
    pub async fn turn(&mut self) -> Result<(), Status> {
        self.page_token = self.next_page().await?;
        Ok(())
    }

    /// What leads to the page.
    pub fn into_page_token(self) -> String {
        self.page_token
    }

    async fn next_page(&mut self) -> Result<String, Status> {
        let page_token = self.page_token.clone();
        let mut request = Request::new(ListTasksRequest { page_token, ..ListTasksRequest::default() });
        request.metadata_mut().insert("authorization", self.authorization.clone());
        let page = self.client.list_tasks(request).await?.into_inner();
        if page.tasks.len() == PAGE && !page.next_page_token.is_empty() {
            Ok(page.next_page_token)
        } else {
            Err(Status::internal(format!("this is not a page of many: {} tasks", page.tasks.len())))
        }
    }
}

impl Call for ListTasks {
    async fn call(&mut self) -> Result<(), Status> {
        self.next_page().await.map(drop)
    }
}

/// Makes tasks.
pub struct CreateTask {
    client: TaskServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
}

impl CreateTask {
    /// Over a connection that others may share, as a new user.
    ///
    /// # Errors
    /// Never: a user's id can be a token.
    pub fn new(channel: Channel) -> anyhow::Result<Self> {
        Self::of(channel, &Uuid::now_v7().to_string())
    }

    /// The same as a user whose token is known.
    ///
    /// # Errors
    /// When the token is none.
    pub fn of(channel: Channel, token: &str) -> anyhow::Result<Self> {
        Ok(Self { client: TaskServiceClient::new(channel), authorization: bearer(token)? })
    }

    /// Makes one task.
    ///
    /// # Errors
    /// When it is not made, or is another one.
    pub async fn create(&mut self) -> Result<Task, Status> {
        let task = Task { title: TITLE.to_owned(), ..Task::default() };
        let mut request = Request::new(CreateTaskRequest { task: Some(task), ..CreateTaskRequest::default() });
        request.metadata_mut().insert("authorization", self.authorization.clone());
        match self.client.create_task(request).await?.into_inner().task {
            Some(task) if task.title == TITLE => Ok(task),
            other => Err(Status::internal(format!("this is not the task: {other:?}"))),
        }
    }
}

impl Call for CreateTask {
    async fn call(&mut self) -> Result<(), Status> {
        self.create().await.map(drop)
    }
}
