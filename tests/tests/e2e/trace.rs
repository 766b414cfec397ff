//! One trace from the client's `traceparent` to the SQL, as an OTLP receiver sees it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use e2e::{Engine, Pair, eventually, on_both_engines};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::any_value::Value,
    resource::v1::Resource,
    trace::v1::Span,
};
use proto::task::v1::ListTasksRequest;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT_SPAN: &str = "00f067aa0ba902b7";

#[derive(Clone, Debug)]
struct Seen {
    service: String,
    name: String,
    trace: String,
    span: String,
    parent: String,
}

/// Receives spans.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<Seen>>>);

#[tonic::async_trait]
impl TraceService for Receiver {
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
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn service_name(resource: Resource) -> String {
    let name = resource.attributes.into_iter().find(|attribute| attribute.key == "service.name");
    match name.and_then(|name| name.value).and_then(|value| value.value) {
        Some(Value::StringValue(name)) => name,
        other => panic!("a resource without a name: {other:?}"),
    }
}

impl Receiver {
    async fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = Server::builder().add_service(TraceServiceServer::new(self));
        tokio::spawn(serve.serve_with_incoming(TcpListenerStream::new(listener)));
        url
    }

    fn of_trace(&self) -> Vec<Seen> {
        self.0.lock().unwrap().iter().filter(|seen| seen.trace == TRACE).cloned().collect()
    }
}

/// Whether `span` lies below `ancestor`.
fn is_below(spans: &[Seen], span: &Seen, ancestor: &Seen) -> bool {
    let parent = spans.iter().find(|other| other.span == span.parent);
    span.parent == ancestor.span || parent.is_some_and(|parent| is_below(spans, parent, ancestor))
}

on_both_engines! {
    async fn one_trace_leads_from_the_client_to_the_sql_of_both_services(engine: Engine) {
        let receiver = Receiver::default();
        let url = receiver.clone().serve().await;
        let builder = Pair::on(engine).await.edge().set("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        let pair = builder.set("OTEL_BSP_SCHEDULE_DELAY", "100").start().await;
        let clients = pair.through_edge();
        let person = clients.sign_up().await;
        let mut request = person.request(ListTasksRequest::default());
        let traceparent = format!("00-{TRACE}-{CLIENT_SPAN}-01");
        request.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
        clients.tasks().list_tasks(request).await.unwrap();

        let complete = async || {
            let spans = receiver.of_trace();
            let sql = |service: &str| spans.iter().any(|span| span.service == service && span.name.starts_with("sea_orm"));
            let rpc = |service: &str| spans.iter().any(|span| span.service == service && span.name.starts_with("duet."));
            let whole = ["task-service", "auth-service"].iter().all(|service| sql(service) && rpc(service));
            whole.then_some(spans.clone())
        };
        let (spans, _) = eventually("spans of both services", Duration::from_secs(10), complete).await;
        let of_task = spans.iter().find(|span| span.name == "duet.task.v1.TaskService/ListTasks").unwrap();
        assert_eq!((of_task.service.as_str(), of_task.parent.as_str()), ("task-service", CLIENT_SPAN));
        let of_auth = spans.iter().find(|span| span.name == "duet.auth.v1.TokenService/ValidateToken").unwrap();
        assert_eq!(of_auth.service, "auth-service");
        assert!(is_below(&spans, of_auth, of_task), "{spans:#?}");
        for rpc in [of_task, of_auth] {
            let sql = spans.iter().filter(|span| span.service == rpc.service && span.name.starts_with("sea_orm"));
            assert!(sql.clone().count() > 0 && sql.clone().all(|sql| is_below(&spans, sql, rpc)), "{spans:#?}");
        }
    }
}
