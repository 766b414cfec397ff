//! What an operator asks over plain HTTP: `/livez`, `/readyz` and Prometheus metrics at `/metrics`.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
pub use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::Counter, gauge::ConstGauge},
    registry::Registry,
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{family::Family, gauge::Gauge, histogram::Histogram},
};
use tokio::sync::watch;

/// One kind of call and how it ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Handled {
    method: String,
    code: &'static str,
}

/// One kind of call.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Method {
    method: String,
}

/// The counters of one server. Methods are bounded: one that the server does not have is counted as `unknown`.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    handled: Family<Handled, Counter>,
    seconds: Family<Method, Histogram, fn() -> Histogram>,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
}

impl Metrics {
    /// Those of the server, beside the service's own.
    pub(crate) fn new(mut registry: Registry) -> Self {
        let handled = Family::<Handled, Counter>::default();
        let seconds = Family::new_with_constructor(latency_buckets as fn() -> Histogram);
        let connections = Gauge::default();
        let connections_refused = Counter::default();
        registry.register("grpc_server_handled", "Calls by method and status code", handled.clone());
        registry.register("grpc_server_handling_seconds", "Time to the answer, by method", seconds.clone());
        registry.register("server_connections", "Open connections", connections.clone());
        registry.register(
            "server_connections_refused",
            "Connections refused at the limit",
            connections_refused.clone(),
        );
        Self { registry: Arc::new(registry), handled, seconds, connections, connections_refused }
    }

    pub(crate) fn record(&self, method: &str, code: &'static str, took: Duration) {
        self.handled.get_or_create(&Handled { method: method.to_owned(), code }).inc();
        self.seconds.get_or_create(&Method { method: method.to_owned() }).observe(took.as_secs_f64());
    }
}

/// 100 µs to 10 s.
fn latency_buckets() -> Histogram {
    Histogram::new([0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
}

pub(crate) fn routes(metrics: Metrics, ready: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz).with_state(ready))
        .route("/metrics", get(render).with_state(metrics))
}

async fn readyz(State(ready): State<watch::Receiver<bool>>) -> impl IntoResponse {
    match *ready.borrow() {
        true => (StatusCode::OK, "ready\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready: the database does not answer, or the server stops\n"),
    }
}

async fn render(State(metrics): State<Metrics>) -> impl IntoResponse {
    let mut text = String::new();
    match encode(&mut text, &metrics.registry) {
        Ok(()) => {
            (StatusCode::OK, [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
                .into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
