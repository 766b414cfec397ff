//! An OTLP receiver, which keeps what the services export.

use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    resource::v1::Resource,
    trace::v1::Span,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A span that was received.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) trace: String,
    pub(crate) span: String,
    pub(crate) parent: String,
    /// All that it says.
    pub(crate) text: String,
}

/// Receives spans.
#[derive(Clone, Default)]
pub(crate) struct Collector(Arc<Mutex<Vec<Seen>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_service in request.into_inner().resource_spans {
            let service = service_name(of_service.resource.unwrap_or_default());
            let spans = of_service.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| Seen::new(&service, &span)));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Seen {
    fn new(service: &str, span: &Span) -> Self {
        Self {
            service: service.to_owned(),
            name: span.name.clone(),
            trace: hex(&span.trace_id),
            span: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            text: format!("{span:?}"),
        }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn service_name(resource: Resource) -> String {
    let name = resource.attributes.into_iter().find(|attribute| attribute.key == "service.name");
    match name.and_then(|name| name.value).and_then(|value| value.value) {
        Some(Value::StringValue(name)) => name,
        other => panic!("a resource without a name: {other:?}"),
    }
}

impl Collector {
    /// Serves, and tells at which URL.
    pub(crate) async fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = Server::builder().add_service(TraceServiceServer::new(self));
        tokio::spawn(serve.serve_with_incoming(TcpListenerStream::new(listener)));
        url
    }

    /// What has been received so far.
    pub(crate) fn spans(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }
}
