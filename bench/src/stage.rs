//! What most rows about tokens are measured on, started and filled: the real pair on SQLite with one user and one task,
//! and what it is compared with.

use std::path::{Path, PathBuf};

use anyhow::Context;
use proto::task::v1::{CreateTaskRequest, Task, task_service_client::TaskServiceClient};
use tonic::Request;
use xtask::scratch::Scratch;

use crate::{
    calls::{Credentials, bearer, connect},
    options::Options,
    programs::{AuthService, Served},
};

/// As many hash at once in either server; the default of auth-service.
const HASH_THREADS: &str = "2";
/// In the folder of the stage.
pub const AUTH_DATABASE: &str = "sqlite://auth.db";
const TASK_DATABASE: &str = "sqlite://task.db";

/// The servers, and what to ask them.
pub struct Stage {
    /// The real one.
    pub auth: AuthService,
    /// The real one, which asks `auth`.
    pub task: Served,
    /// The bare tonic server.
    pub echo: Served,
    /// The bare tonic server that hashes once for each call.
    pub hashing: Served,
    /// task-service on the database of `task`, asking nobody.
    pub open_task: Served,
    /// What the user logs in with.
    pub credentials: Credentials,
    /// An access token of the user.
    pub token: String,
    /// A task of the user.
    pub task_id: String,
    // Last, because fields are dropped in order: the folder goes when the servers have ended.
    folder: Scratch,
}

impl Stage {
    /// Sets everything up, which takes a sign-up, a login and a task.
    ///
    /// # Errors
    /// When a server does not start or does not do that.
    pub async fn set(options: &Options) -> anyhow::Result<Self> {
        let scratch = Scratch::create("bench")?;
        let folder = scratch.path();
        let settings = [("AUTH_HASH_THREADS", HASH_THREADS)];
        let auth = AuthService::start("auth-service", options, folder, AUTH_DATABASE, &settings).await?;
        let credentials = Credentials::of("bench");
        auth.sign_up(&credentials).await?;
        let token = auth.log_in(&credentials).await?.access_token;
        let task = Served::task_service("task-service", options, folder, TASK_DATABASE, &auth).await?;
        let task_id = create_task(&task, &token).await.context("cannot create a task")?;
        let answer = folder.join("answer");
        auth.keep_verdict(&token, true, &answer).await?;
        let echo = Served::echo("echo", &["serve-echo"], folder, &answer).await?;
        let hashing = ["serve-echo", "--hash-threads", HASH_THREADS];
        let hashing = Served::echo("argon2id", &hashing, folder, &answer).await?;
        let open = ["serve-tasks-open", "--answer", "answer"];
        let open_task = Served::comparison("open-task-service", &open, folder, TASK_DATABASE, &[]).await?;
        Ok(Self { auth, task, echo, hashing, open_task, credentials, token, task_id, folder: scratch })
    }

    /// Where its databases and logs are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What auth-service says of the token, for an echo.
    pub fn answer(&self) -> PathBuf {
        self.folder().join("answer")
    }
}

async fn create_task(server: &Served, token: &str) -> anyhow::Result<String> {
    let task = Task {
        title: "Measure what a call costs".to_owned(),
        notes: "On a quiet machine, in turn, and more than once.".to_owned(),
        labels: vec!["bench".to_owned()],
        ..Task::default()
    };
    let mut request = Request::new(CreateTaskRequest { task: Some(task), ..CreateTaskRequest::default() });
    request.metadata_mut().insert("authorization", bearer(token)?);
    let created = TaskServiceClient::new(connect(server.address).await?).create_task(request).await?.into_inner();
    Ok(created.task.context("no task")?.id)
}
