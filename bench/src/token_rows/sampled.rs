//! What it costs to trace one call in a hundred.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

use super::validation;
use crate::{
    options::Options,
    programs::AuthService,
    progress,
    rounds::{self, Measured, validations},
    rows::{Row, Variant},
    stage::{AUTH_DATABASE, Stage},
};

pub(super) const NAME: &str = "ValidateToken, warm token, 1 % traced / bare tonic echo";

/// The span of the RPC.
const SPAN: &str = "duet.auth.v1.TokenService/ValidateToken";
/// Longer than spans are held back for the next export.
const LAST_EXPORT: Duration = Duration::from_secs(6);

pub(super) async fn measure(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let (collector, url) = Collector::serve().await?;
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
    ];
    let auth = AuthService::start("tracing-auth-service", options, stage.folder(), AUTH_DATABASE, &settings).await?;
    let row = Row {
        name: NAME.to_owned(),
        goal: "calls/s ≥ 0.80",
        variants: [
            Variant::plain("auth-service", validation(stage), auth.internal, auth.server.process()),
            Variant::of("echo", validation(stage), &stage.echo),
        ],
    };
    let measured = rounds::measure(&row, options).await?;
    sleep(LAST_EXPORT).await;
    let (traced, calls) = (collector.spans(), validations(auth.operations)?);
    progress(&format!("  {traced} of {calls} calls were traced"));
    ensure!(traced > 0, "no call was traced: this row tells nothing");
    Ok(measured)
}

/// Receives traces (OTLP), and counts the calls in them.
struct Collector {
    spans: Arc<AtomicU64>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Collector {
    async fn serve() -> anyhow::Result<(Self, String)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let spans = Arc::new(AtomicU64::new(0));
        let service = TraceServiceServer::new(Counter(Arc::clone(&spans)));
        let incoming = TcpIncoming::from(listener);
        let serving = tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        Ok((Self { spans, serving }, url))
    }

    fn spans(&self) -> u64 {
        self.spans.load(Ordering::Relaxed)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Counter(Arc<AtomicU64>);

#[tonic::async_trait]
impl TraceService for Counter {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        let calls = scopes.flat_map(|scope| scope.spans).filter(|span| span.name == SPAN).count();
        self.0.fetch_add(calls as u64, Ordering::Relaxed);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
