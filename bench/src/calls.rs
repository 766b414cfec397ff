//! What is called, and where.

use std::net::SocketAddr;

use anyhow::Context;
use proto::{
    auth::v1::{
        LoginRequest, ValidateTokenRequest, auth_service_client::AuthServiceClient,
        token_service_client::TokenServiceClient, validate_token_response::Verdict,
    },
    task::v1::{CreateTaskRequest, GetTaskRequest, ListTasksRequest, Task, task_service_client::TaskServiceClient},
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use uuid::Uuid;

use crate::load::Call;

/// What is to be done in the tasks that are made.
pub const TITLE: &str = "Measure what a commit costs";

/// Tasks of a page whose size is not said.
const PAGE: usize = 50;

/// A call, again and again the same.
#[derive(Clone, Debug)]
pub enum Target {
    /// `TokenService.ValidateToken` of a good token.
    ValidateToken {
        /// The token.
        token: String,
    },
    /// `TaskService.GetTask` of a task of the token's owner.
    GetTask {
        /// The token.
        token: String,
        /// The task.
        task_id: String,
    },
    /// `AuthService.Login`.
    Login(Credentials),
    /// `TaskService.ListTasks`, a page of the usual size.
    ListTasks {
        /// The token.
        token: String,
        /// What leads to the page; empty for the first one.
        page_token: String,
    },
    /// `TaskService.CreateTask`, where a token is the id of its user: each stream as a user of its own, who has not been
    /// there before.
    CreateTask,
}

/// What somebody logs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

/// A connection to a server of this machine.
///
/// # Errors
/// When nobody listens there.
pub async fn connect(address: SocketAddr) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    endpoint.connect().await.with_context(|| format!("cannot connect to {address}"))
}

/// `authorization` for a token.
///
/// # Errors
/// When the token is none.
pub fn bearer(token: &str) -> anyhow::Result<MetadataValue<Ascii>> {
    Ok(format!("Bearer {token}").parse()?)
}

/// Asks who shows a token.
pub struct ValidateToken {
    client: TokenServiceClient<Channel>,
    token: String,
}

impl ValidateToken {
    /// Over a connection that others may share.
    pub fn new(channel: Channel, token: &str) -> Self {
        Self { client: TokenServiceClient::new(channel), token: token.to_owned() }
    }
}

impl Call for ValidateToken {
    async fn call(&mut self) -> Result<(), Status> {
        let request = ValidateTokenRequest { token: self.token.clone(), audience: String::new() };
        match self.client.validate_token(request).await?.into_inner().verdict {
            Some(Verdict::Caller(_)) => Ok(()),
            other => Err(Status::internal(format!("the token was not accepted: {other:?}"))),
        }
    }
}

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

/// Logs in.
pub struct Login {
    client: AuthServiceClient<Channel>,
    credentials: Credentials,
}

impl Login {
    /// Over a connection that others may share.
    pub fn new(channel: Channel, credentials: &Credentials) -> Self {
        Self { client: AuthServiceClient::new(channel), credentials: credentials.clone() }
    }
}

impl Call for Login {
    async fn call(&mut self) -> Result<(), Status> {
        let Credentials { email, password } = self.credentials.clone();
        match self.client.login(LoginRequest { email, password }).await?.into_inner().tokens {
            Some(_) => Ok(()),
            None => Err(Status::internal("a login without tokens")),
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
