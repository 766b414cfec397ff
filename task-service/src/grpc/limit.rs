//! No user asks for more than the service lets anybody ask for.

use std::sync::Arc;

use authn::Caller;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tonic::Status;

use crate::request_limit::RequestLimit;

/// Counts a request for whoever makes it, and refuses one too many before its arguments are looked at. Stands between
/// the layer that knows the caller and the handlers; without a caller there is nobody to count it for, and the handler
/// refuses.
pub async fn limit_requests(State(limit): State<Arc<RequestLimit>>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Arc<Caller>>();
    match caller.map_or(Ok(()), |caller| limit.admit(caller.user_id)) {
        Ok(()) => next.run(request).await,
        Err(refusal) => Status::from(refusal).into_http(),
    }
}
