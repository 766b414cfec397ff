//! The service as its callers meet it: started on ports of its own, with a database of its own.

#![allow(clippy::print_stderr, reason = "a service that does not start says why")]
#![allow(unreachable_pub, reason = "as a library of the tests")]

pub mod forger;
pub mod issuer;
pub mod page;
pub mod proxy;
pub mod watching;

use std::{net::SocketAddr, time::Duration};

use auth_service::{Listeners, Settings, settings::CommandLine};
use clap::Parser;
use proto::auth::v1::{
    LoginRequest, RefreshTokenRequest, RejectionReason, SignUpRequest, SignUpResponse, Tokens, User,
    ValidateTokenRequest, auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient,
    validate_token_response::Verdict,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TryGetable};
use service_runtime::{
    CancellationToken,
    clock::Clock,
    testing::{Engine, TestDatabase},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{Request, Status, transport::Channel};
use tonic_types::{ErrorDetails, StatusExt};

pub const PASSWORD: &str = "Xk4mPq9z";
/// The master key where none is generated: base64 of 32 bytes that are not all the same.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub struct Service {
    pub public: SocketAddr,
    pub internal: SocketAddr,
    pub operations: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

/// Cheap hashes and wide limits, unless the test has its own.
pub fn settings(database: &TestDatabase, arguments: &[&str]) -> Settings {
    let mut line = vec!["auth-service", "--auth-allow-weak-hash", "--auth-database-url", &database.settings.url];
    let defaults = [
        ("--auth-hash-memory-kib", "64"),
        ("--auth-hash-iterations", "1"),
        ("--auth-database-connections", "8"),
        ("--auth-login-limit", "1000"),
        ("--auth-account-failures", "1000"),
        ("--auth-sign-up-limit", "1000"),
        ("--auth-master-key", MASTER_KEY),
    ];
    for (name, value) in defaults {
        let generated = name == "--auth-master-key" && database.engine == Engine::Sqlite;
        if !generated && !arguments.contains(&name) {
            line.extend([name, value]);
        }
    }
    line.extend(arguments);
    CommandLine::parse_from(line).settings
}

pub async fn listeners() -> Listeners {
    let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    Listeners { public: bind().await, internal: bind().await, operations: bind().await }
}

impl Service {
    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, Clock::system(), &[]).await
    }

    pub async fn start_with(database: &TestDatabase, clock: Clock, arguments: &[&str]) -> Self {
        Self::start_from(settings(database, arguments), clock).await
    }

    pub async fn start_from(settings: Settings, clock: Clock) -> Self {
        let listeners = listeners().await;
        let address = |listener: &TcpListener| listener.local_addr().unwrap();
        let (public, internal) = (address(&listeners.public), address(&listeners.internal));
        let operations = address(&listeners.operations);
        let shutdown = CancellationToken::new();
        let served = auth_service::serve(listeners, settings, clock, shutdown.clone());
        let served = async { served.await.inspect_err(|error| eprintln!("auth-service ended: {error:?}")) };
        let service = Self { public, internal, operations, shutdown, task: tokio::spawn(served) };
        service.ready().await;
        service
    }

    /// Waits until it serves; tells why if it does not.
    async fn ready(&self) {
        let listening = async {
            while service_runtime::service::healthcheck(self.public).await.is_err() {
                assert!(!self.task.is_finished(), "it ended before it served: see the output of the test");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), listening).await.unwrap();
    }

    pub fn begin_to_stop(&self) {
        self.shutdown.cancel();
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    pub async fn auth(&self) -> AuthServiceClient<Channel> {
        AuthServiceClient::new(channel(self.public).await)
    }

    /// As software of that name.
    pub async fn auth_as(&self, software: &'static str) -> AuthServiceClient<Channel> {
        let endpoint = Channel::from_shared(format!("http://{}", self.public)).unwrap();
        AuthServiceClient::new(endpoint.user_agent(software).unwrap().connect().await.unwrap())
    }

    pub async fn sign_up(&self, email: &str) -> Result<SignUpResponse, Status> {
        let request = SignUpRequest {
            email: email.into(),
            password: PASSWORD.into(),
            display_name: "Ada".into(),
            ..SignUpRequest::default()
        };
        self.auth().await.sign_up(request).await.map(tonic::Response::into_inner)
    }

    pub async fn tokens(&self) -> TokenServiceClient<Channel> {
        TokenServiceClient::new(channel(self.internal).await)
    }

    /// A user and an access token.
    pub async fn signed_up(&self, email: &str) -> (User, String) {
        let answer = self.sign_up(email).await.unwrap();
        (answer.user.unwrap(), answer.tokens.unwrap().access_token)
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Result<(User, Tokens), Status> {
        let request = LoginRequest { email: email.into(), password: password.into(), ..LoginRequest::default() };
        let answer = self.auth().await.login(request).await?.into_inner();
        Ok((answer.user.unwrap(), answer.tokens.unwrap()))
    }

    pub async fn refresh(&self, refresh_token: &str) -> Result<Tokens, Status> {
        refreshed(self.auth().await, refresh_token.to_owned()).await
    }

    pub async fn judge(&self, token: &str, audience: &str) -> Result<Verdict, Status> {
        let request = ValidateTokenRequest { token: token.into(), audience: audience.into() };
        let answer = self.tokens().await.validate_token(request).await?;
        Ok(answer.into_inner().verdict.unwrap())
    }

    pub async fn accepts(&self, token: &str) -> bool {
        matches!(self.judge(token, "").await.unwrap(), Verdict::Caller(_))
    }

    /// Waits until it has heard of what another process revoked.
    pub async fn soon_refuses(&self, token: &str) -> Duration {
        eventually(Duration::from_secs(1), async || !self.accepts(token).await).await
    }

    pub async fn rejection(&self, token: &str) -> RejectionReason {
        match self.judge(token, "").await.unwrap() {
            Verdict::Rejection(rejection) => rejection.reason(),
            Verdict::Caller(caller) => panic!("accepted: {caller:?}"),
        }
    }
}

pub async fn channel(address: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.timeout(Duration::from_secs(20)).connect().await.unwrap()
}

/// Asks again and again until the answer is yes, and tells how long that took.
pub async fn eventually(within: Duration, mut ask: impl AsyncFnMut() -> bool) -> Duration {
    let start = std::time::Instant::now();
    while !ask().await {
        assert!(start.elapsed() < within, "not within {within:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

pub async fn refreshed(mut client: AuthServiceClient<Channel>, refresh_token: String) -> Result<Tokens, Status> {
    let answer = client.refresh_token(RefreshTokenRequest { refresh_token }).await?;
    Ok(answer.into_inner().tokens.unwrap())
}

pub fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("without ErrorInfo: {status:?}"));
    assert_eq!(info.domain, "auth.duet");
    info.reason
}

pub fn details(status: &Status) -> ErrorDetails {
    status.get_error_details()
}

pub async fn connection(database: &TestDatabase) -> DatabaseConnection {
    service_runtime::testing::connect(&database.settings.url).await
}

pub async fn execute(database: &TestDatabase, sql: &str) {
    connection(database).await.execute_unprepared(sql).await.unwrap();
}

/// The only column of every row.
pub async fn column<T: TryGetable>(database: &TestDatabase, sql: &str) -> Vec<T> {
    let connection = connection(database).await;
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Every column of every row, as text with hexadecimal bytes on PostgreSQL and wholly as hexadecimal bytes on SQLite.
pub async fn dump(database: &TestDatabase, table: &str) -> Vec<String> {
    let sql = match database.engine {
        Engine::Postgres => format!("SELECT lower({table}::text) FROM {table} ORDER BY id"),
        Engine::Sqlite => {
            let columns = format!("SELECT 'lower(hex(' || name || '))' FROM pragma_table_info('{table}')");
            let columns = column::<String>(database, &columns).await.join(" || ' ' || ");
            format!("SELECT {columns} FROM {table} ORDER BY id")
        }
    };
    column(database, &sql).await
}

pub async fn events(database: &TestDatabase) -> Vec<String> {
    column(database, "SELECT type FROM auth_event ORDER BY create_time, type").await
}
