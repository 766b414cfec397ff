//! The programs of a run, started: the real services, and this program again as what they are compared with.

use std::{env, fs, net::SocketAddr, path::Path, process::Command};

use anyhow::{Context, bail};
use prost::Message;
use proto::auth::v1::{
    LoginRequest, SignUpRequest, Tokens, ValidateTokenRequest, ValidateTokenResponse,
    auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient, validate_token_response::Verdict,
};

use crate::{
    calls::{Credentials, connect},
    options::Options,
    server::{Server, free_address},
};

/// PostgreSQL has no folder in which a key would be made. Every replica of a run has these.
const MASTER_KEY: &str = "YSBrZXkgZm9yIHRoZSB0b2tlbnMgb2YgdGhlIGJlbmM=";
const PAGE_TOKEN_KEY: &str = "YSBrZXkgZm9yIHRoZSBwYWdlcyBvZiB0aGUgYmVuY2g=";

/// A setting and its value.
pub type Setting<'a> = (&'a str, &'a str);

/// A running auth-service without limits on sign-ups and logins.
pub struct AuthService {
    /// The process.
    pub server: Server,
    /// Its public port.
    pub public: SocketAddr,
    /// Its internal port.
    pub internal: SocketAddr,
    /// Where its metrics are.
    pub operations: SocketAddr,
}

impl AuthService {
    /// Starts one, with these settings too.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(
        name: &str,
        options: &Options,
        folder: &Path,
        database_url: &str,
        settings: &[Setting<'_>],
    ) -> anyhow::Result<Self> {
        let [public, internal, operations] = [(); 3].map(|()| free_address());
        let mut command = Command::new(options.program("auth-service"));
        if database_url.starts_with("postgres") {
            command.env("AUTH_MASTER_KEY", MASTER_KEY);
        }
        command
            .envs([("AUTH_SIGN_UP_LIMIT", "1000000"), ("AUTH_LOGIN_LIMIT", "1000000")])
            .envs([("AUTH_ACCOUNT_FAILURES", "1000000"), ("AUTH_DATABASE_URL", database_url)])
            .env("AUTH_LISTEN", public.to_string())
            .env("AUTH_INTERNAL_LISTEN", internal.to_string())
            .env("AUTH_OPERATIONS_LISTEN", operations.to_string())
            .envs(settings.iter().copied());
        let server = Server::start(name, command, folder)?.ready(operations).await?;
        Ok(Self { server, public, internal, operations })
    }

    /// Makes an account.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sign_up(&self, credentials: &Credentials) -> anyhow::Result<()> {
        let Credentials { email, password } = credentials.clone();
        let request = SignUpRequest { email, password, display_name: String::new(), ..SignUpRequest::default() };
        AuthServiceClient::new(connect(self.public).await?).sign_up(request).await.context("cannot sign up")?;
        Ok(())
    }

    /// Begins a session.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn log_in(&self, credentials: &Credentials) -> anyhow::Result<Tokens> {
        let Credentials { email, password } = credentials.clone();
        let mut client = AuthServiceClient::new(connect(self.public).await?);
        let answer =
            client.login(LoginRequest { email, password, ..LoginRequest::default() }).await.context("cannot log in")?;
        answer.into_inner().tokens.context("a login without tokens")
    }

    /// What it answers of a token, into a file that echoes read; the token must be as good as is said.
    ///
    /// # Errors
    /// When it is not.
    pub async fn keep_verdict(&self, token: &str, good: bool, file: &Path) -> anyhow::Result<()> {
        let request = ValidateTokenRequest { token: token.to_owned(), audience: String::new() };
        let mut client = TokenServiceClient::new(connect(self.internal).await?);
        let answer: ValidateTokenResponse = client.validate_token(request).await?.into_inner();
        match (&answer.verdict, good) {
            (Some(Verdict::Caller(_)), true) | (Some(Verdict::Rejection(_)), false) => {}
            (other, _) => bail!("the token was judged otherwise: {other:?}"),
        }
        Ok(fs::write(file, answer.encode_to_vec())?)
    }
}

/// A running server of one port.
pub struct Served {
    /// The process.
    pub server: Server,
    /// The port.
    pub address: SocketAddr,
}

impl Served {
    /// Starts task-service, which asks `auth` who calls.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn task_service(
        name: &str,
        options: &Options,
        folder: &Path,
        database_url: &str,
        auth: &AuthService,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(options.program("task-service"));
        command.env("TASK_AUTH_URL", format!("http://{}", auth.internal));
        Self::tasks(name, command, folder, database_url).await
    }

    /// Starts this program as a server of tasks (`serve-tasks-open`, `serve-tasks-raw`), with these arguments and
    /// settings too.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn comparison(
        name: &str,
        arguments: &[&str],
        folder: &Path,
        database_url: &str,
        settings: &[Setting<'_>],
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).envs(settings.iter().copied());
        Self::tasks(name, command, folder, database_url).await
    }

    /// Starts this program as a bare server (`serve-echo`, `serve-echo-task`), with these arguments too.
    ///
    /// # Errors
    /// When it does not listen.
    pub async fn echo(name: &str, arguments: &[&str], folder: &Path, answer: &Path) -> anyhow::Result<Self> {
        let address = free_address();
        let mut command = Command::new(env::current_exe()?);
        command.args(arguments).args(["--listen", &address.to_string()]).arg("--answer").arg(answer);
        let server = Server::start(name, command, folder)?.listening(address).await?;
        Ok(Self { server, address })
    }

    async fn tasks(name: &str, mut command: Command, folder: &Path, database_url: &str) -> anyhow::Result<Self> {
        let [address, operations] = [(); 2].map(|()| free_address());
        if database_url.starts_with("postgres") {
            command.env("TASK_PAGE_TOKEN_KEY", PAGE_TOKEN_KEY);
        }
        command
            .env("TASK_DATABASE_URL", database_url)
            .env("TASK_LISTEN", address.to_string())
            .env("TASK_OPERATIONS_LISTEN", operations.to_string())
            .env("TASK_REQUEST_LIMIT", "1000000");
        let server = Server::start(name, command, folder)?.ready(operations).await?;
        Ok(Self { server, address })
    }
}
