//! One RPC as a route, for servers that answer nothing else.

use std::{convert::Infallible, future::Future};

use prost::Message;
use service_runtime::Router;
use tonic::{Request, Response, Status, body::Body, codegen::http, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

/// Where GetTask is served.
pub const GET_TASK: &str = "/duet.task.v1.TaskService/GetTask";

/// Serves the RPC at `path` by `handler`, as generated code would.
pub fn route<Q, A, F>(path: &str, handler: impl Fn(Request<Q>) -> F + Clone + Send + Sync + 'static) -> Router
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<Response<A>, Status>> + Send + 'static,
{
    let serve = move |request: http::Request<Body>| {
        let handler = handler.clone();
        async move { Ok::<_, Infallible>(Grpc::new(ProstCodec::default()).unary(service_fn(handler), request).await) }
    };
    Router::new().route_service(path, service_fn(move |request: http::Request<_>| serve(request.map(Body::new))))
}
