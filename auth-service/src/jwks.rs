//! `/.well-known/jwks.json`: the public keys, for whoever checks tokens without asking.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    extract::State,
    http::{
        HeaderMap, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::signing::SigningKeys;

pub(crate) fn routes(keys: Arc<SigningKeys>) -> Router {
    Router::new().route("/.well-known/jwks.json", get(jwks)).with_state(keys)
}

/// A key set may be kept for as long as no key signs that is not in it.
async fn jwks(State(keys): State<Arc<SigningKeys>>, headers: HeaderMap) -> Response {
    let (keys, max_age) = keys.jwks();
    let body = keys.to_string();
    let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, body.as_bytes())));
    let caching = [(ETAG, tag.clone()), (CACHE_CONTROL, format!("public, max-age={}", max_age.as_secs()))];
    if is_known(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(CONTENT_TYPE, "application/jwk-set+json")], body).into_response()
}

/// Whether the client has this version (RFC 9110, 13.1.2: a weak comparison).
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH).into_iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|list| list.split(',')).map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}
