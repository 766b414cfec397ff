//! A pair whose task-service asks auth-service through links that can fail, and on PostgreSQL two auth-services.

use std::net::SocketAddr;

use e2e::{Clients, Engine, Pair, Program, Proxy, connect};
use sea_orm::{ConnectionTrait, DatabaseConnection};

/// The pair, and the link from task-service to auth-service.
pub(crate) struct Linked {
    pub(crate) pair: Pair,
    pub(crate) link: Proxy,
    pub(crate) second: Option<Second>,
}

/// Another auth-service on the same database, which task-service knows too.
pub(crate) struct Second {
    pub(crate) auth: Program,
    pub(crate) clients: Clients,
    /// The link from task-service.
    pub(crate) link: Proxy,
    /// The link to the database.
    pub(crate) database: Proxy,
}

impl Linked {
    /// On PostgreSQL with a second auth-service; there is no other way to share an embedded database.
    pub(crate) async fn on(engine: Engine) -> Self {
        let mut pair = Pair::on(engine).await.build();
        let link = Proxy::to(pair.address("AUTH_INTERNAL_LISTEN")).await;
        let second = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Second::of(&pair).await),
        };
        let links = [Some(&link), second.as_ref().map(|second| &second.link)];
        let urls: Vec<_> = links.iter().flatten().map(|link| format!("http://{}", link.address())).collect();
        pair.task.set("TASK_AUTH_URL", &urls.join(","));
        let mut linked = Self { pair, link, second };
        linked.pair.auth.start().await;
        if let Some(second) = &mut linked.second {
            second.auth.start().await;
        }
        linked.pair.task.start().await;
        linked
    }

    /// The links from task-service to every auth-service.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Proxy> {
        [&self.link].into_iter().chain(self.second.as_ref().map(|second| &second.link))
    }

    /// The second auth-service.
    pub(crate) fn second(&mut self) -> &mut Second {
        self.second.as_mut().expect("a pair on PostgreSQL")
    }

    /// Clients of each auth-service.
    pub(crate) fn clients(&self) -> Vec<Clients> {
        [self.pair.direct()].into_iter().chain(self.second.as_ref().map(|second| second.clients.clone())).collect()
    }

    /// A connection to auth-service's database.
    pub(crate) async fn auth_database(&self) -> DatabaseConnection {
        connect(self.pair.auth.setting("AUTH_DATABASE_URL")).await
    }
}

impl Second {
    async fn of(pair: &Pair) -> Self {
        let (mut auth, clients) = pair.second_auth_service();
        let link = Proxy::to(auth.address("AUTH_INTERNAL_LISTEN")).await;
        let url = auth.setting("AUTH_DATABASE_URL").to_owned();
        let database = Proxy::to(server_of(&url)).await;
        auth.set("AUTH_DATABASE_URL", &url.replace(&server_of(&url).to_string(), &database.address().to_string()));
        Self { auth, clients, link, database }
    }
}

/// The address in `postgres://user@address:port/database`.
fn server_of(url: &str) -> SocketAddr {
    let server = url.split(['@', '/']).find_map(|part| part.parse().ok());
    server.expect("an address and a port in DUET_TEST_POSTGRES_URL")
}

/// Ends every connection by which an auth-service hears of what another has committed.
pub(crate) async fn silence_doorbells(database: &DatabaseConnection) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
               AND pid <> pg_backend_pid() AND (query ILIKE '%LISTEN%' OR query ILIKE '%pg_notify%')";
    database.execute_unprepared(end).await.expect("to end connections");
}
