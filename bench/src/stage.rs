//! Everything that a run measures, started and filled: the real pair on SQLite with one user and one task, and what it
//! is compared with.

use std::{env, fs, net::SocketAddr, path::Path, process::Command};

use anyhow::{Context, bail};
use prost::Message;
use proto::{
    auth::v1::{
        LoginRequest, SignUpRequest, ValidateTokenRequest, ValidateTokenResponse,
        auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient,
        validate_token_response::Verdict,
    },
    task::v1::{CreateTaskRequest, Task, task_service_client::TaskServiceClient},
};
use tonic::Request;
use xtask::scratch::Scratch;

use crate::{
    calls::{Credentials, bearer, connect},
    options::Options,
    server::{Server, free_address},
};

const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "Xk4mPq9z";
/// As many hash at once in either server; the default of auth-service.
const HASH_THREADS: &str = "2";
const AUTH_DATABASE: &str = "sqlite://auth.db";
const TASK_DATABASE: &str = "sqlite://task.db";

/// The servers, where they listen, and what to ask them.
pub struct Stage {
    /// The real one.
    pub auth: Server,
    /// Its public port.
    pub auth_public: SocketAddr,
    /// Its internal port.
    pub auth_internal: SocketAddr,
    /// Where its metrics are.
    pub auth_operations: SocketAddr,
    /// The real one, which asks `auth`.
    pub task: Server,
    /// Its public port.
    pub task_public: SocketAddr,
    /// The bare tonic server.
    pub echo: Server,
    /// Its port.
    pub echo_public: SocketAddr,
    /// The bare tonic server that hashes once for each call.
    pub hashing: Server,
    /// Its port.
    pub hashing_public: SocketAddr,
    /// task-service on the database of `task`, asking nobody.
    pub open_task: Server,
    /// Its public port.
    pub open_task_public: SocketAddr,
    /// What the user logs in with.
    pub credentials: Credentials,
    /// An access token of the user.
    pub token: String,
    /// A task of the user.
    pub task_id: String,
    // Last, because fields are dropped in order: the folder goes when the servers have ended.
    _folder: Scratch,
}

impl Stage {
    /// Sets everything up, which takes a sign-up, a login and a task.
    ///
    /// # Errors
    /// When a server does not start or does not do that.
    pub async fn set(options: &Options) -> anyhow::Result<Self> {
        let scratch = Scratch::create("bench")?;
        let folder = scratch.path();
        let [auth_public, auth_internal, auth_operations] = [(); 3].map(|()| free_address());
        let [task_public, echo_public, hashing_public, open_task_public] = [(); 4].map(|()| free_address());

        let mut command = Command::new(options.program("auth-service"));
        command
            .env("AUTH_DATABASE_URL", AUTH_DATABASE)
            .env("AUTH_LISTEN", auth_public.to_string())
            .env("AUTH_INTERNAL_LISTEN", auth_internal.to_string())
            .env("AUTH_OPERATIONS_LISTEN", auth_operations.to_string())
            .env("AUTH_HASH_THREADS", HASH_THREADS)
            .env("AUTH_SIGN_UP_LIMIT", "1000000")
            .env("AUTH_LOGIN_LIMIT", "1000000")
            .env("AUTH_ACCOUNT_FAILURES", "1000000");
        let auth = Server::start("auth-service", command, folder)?.ready(auth_operations).await?;
        let token = sign_up_and_log_in(auth_public).await.context("cannot sign up and log in")?;

        let operations = free_address();
        let mut command = Command::new(options.program("task-service"));
        task_settings(&mut command, task_public, operations).env("TASK_AUTH_URL", format!("http://{auth_internal}"));
        let task = Server::start("task-service", command, folder)?.ready(operations).await?;
        let task_id = create_task(task_public, &token).await.context("cannot create a task")?;

        let answer = folder.join("answer");
        fs::write(&answer, caller_of(auth_internal, &token).await?.encode_to_vec())?;
        let mut command = comparison("serve-echo", &answer)?;
        command.args(["--listen", &echo_public.to_string()]);
        let echo = Server::start("echo", command, folder)?.listening(echo_public).await?;

        let mut command = comparison("serve-echo", &answer)?;
        command.args(["--listen", &hashing_public.to_string(), "--hash-threads", HASH_THREADS]);
        let hashing = Server::start("argon2id", command, folder)?.listening(hashing_public).await?;

        let operations = free_address();
        let mut command = comparison("serve-tasks-open", &answer)?;
        task_settings(&mut command, open_task_public, operations);
        let open_task = Server::start("open-task-service", command, folder)?.ready(operations).await?;

        Ok(Self {
            auth,
            auth_public,
            auth_internal,
            auth_operations,
            task,
            task_public,
            echo,
            echo_public,
            hashing,
            hashing_public,
            open_task,
            open_task_public,
            credentials: credentials(),
            token,
            task_id,
            _folder: scratch,
        })
    }
}

fn task_settings(command: &mut Command, public: SocketAddr, operations: SocketAddr) -> &mut Command {
    command
        .env("TASK_DATABASE_URL", TASK_DATABASE)
        .env("TASK_LISTEN", public.to_string())
        .env("TASK_OPERATIONS_LISTEN", operations.to_string())
        .env("TASK_REQUEST_LIMIT", "1000000")
}

/// This program again, as another server.
fn comparison(subcommand: &str, answer: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(subcommand).arg("--answer").arg(answer);
    Ok(command)
}

fn credentials() -> Credentials {
    Credentials { email: EMAIL.to_owned(), password: PASSWORD.to_owned() }
}

async fn sign_up_and_log_in(address: SocketAddr) -> anyhow::Result<String> {
    let mut auth = AuthServiceClient::new(connect(address).await?);
    let Credentials { email, password } = credentials();
    auth.sign_up(SignUpRequest { email: email.clone(), password: password.clone(), display_name: String::new() })
        .await?;
    let session = auth.login(LoginRequest { email, password }).await?.into_inner();
    Ok(session.tokens.context("no tokens")?.access_token)
}

async fn create_task(address: SocketAddr, token: &str) -> anyhow::Result<String> {
    let task = Task {
        title: "Measure what a call costs".to_owned(),
        notes: "On a quiet machine, in turn, and more than once.".to_owned(),
        labels: vec!["bench".to_owned()],
        ..Task::default()
    };
    let mut request = Request::new(CreateTaskRequest { task: Some(task), ..CreateTaskRequest::default() });
    request.metadata_mut().insert("authorization", bearer(token)?);
    let created = TaskServiceClient::new(connect(address).await?).create_task(request).await?.into_inner();
    Ok(created.task.context("no task")?.id)
}

async fn caller_of(address: SocketAddr, token: &str) -> anyhow::Result<ValidateTokenResponse> {
    let request = ValidateTokenRequest { token: token.to_owned(), audience: String::new() };
    let answer = TokenServiceClient::new(connect(address).await?).validate_token(request).await?.into_inner();
    match &answer.verdict {
        Some(Verdict::Caller(_)) => Ok(answer),
        other => bail!("the token was not accepted: {other:?}"),
    }
}
