//! Puts a service on its ports and takes it off again.

use std::{collections::BTreeSet, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, middleware};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use tonic_health::{
    pb::health_server::{self, HealthServer},
    server::HealthService,
};
use tonic_reflection::server::Builder as Reflection;
use tower::ServiceExt as _;

use crate::{
    CancellationToken,
    connection::{self, ConnectionLimits},
    database::Database,
    health::Health,
    middleware::{Guard, guard},
    operations::{self, Metrics, Registry},
};

/// The bounds of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerSettings {
    /// Of its connections.
    pub connections: ConnectionLimits,
    /// Calls that may be worked on at once; one more is refused as OVERLOADED.
    pub max_in_flight: usize,
    /// The longest that a call may take, whatever deadline it asks for.
    pub longest_call: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self { connections: ConnectionLimits::default(), max_in_flight: 2048, longest_call: Duration::from_secs(30) }
    }
}

/// One port and what it serves.
pub struct Port {
    /// Where it listens.
    pub listener: TcpListener,
    /// The gRPC services, behind the layer that knows the caller, and plain GET routes.
    pub routes: Router,
    /// The full names of the services, for health.
    pub services: &'static [&'static str],
    /// The descriptor set that reflection answers from.
    pub descriptors: &'static [u8],
}

/// A service, ready to be served.
pub struct Service {
    /// The domain of its refusals, for example `task.duet`.
    pub domain: &'static str,
    /// What its health depends on.
    pub database: Database,
    /// Its bounds.
    pub settings: ServerSettings,
    /// The ports that it serves gRPC on.
    pub ports: Vec<Port>,
    /// The port that operators and Prometheus ask.
    pub operations: TcpListener,
    /// The service's own metrics; the server adds its own.
    pub metrics: Registry,
}

/// Serves until `shutdown`, then drains. Every port has health, reflection (v1 and v1alpha) and the same bounds.
///
/// # Errors
/// When a descriptor set cannot be read.
pub async fn serve(service: Service, shutdown: CancellationToken) -> anyhow::Result<()> {
    let Service { domain, database, settings, ports, operations, metrics } = service;
    let metrics = Metrics::new(metrics);
    let names: BTreeSet<_> = ports.iter().flat_map(|port| port.services).copied().collect();
    let health = Health::new(names.into_iter().collect()).await;
    let reporter = health.reporter();
    let readiness = health.readiness();
    let guarded = Arc::new(Guard {
        domain,
        longest_call: settings.longest_call,
        in_flight: Arc::new(Semaphore::new(settings.max_in_flight)),
        metrics: metrics.clone(),
        shutdown: shutdown.clone(),
    });

    let mut tasks = JoinSet::new();
    tasks.spawn(health.follow(database, shutdown.clone()));
    let mut addresses = Vec::new();
    for port in ports {
        let health = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
        let routes = with_health_and_reflection(port.routes, health, port.descriptors)?
            .layer(middleware::from_fn_with_state(Arc::clone(&guarded), guard));
        addresses.push(port.listener.local_addr()?);
        let served = connection::serve(port.listener, routes, settings.connections, metrics.clone(), shutdown.clone());
        tasks.spawn(served);
    }
    let operations_address = operations.local_addr()?;
    let routes = operations::routes(metrics.clone(), readiness);
    tasks.spawn(connection::serve(operations, routes, settings.connections, metrics, shutdown.clone()));

    tracing::info!(?addresses, operations = %operations_address, "ready");
    while tasks.join_next().await.is_some() {}
    tracing::info!("stopped");
    Ok(())
}

fn with_health_and_reflection<H: health_server::Health>(
    routes: Router,
    health: HealthServer<H>,
    descriptors: &'static [u8],
) -> anyhow::Result<Router> {
    let reflection = || {
        Reflection::configure()
            .register_encoded_file_descriptor_set(descriptors)
            .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let unreadable = "a descriptor set cannot be read";
    let v1 = reflection().build_v1().context(unreadable)?;
    let v1alpha = reflection().build_v1alpha().context(unreadable)?;
    Ok(routes
        .route_service("/grpc.health.v1.Health/{*method}", health.map_request(body))
        .route_service("/grpc.reflection.v1.ServerReflection/{*method}", v1.map_request(body))
        .route_service("/grpc.reflection.v1alpha.ServerReflection/{*method}", v1alpha.map_request(body)))
}

fn body(request: http::Request<axum::body::Body>) -> http::Request<tonic::body::Body> {
    request.map(tonic::body::Body::new)
}

/// Cancelled by Ctrl-C or SIGTERM.
///
/// # Errors
/// When the signals cannot be listened to.
pub fn shutdown_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: calls in flight may end");
        cancelled.cancel();
    });
    Ok(token)
}

/// How a binary ends: what went wrong is said in one line on standard error.
#[expect(clippy::print_stderr, reason = "the last words of a process, which may have no log yet")]
pub fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Asks the server at `address` for its health, as a container's health check does.
///
/// # Errors
/// When it does not answer within 3 s, or does not serve.
pub async fn healthcheck(address: std::net::SocketAddr) -> anyhow::Result<()> {
    use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
    let patience = Duration::from_secs(3);
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(patience)
        .timeout(patience)
        .connect()
        .await
        .with_context(|| format!("nothing serves at {address}"))?;
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await?.into_inner();
    anyhow::ensure!(answer.status() == ServingStatus::Serving, "the server at {address} does not serve now");
    Ok(())
}
