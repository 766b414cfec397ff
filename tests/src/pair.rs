//! Both services, and Envoy in front of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tonic::transport::Channel;
use xtask::{
    envoy::{self, Ports},
    port::free_port,
    postgres::Postgres,
    process::{Child, Output},
};

use crate::{
    clients::{Clients, channel},
    engine::{Engine, Store},
    eventually,
    program::{Program, free_address},
    provided,
};

/// Envoy asks after the services' health every quarter of a second while it finds them unhealthy.
const EDGE: Duration = Duration::from_secs(15);

type Settings = BTreeMap<String, String>;

/// A running pair.
pub struct Pair {
    /// auth-service.
    pub auth: Program,
    /// task-service.
    pub task: Program,
    edge: Option<(Child, Ports)>,
    folder: TempDir,
}

/// How a pair is to be.
pub struct Builder {
    folder: TempDir,
    auth: Store,
    task: Store,
    settings: Settings,
    limits: bool,
    edge: Option<Edge>,
}

/// The Envoy that a pair is to have.
struct Edge {
    listener: u16,
    page: Option<PathBuf>,
}

impl Builder {
    /// With the limits on sign-ups and logins that a real installation has; otherwise a test may try as often as
    /// it likes.
    #[must_use]
    pub fn default_limits(mut self) -> Self {
        self.limits = true;
        self
    }

    /// With Envoy in front, whose address is the issuer's.
    #[must_use]
    pub fn edge(self) -> Self {
        self.edge_with(None)
    }

    /// With Envoy in front that serves the built page in this folder.
    #[must_use]
    pub fn page(self, folder: impl Into<PathBuf>) -> Self {
        self.edge_with(Some(folder.into()))
    }

    fn edge_with(mut self, page: Option<PathBuf>) -> Self {
        let listener = free_port();
        self.edge = Some(Edge { listener, page });
        self.set("AUTH_ISSUER", format!("http://127.0.0.1:{listener}"))
    }

    /// With this setting, for whichever service reads it.
    #[must_use]
    pub fn set(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.settings.insert(variable.to_owned(), value.into());
        self
    }

    /// Starts all of it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn start(mut self) -> Pair {
        let edge = self.edge.take();
        let mut pair = self.build();
        pair.auth.spawn();
        pair.task.spawn();
        pair.auth.wait_until_ready().await;
        pair.task.wait_until_ready().await;
        if let Some(edge) = edge {
            pair.start_edge(edge).await;
        }
        pair
    }

    /// The pair, not yet started.
    pub fn build(self) -> Pair {
        let Self { folder, auth, task, settings, limits, edge: _ } = self;
        let auth_operations = free_address();
        let auth_settings = auth_settings(&auth, auth_operations, limits, &settings);
        let internal = auth_settings["AUTH_INTERNAL_LISTEN"].clone();
        let auth = Program::new("auth-service", folder.path(), auth_settings, auth_operations);
        let task_operations = free_address();
        let task_settings = task_settings(&task, task_operations, &internal, &settings);
        let task = Program::new("task-service", folder.path(), task_settings, task_operations);
        Pair { auth, task, edge: None, folder }
    }
}

impl Pair {
    /// A pair on new databases of this kind.
    ///
    /// # Panics
    /// When they cannot be made.
    pub async fn on(engine: Engine) -> Builder {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let auth = Store::create(engine, folder.path(), "auth").await;
        let task = Store::create(engine, folder.path(), "task").await;
        Builder { folder, auth, task, settings: Settings::new(), limits: false, edge: None }
    }

    /// A pair on new databases in this PostgreSQL server.
    ///
    /// # Panics
    /// When they cannot be made.
    pub async fn inside(server: &Postgres) -> Builder {
        let url = server.url("postgres");
        let auth = Store::create_in(&url, "auth").await;
        let task = Store::create_in(&url, "task").await;
        let folder = tempfile::tempdir().expect("a temporary folder");
        Builder { folder, auth, task, settings: Settings::new(), limits: false, edge: None }
    }

    /// The folder of its logs and embedded databases, which goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Clients that call the services themselves.
    pub fn direct(&self) -> Clients {
        Clients::new(self.auth.address("AUTH_LISTEN"), self.task.address("TASK_LISTEN"))
    }

    /// Clients that call through Envoy.
    ///
    /// # Panics
    /// When the pair has none.
    pub fn through_edge(&self) -> Clients {
        Clients::new(self.edge(), self.edge())
    }

    /// Envoy's address.
    ///
    /// # Panics
    /// When the pair has none.
    pub fn edge(&self) -> SocketAddr {
        self.edge.as_ref().expect("a pair with Envoy").1.listener_address()
    }

    /// A channel to one of the services' ports, by the name of the setting.
    ///
    /// # Panics
    /// When there is no such setting.
    pub fn channel(&self, variable: &str) -> Channel {
        channel(self.address(variable))
    }

    /// A channel to Envoy.
    ///
    /// # Panics
    /// When the pair has none.
    pub fn edge_channel(&self) -> Channel {
        channel(self.edge())
    }

    /// One of the services' ports, by the name of the setting.
    ///
    /// # Panics
    /// When there is no such setting.
    pub fn address(&self, variable: &str) -> SocketAddr {
        let program = if variable.starts_with("AUTH_") { &self.auth } else { &self.task };
        program.address(variable)
    }

    /// Another task-service on the same database, with the same secrets, and clients that call it.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn second_task_service(&self) -> (Program, Clients) {
        let mut replica = self.task.replica(&["TASK_LISTEN"], "TASK_OPERATIONS_LISTEN");
        replica.start().await;
        let clients = Clients::new(self.auth.address("AUTH_LISTEN"), replica.address("TASK_LISTEN"));
        (replica, clients)
    }

    /// Another auth-service on the same database, with the same secrets and not yet started, and clients that call it.
    pub fn second_auth_service(&self) -> (Program, Clients) {
        let replica = self.auth.replica(&["AUTH_LISTEN", "AUTH_INTERNAL_LISTEN"], "AUTH_OPERATIONS_LISTEN");
        let clients = Clients::new(replica.address("AUTH_LISTEN"), self.task.address("TASK_LISTEN"));
        (replica, clients)
    }

    async fn start_edge(&mut self, Edge { listener, page }: Edge) {
        provided("DUET_ENVOY");
        let (auth, task) = (self.address("AUTH_LISTEN").port(), self.address("TASK_LISTEN").port());
        let ports = Ports { listener, admin: free_port(), auth, task };
        let folder = self.folder.path().to_owned();
        let start = move || envoy::start(ports, page.as_deref(), &folder, Output::File(folder.join("envoy.log")));
        let child = spawn_blocking(start).await.expect("to start Envoy").expect("Envoy");
        self.edge = Some((child, ports));
        let healthy =
            async || spawn_blocking(move || ports.have_healthy_services()).await.expect("to ask Envoy").then_some(());
        eventually("Envoy finds both services healthy", EDGE, healthy).await;
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let Some((mut envoy, _)) = self.edge.take() else { return };
        let _ = envoy.kill();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.path().join("envoy.log")).unwrap_or_default();
            eprintln!("---- log of Envoy\n{log}");
        }
    }
}

fn auth_settings(store: &Store, operations: SocketAddr, limits: bool, more: &Settings) -> Settings {
    let mut settings = vec![
        ("AUTH_LISTEN", free_address().to_string()),
        ("AUTH_INTERNAL_LISTEN", free_address().to_string()),
        ("AUTH_OPERATIONS_LISTEN", operations.to_string()),
        ("AUTH_DATABASE_URL", store.url.clone()),
        // As cheap as argon2id can be: what these tests are about is not how much a hash costs.
        ("AUTH_ALLOW_WEAK_HASH", "true".to_owned()),
        ("AUTH_HASH_MEMORY_KIB", "8".to_owned()),
        ("AUTH_HASH_ITERATIONS", "1".to_owned()),
    ];
    if !limits {
        settings.push(("AUTH_SIGN_UP_LIMIT", "1000000".to_owned()));
        settings.push(("AUTH_LOGIN_LIMIT", "1000000".to_owned()));
        settings.push(("AUTH_ACCOUNT_FAILURES", "1000000".to_owned()));
    }
    complete(settings, store.secret.as_ref().map(|secret| ("AUTH_MASTER_KEY", secret.clone())), more)
}

fn task_settings(store: &Store, operations: SocketAddr, internal: &str, more: &Settings) -> Settings {
    let settings = vec![
        ("TASK_LISTEN", free_address().to_string()),
        ("TASK_OPERATIONS_LISTEN", operations.to_string()),
        ("TASK_AUTH_URL", format!("http://{internal}")),
        ("TASK_DATABASE_URL", store.url.clone()),
    ];
    complete(settings, store.secret.as_ref().map(|secret| ("TASK_PAGE_TOKEN_KEY", secret.clone())), more)
}

fn complete(settings: Vec<(&str, String)>, secret: Option<(&str, String)>, more: &Settings) -> Settings {
    let own = settings.into_iter().chain(secret).map(|(variable, value)| (variable.to_owned(), value));
    own.chain(more.clone()).collect()
}
