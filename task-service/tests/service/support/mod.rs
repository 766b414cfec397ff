//! What the tests run the service with: real ports, a real database, and a TokenService that believes what tokens say.

pub(crate) mod auth;
pub(crate) mod client;
pub(crate) mod tables;

use std::{net::SocketAddr, time::Duration};

use clap::Parser;
use service_runtime::{
    CancellationToken,
    clock::Clock,
    service::healthcheck,
    testing::{Engine, TestDatabase},
};
use task_service::{Listeners, Settings, settings::CommandLine};
use tokio::task::JoinHandle;

use self::{auth::Auth, client::User, tables::Tables};

/// A key that all instances of a test share where none is made.
const PAGE_TOKEN_KEY: &str = "xaR8iyFJ4mKT0wPr5Z2o7B1nqUcVhLdEs9GfX3vNtQA=";

/// The service as `main` runs it, on a port and a database of its own.
pub(crate) struct Service {
    pub(crate) auth: Auth,
    settings: Settings,
    clock: Clock,
    address: SocketAddr,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    pub(crate) async fn start(database: &TestDatabase) -> Self {
        Self::start_at(database, Clock::system()).await
    }

    /// With a clock that the test moves.
    pub(crate) async fn start_at(database: &TestDatabase, clock: Clock) -> Self {
        Self::start_with_at(database, clock, |_| ()).await
    }

    /// With other settings than the defaults.
    pub(crate) async fn start_with(database: &TestDatabase, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_with_at(database, Clock::system(), change).await
    }

    /// With both.
    pub(crate) async fn start_with_at(
        database: &TestDatabase,
        clock: Clock,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let auth = Auth::start().await;
        let mut settings = settings(database, auth.address());
        change(&mut settings);
        let (address, shutdown, running) = run(&settings, &clock).await;
        Self { auth, settings, clock, address, shutdown, running }
    }

    /// Another instance on the same database.
    pub(crate) async fn replica(&self) -> Self {
        let auth = self.auth.replica().await;
        let settings = Settings { auth_url: format!("http://{}", auth.address()), ..self.settings.clone() };
        let (address, shutdown, running) = run(&settings, &self.clock).await;
        Self { auth, settings, clock: self.clock.clone(), address, shutdown, running }
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        (&mut self.running).await.unwrap().unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        (self.address, self.shutdown, self.running) = run(&self.settings, &self.clock).await;
    }

    /// Whether it says that it serves.
    pub(crate) async fn is_healthy(&self) -> bool {
        healthcheck(self.address).await.is_ok()
    }

    /// A user whom nobody knows yet.
    pub(crate) fn new_user(&self) -> User {
        User::new(self.address, format!("user:{}", uuid::Uuid::now_v7()))
    }

    /// Whoever shows this token.
    pub(crate) fn caller(&self, token: &str) -> User {
        User::new(self.address, token.to_owned())
    }

    /// The tables behind the service's back.
    pub(crate) async fn tables(&self) -> Tables {
        Tables::open(&self.settings.database.url).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn settings(database: &TestDatabase, auth: SocketAddr) -> Settings {
    let auth_url = format!("http://{auth}");
    let mut arguments = vec!["task-service", "--task-listen", "127.0.0.1:0", "--task-operations-listen", "127.0.0.1:0"];
    arguments.extend(["--task-database-url", &database.settings.url, "--task-auth-url", &auth_url]);
    if database.engine == Engine::Postgres {
        arguments.extend(["--task-page-token-key", PAGE_TOKEN_KEY]);
    }
    CommandLine::parse_from(arguments).settings
}

async fn run(settings: &Settings, clock: &Clock) -> (SocketAddr, CancellationToken, JoinHandle<anyhow::Result<()>>) {
    let listeners = Listeners::bind(settings).await.unwrap();
    let address = listeners.public.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(task_service::serve(listeners, settings.clone(), clock.clone(), shutdown.clone()));
    while healthcheck(address).await.is_err() {
        assert!(!running.is_finished(), "the service did not start: {:?}", running.await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    (address, shutdown, running)
}
