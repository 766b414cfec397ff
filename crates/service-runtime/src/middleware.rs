//! What happens to every call before and after its handler, in one pass.

mod draining;

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use tokio::{sync::Semaphore, time::timeout_at};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::{
    CancellationToken,
    deadline::Deadline,
    operations::Metrics,
    request::RequestId,
    status::{Refusal, reason},
    telemetry,
};
use draining::Draining;

/// What the middleware needs to know of its server.
pub(crate) struct Guard {
    pub(crate) domain: &'static str,
    pub(crate) longest_call: Duration,
    pub(crate) in_flight: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: CancellationToken,
}

/// Lets plain GET routes through; a gRPC call gets an id, a deadline, a span and a place among those in flight, and
/// its answer a complete status.
pub(crate) async fn guard(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if !is_grpc(request.headers()) {
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/grpc\n").into_response();
    }
    let started = Instant::now();
    let uri = request.uri().clone();
    let id = RequestId::from_headers(request.headers());
    let span = span(uri.path(), &id, request.headers());
    request.extensions_mut().insert(id.clone());
    let response = guard.call(request, next).instrument(span.clone()).await;
    guard.finish(response, uri.path(), &id, &span, started)
}

impl Guard {
    async fn call(&self, mut request: Request, next: Next) -> Response {
        let Ok(deadline) = Deadline::requested(request.headers(), self.longest_call) else {
            return self
                .refuse(Code::InvalidArgument, reason::REQUEST_MALFORMED, "grpc-timeout is malformed")
                .into_http();
        };
        // A timer has a granularity that a fast handler may be faster than.
        if deadline.has_passed() {
            return self.too_late();
        }
        let Ok(_place) = self.in_flight.try_acquire() else {
            let refusal = self.refusal(Code::ResourceExhausted, reason::OVERLOADED, "the server is overloaded");
            return refusal.retry_after(Duration::from_millis(500)).into_status().into_http();
        };
        request.extensions_mut().insert(deadline);
        match timeout_at(deadline.at(), AssertUnwindSafe(next.run(request)).catch_unwind()).await {
            // What was still waited for when the time was up is not what is unavailable.
            Ok(Ok(response)) if !(deadline.has_passed() && is_unavailable(&response)) => response,
            Ok(Err(_panic)) => {
                tracing::error!("a handler panicked");
                self.refuse(Code::Internal, reason::INTERNAL, "internal error").into_http()
            }
            Ok(Ok(_)) | Err(_) => self.too_late(),
        }
    }

    /// Completes the status, counts the call, and sees to it that a stream ends when the server does.
    fn finish(
        self: Arc<Self>,
        response: Response,
        path: &str,
        id: &RequestId,
        span: &Span,
        started: Instant,
    ) -> Response {
        let status = Status::from_header_map(response.headers());
        let code = status.as_ref().map_or(Code::Ok, Status::code);
        // For traces only: a field that is recorded late is costly in logs, and each line of them tells the code itself.
        span.set_attribute("rpc.grpc.status_code", i64::from(code as i32));
        let method = if code == Code::Unimplemented { "unknown" } else { path };
        self.metrics.record(method, name(code), started.elapsed());
        tracing::debug!(parent: span, code = name(code), took = ?started.elapsed(), "call handled");
        match status {
            Some(status) if code != Code::Ok => self.complete(status, id).into_http(),
            Some(_) => response,
            None => response.map(|body| Body::new(Draining::new(body, self))),
        }
    }

    /// INTERNAL gets the id that finds it in the logs. A status without details is tonic's own word about a message
    /// that it could not take.
    fn complete(&self, status: Status, id: &RequestId) -> Status {
        if status.details().is_empty() {
            return match status.code() {
                Code::Unimplemented => self.refuse(Code::Unimplemented, reason::METHOD_UNKNOWN, status.message()),
                Code::OutOfRange | Code::ResourceExhausted => {
                    self.refuse(Code::ResourceExhausted, reason::MESSAGE_TOO_LARGE, status.message())
                }
                Code::Internal => {
                    self.refuse(Code::InvalidArgument, reason::REQUEST_MALFORMED, "the message cannot be decoded")
                }
                code => self.refuse(code, reason::REQUEST_MALFORMED, status.message()),
            };
        }
        if status.code() != Code::Internal {
            return status;
        }
        let mut details = status.get_error_details();
        details.set_request_info(id.as_str(), "");
        Status::with_error_details(Code::Internal, status.message(), details)
    }

    fn ending(&self) -> Status {
        self.refusal(Code::Unavailable, reason::SHUTTING_DOWN, "the server is about to stop")
            .retry_after(Duration::from_secs(1))
            .into_status()
    }

    fn too_late(&self) -> Response {
        self.refuse(Code::DeadlineExceeded, reason::DEADLINE_EXCEEDED, "the deadline has passed").into_http()
    }

    fn refusal(&self, code: Code, reason: &str, message: &str) -> Refusal {
        Refusal::new(self.domain, code, reason, message)
    }

    fn refuse(&self, code: Code, reason: &str, message: &str) -> Status {
        self.refusal(code, reason, message).into_status()
    }
}

/// Log lines get what they need to be found; the rest is for traces only, because each field costs each call.
fn span(path: &str, id: &RequestId, headers: &HeaderMap) -> Span {
    let name = path.trim_start_matches('/');
    let span = tracing::info_span!("rpc", otel.name = name, otel.kind = "server", request_id = id.as_str());
    telemetry::continue_trace(&span, headers);
    let (service, method) = name.split_once('/').unwrap_or((name, ""));
    for (key, value) in [("rpc.system", "grpc"), ("rpc.service", service), ("rpc.method", method)] {
        span.set_attribute(key, value.to_owned());
    }
    span
}

fn is_unavailable(response: &Response) -> bool {
    Status::from_header_map(response.headers()).is_some_and(|status| status.code() == Code::Unavailable)
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    matches!(kind, b"application/grpc" | b"application/grpc+proto")
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
