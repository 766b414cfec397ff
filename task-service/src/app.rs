//! Builds everything once and puts it on its ports.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use authn::{AccessRules, AuthnLayer, RemoteVerifier, Verify};
use proto::task::v1::task_service_server::TaskServiceServer;
use service_runtime::{
    CancellationToken, Router,
    clock::Clock,
    database::Database,
    sealed::MasterKey,
    service::{self, Port, ServerSettings, Service},
    settings::bind,
};
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    error::DOMAIN, grpc::TaskGrpc, migration::Migrator, page::PageTokens, purge, settings::Settings, store::Store,
    tasks::Tasks,
};

/// A request has room for the longest task, and not for much more.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The ports, bound before anything else is done, so that one in use is found out first.
#[derive(Debug)]
pub struct Listeners {
    /// Serves TaskService.
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
    let verifier = RemoteVerifier::connect_lazy(&settings.auth_url).with_context(|| {
        format!("TASK_AUTH_URL is {}; it must be a URL as http://127.0.0.1:50061", settings.auth_url)
    })?;
    serve_with(listeners, settings, clock, verifier, shutdown).await
}

/// Serves until `shutdown`, with the callers that `verifier` vouches for.
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
    let database = migrate(&settings).await?;
    let store = Store::new(database.clone(), clock, span(settings.request_id_lifetime)?);
    let key = MasterKey::load(settings.page_tokens.source(&database))?.sealing_key("task-service page tokens")?;
    let tasks = Tasks::new(store.clone(), PageTokens::new(key), span(settings.trash_lifetime)?);
    let public = Port {
        listener: listeners.public,
        routes: routes(tasks, verifier)?,
        services: &["duet.task.v1.TaskService"],
        descriptors: proto::PUBLIC_DESCRIPTORS,
    };
    let purge = tokio::spawn(purge::run(store.system(), shutdown.clone()));
    let service = Service {
        domain: DOMAIN,
        database,
        settings: ServerSettings::default(),
        ports: vec![public],
        operations: listeners.operations,
    };
    service::serve(service, shutdown.clone()).await?;
    shutdown.cancel();
    Ok(purge.await?)
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

fn routes<V: Verify>(tasks: Tasks, verifier: V) -> anyhow::Result<Router> {
    let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
    let service = TaskServiceServer::new(TaskGrpc::new(tasks)).max_decoding_message_size(MAX_REQUEST_BYTES);
    Ok(Routes::new(service).into_axum_router().layer(AuthnLayer::public(rules, verifier)))
}

fn span(duration: Duration) -> anyhow::Result<chrono::Duration> {
    chrono::Duration::from_std(duration).context("a lifetime is longer than time can be told")
}
