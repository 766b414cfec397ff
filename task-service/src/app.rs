//! Builds everything once and puts it on its ports.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use authn::{AccessRules, AuthnLayer, RemoteDeletions, RemoteVerifier, Verify};
use axum::middleware::from_fn_with_state;
use proto::task::v1::{task_list_service_server::TaskListServiceServer, task_service_server::TaskServiceServer};
use service_runtime::{
    CancellationToken, Router,
    clock::Clock,
    database::Database,
    operations::Registry,
    sealed::MasterKey,
    service::{self, Port, ServerSettings, Service},
    settings::bind,
};
use tokio::{net::TcpListener, task::JoinSet};
use tonic::service::Routes;

use crate::{
    deletions,
    error::DOMAIN,
    grpc::{TaskGrpc, TaskListGrpc, limit_requests},
    lists::Lists,
    migration::Migrator,
    page::PageTokens,
    purge,
    request_limit::RequestLimit,
    settings::Settings,
    store::Store,
    tasks::Tasks,
};

/// A request has room for the longest task, and not for much more.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// A batch has room for a hundred of the longest tasks.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The RPCs that take so much.
const BATCHES: [&str; 2] = ["/duet.task.v1.TaskService/BatchCreateTasks", "/duet.task.v1.TaskService/BatchUpdateTasks"];

/// The ports, bound before anything else is done, so that one in use is found out first.
#[derive(Debug)]
pub struct Listeners {
    /// Serves TaskService and TaskListService.
    pub public: TcpListener,
    /// Serves operators.
    pub operations: TcpListener,
}

impl Listeners {
    /// Binds the ports that the settings name.
    ///
    /// # Errors
    /// When one is taken; the message names the variable to change.
    pub async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self {
            public: bind("TASK_LISTEN", settings.listen).await?,
            operations: bind("TASK_OPERATIONS_LISTEN", settings.operations_listen).await?,
        })
    }
}

/// Serves until `shutdown`, asking auth-service who calls.
///
/// # Errors
/// When the service cannot start; the message names what to mend.
pub async fn serve(
    listeners: Listeners,
    settings: Settings,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let no_url = "TASK_AUTH_URL cannot be used";
    let verifier = RemoteVerifier::start(&settings.auth_url, settings.max_staleness, clock.clone()).context(no_url)?;
    let deletions = RemoteDeletions::connect_lazy(&settings.auth_url).context(no_url)?;
    let mut metrics = Registry::default();
    verifier.register_metrics(&mut metrics);
    run(listeners, settings, clock, verifier, Some(deletions), metrics, shutdown).await
}

/// Serves until `shutdown`, with the callers that `verifier` vouches for. Nobody says which users are no more.
///
/// # Errors
/// When the service cannot start; the message names what to mend.
pub async fn serve_with<V: Verify>(
    listeners: Listeners,
    settings: Settings,
    clock: Clock,
    verifier: V,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    run(listeners, settings, clock, verifier, None, Registry::default(), shutdown).await
}

async fn run<V: Verify>(
    listeners: Listeners,
    settings: Settings,
    clock: Clock,
    verifier: V,
    user_deletions: Option<RemoteDeletions>,
    metrics: Registry,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let database = migrate(&settings).await?.with_group_commit(settings.database.group_bounds());
    let limit = Arc::new(RequestLimit::new(settings.request_limit, clock.clone()));
    let store = Store::new(database.clone(), clock, span(settings.request_id_lifetime)?, settings.quotas.to_quotas());
    let key = MasterKey::load(settings.page_tokens.source(&database))?.sealing_key("task-service page tokens")?;
    let (page_tokens, trash_lifetime) = (PageTokens::new(key), span(settings.trash_lifetime)?);
    let tasks = Tasks::new(store.clone(), page_tokens.clone(), trash_lifetime);
    let lists = Lists::new(store.clone(), page_tokens, trash_lifetime);
    let public = Port {
        listener: listeners.public,
        routes: routes(tasks, lists, limit, verifier)?,
        services: &["duet.task.v1.TaskService", "duet.task.v1.TaskListService"],
        descriptors: proto::PUBLIC_DESCRIPTORS,
    };
    let mut housekeeping = JoinSet::new();
    housekeeping.spawn(purge::run(store.system(), shutdown.clone()));
    if let Some(auth) = user_deletions {
        housekeeping.spawn(deletions::follow(store.system(), auth, shutdown.clone()));
    }
    let service = Service {
        domain: DOMAIN,
        database,
        settings: ServerSettings::default(),
        ports: vec![public],
        operations: listeners.operations,
        metrics,
    };
    service::serve(service, shutdown.clone()).await?;
    shutdown.cancel();
    while let Some(ended) = housekeeping.join_next().await {
        ended?;
    }
    Ok(())
}

/// Connects to the database and brings it up to date.
///
/// # Errors
/// When it cannot be reached or migrated.
pub async fn migrate(settings: &Settings) -> anyhow::Result<Database> {
    let database = Database::connect(&settings.database.to_settings())
        .await
        .context("cannot use the database that TASK_DATABASE_URL names")?;
    database.migrate::<Migrator>().await?;
    Ok(database)
}

fn routes<V: Verify>(tasks: Tasks, lists: Lists, limit: Arc<RequestLimit>, verifier: V) -> anyhow::Result<Router> {
    let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
    let tasks = Arc::new(TaskGrpc::new(tasks));
    let batches = TaskServiceServer::from_arc(tasks.clone()).max_decoding_message_size(MAX_BATCH_BYTES);
    let tasks = TaskServiceServer::from_arc(tasks).max_decoding_message_size(MAX_REQUEST_BYTES);
    let lists = TaskListServiceServer::new(TaskListGrpc::new(lists)).max_decoding_message_size(MAX_REQUEST_BYTES);
    let router = Routes::new(tasks).add_service(lists).into_axum_router();
    let router = BATCHES.into_iter().fold(router, |router, path| router.route_service(path, batches.clone()));
    // The last is the first that a request comes to: who calls is known before it is counted.
    Ok(router.layer(from_fn_with_state(limit, limit_requests)).layer(AuthnLayer::public(rules, verifier)))
}

fn span(duration: Duration) -> anyhow::Result<chrono::Duration> {
    chrono::Duration::from_std(duration).context("a lifetime is longer than time can be told")
}
