//! Logs for people or machines, and traces by OTLP when an endpoint is configured.

use std::{env, io::IsTerminal};

use anyhow::Context;
use http::HeaderMap;
use opentelemetry::{
    global,
    propagation::{Extractor, Injector},
    trace::TracerProvider,
};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tonic::metadata::{MetadataKey, MetadataMap, MetadataValue};
use tracing::{Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Keeps telemetry going; what is still to be exported is sent when it is dropped.
#[must_use]
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(SdkTracerProvider::shutdown) {
            tracing::warn!(%error, "the last spans could not be exported");
        }
    }
}

/// Starts logging, and tracing if `OTEL_EXPORTER_OTLP_ENDPOINT` (or its `_TRACES_` form) is set.
///
/// `LOG_FORMAT` is `json` or `pretty`; unset: pretty on a terminal. `RUST_LOG` filters. The standard `OTEL_*` variables
/// apply: the sampler (`OTEL_TRACES_SAMPLER`), resource attributes, headers.
///
/// # Errors
/// When a variable has no usable value, or telemetry was started before.
pub fn init(service: &'static str) -> anyhow::Result<Telemetry> {
    let pretty = match env::var("LOG_FORMAT").as_deref() {
        Ok("json") => false,
        Ok("pretty") => true,
        Ok(other) => anyhow::bail!("LOG_FORMAT is {other:?}; it must be json or pretty"),
        Err(_) => std::io::stdout().is_terminal(),
    };
    // Statements are for traces; as part of each log line they would be noise.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sea_orm=warn"));
    let logs = match pretty {
        true => fmt::layer().with_target(false).with_ansi(std::io::stdout().is_terminal()).boxed(),
        false => fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let provider = exports_traces().then(|| tracer_provider(service)).transpose()?;
    let traces = provider.as_ref().map(|provider| {
        let own = ["service_runtime", "authn", "auth_service", "task_service", "sea_orm"];
        let filter = own.iter().fold(Targets::new(), |filter, target| filter.with_target(*target, LevelFilter::INFO));
        tracing_opentelemetry::layer().with_tracer(provider.tracer(service)).with_filter(filter)
    });
    tracing_subscriber::registry().with(logs.with_filter(filter)).with(traces).try_init()?;
    Ok(Telemetry(provider))
}

fn exports_traces() -> bool {
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
        .iter()
        .any(|name| env::var(name).is_ok_and(|endpoint| !endpoint.is_empty()))
}

fn tracer_provider(service: &'static str) -> anyhow::Result<SdkTracerProvider> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let exporter = SpanExporter::builder().with_tonic().build().context("cannot export traces by OTLP")?;
    let resource = Resource::builder().with_service_name(service).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

/// Makes `span` a part of the trace that the caller's `traceparent` names (W3C Trace Context).
pub(crate) fn continue_trace(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        let context = global::get_text_map_propagator(|propagator| propagator.extract(&Incoming(headers)));
        // It fails only where no traces are exported: there is nothing to continue then.
        let _ = span.set_parent(context);
    }
}

/// Tells the service that is about to be called which trace the call belongs to.
pub fn inject(metadata: &mut MetadataMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Outgoing(metadata)));
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut MetadataMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(key), Ok(value)) = (MetadataKey::from_bytes(key.as_bytes()), MetadataValue::try_from(value)) {
            self.0.insert(key, value);
        }
    }
}
