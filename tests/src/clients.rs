//! Calling the pair.

use std::{net::SocketAddr, time::Duration};

use proto::{
    auth::v1::{
        LoginRequest, LogoutRequest, RefreshTokenRequest, SignUpRequest, Tokens, auth_service_client::AuthServiceClient,
    },
    task::v1::{
        CreateTaskRequest, GetTaskRequest, ListTasksRequest, Task, task_list_service_client::TaskListServiceClient,
        task_service_client::TaskServiceClient,
    },
};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

use crate::{Refusal, eventually};

/// Nobody's first choice, and good enough for every rule.
const PASSWORD: &str = "Xk4mPq9z";

/// How long task-service may take to hear of a session's end when nothing is in the way.
pub const PROMPT: Duration = Duration::from_secs(1);

/// Clients of both services.
#[derive(Clone, Debug)]
pub struct Clients {
    auth: AuthServiceClient<Channel>,
    tasks: TaskServiceClient<Channel>,
    lists: TaskListServiceClient<Channel>,
}

/// Somebody who has signed up.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// The user's id.
    pub id: String,
    /// What the person logs in with.
    pub email: String,
    /// What the person logs in with.
    pub password: String,
    /// The access token of the newest session.
    pub token: String,
    /// The refresh token of the newest session.
    pub refresh_token: String,
}

impl Person {
    /// A request with this person's token.
    ///
    /// # Panics
    /// When the token cannot be sent.
    pub fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let value = format!("Bearer {}", self.token).parse().expect("a token is visible ASCII");
        request.metadata_mut().insert("authorization", value);
        request
    }
}

impl Person {
    fn with(&self, tokens: Tokens) -> Self {
        Self { token: tokens.access_token, refresh_token: tokens.refresh_token, ..self.clone() }
    }
}

/// A channel that connects when it is first used, and again when it has lost its connection.
pub(crate) fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).expect("a URL").tcp_nodelay(true).connect_lazy()
}

impl Clients {
    pub(crate) fn new(auth: SocketAddr, tasks: SocketAddr) -> Self {
        let tasks = channel(tasks);
        Self {
            auth: AuthServiceClient::new(channel(auth)),
            lists: TaskListServiceClient::new(tasks.clone()),
            tasks: TaskServiceClient::new(tasks),
        }
    }

    /// The generated client of AuthService.
    pub fn auth(&self) -> AuthServiceClient<Channel> {
        self.auth.clone()
    }

    /// The generated client of TaskService.
    pub fn tasks(&self) -> TaskServiceClient<Channel> {
        self.tasks.clone()
    }

    /// The generated client of TaskListService.
    pub fn lists(&self) -> TaskListServiceClient<Channel> {
        self.lists.clone()
    }

    /// Signs up somebody new.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn sign_up(&self) -> Person {
        self.try_sign_up().await.expect("to sign up")
    }

    /// Signs up somebody new, unless it is refused.
    ///
    /// # Errors
    /// The refusal.
    pub async fn try_sign_up(&self) -> Result<Person, Status> {
        let email = format!("{}@example.org", Uuid::new_v4().simple());
        let message = SignUpRequest {
            email: email.clone(),
            password: PASSWORD.to_owned(),
            display_name: "Ada".to_owned(),
            ..SignUpRequest::default()
        };
        let answer = self.auth().sign_up(message).await?.into_inner();
        let (user, tokens) = (answer.user.unwrap_or_default(), answer.tokens.unwrap_or_default());
        let Tokens { access_token: token, refresh_token, .. } = tokens;
        Ok(Person { id: user.id, email, password: PASSWORD.to_owned(), token, refresh_token })
    }

    /// Logs somebody in again, in a new session.
    ///
    /// # Errors
    /// The refusal.
    pub async fn log_in(&self, person: &Person) -> Result<Person, Status> {
        let message =
            LoginRequest { email: person.email.clone(), password: person.password.clone(), ..LoginRequest::default() };
        let tokens = self.auth().login(message).await?.into_inner().tokens.unwrap_or_default();
        Ok(person.with(tokens))
    }

    /// New tokens for the person's refresh token.
    ///
    /// # Errors
    /// The refusal.
    pub async fn refresh(&self, person: &Person) -> Result<Person, Status> {
        let message = RefreshTokenRequest { refresh_token: person.refresh_token.clone() };
        let tokens = self.auth().refresh_token(message).await?.into_inner().tokens.unwrap_or_default();
        Ok(person.with(tokens))
    }

    /// Begins more sessions of a person's.
    ///
    /// # Panics
    /// When one is refused.
    pub async fn log_in_often(&self, person: &Person, times: usize) -> Vec<Person> {
        let mut sessions = Vec::new();
        for _ in 0..times {
            sessions.push(self.log_in(person).await.expect("to log in"));
        }
        sessions
    }

    /// Ends the session of the person's token.
    ///
    /// # Errors
    /// The refusal.
    pub async fn log_out(&self, person: &Person) -> Result<(), Status> {
        self.auth().logout(person.request(LogoutRequest::default())).await.map(drop)
    }

    /// Makes a task with this title.
    ///
    /// # Errors
    /// The refusal.
    pub async fn create(&self, person: &Person, title: &str) -> Result<Task, Status> {
        let task = Task { title: title.to_owned(), ..Task::default() };
        let message = CreateTaskRequest { task: Some(task), ..CreateTaskRequest::default() };
        Ok(self.tasks().create_task(person.request(message)).await?.into_inner().task.unwrap_or_default())
    }

    /// Reads a task.
    ///
    /// # Errors
    /// The refusal.
    pub async fn get(&self, person: &Person, task_id: &str) -> Result<Task, Status> {
        let message = GetTaskRequest { task_id: task_id.to_owned() };
        Ok(self.tasks().get_task(person.request(message)).await?.into_inner().task.unwrap_or_default())
    }

    /// Lists all of the person's tasks, page by page.
    ///
    /// # Errors
    /// The refusal.
    pub async fn list(&self, person: &Person) -> Result<Vec<Task>, Status> {
        let (mut tasks, mut page_token) = (Vec::new(), String::new());
        loop {
            let message = ListTasksRequest { page_size: 200, page_token, ..ListTasksRequest::default() };
            let page = self.tasks().list_tasks(person.request(message)).await?.into_inner();
            tasks.extend(page.tasks);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(tasks);
            }
        }
    }

    /// Calls task-service until it refuses the person's token as revoked.
    ///
    /// # Panics
    /// When it accepts it after `limit`, or refuses it for another reason.
    pub async fn revoked_within(&self, limit: Duration, person: &Person) {
        let refused = async || self.list(person).await.err();
        let (status, _) = eventually("a refusal by task-service", limit, refused).await;
        Refusal::of(&status).assert(Code::Unauthenticated, "TOKEN_REVOKED");
    }
}
