//! Fetches what an issuer publishes, within bounds.

use std::time::Duration;

use axum::body::Bytes;
use http::{
    HeaderMap, Request, StatusCode, Uri,
    header::{ACCEPT, CACHE_CONTROL, ETAG, HeaderValue, IF_NONE_MATCH, USER_AGENT},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::timeout;

/// The most that is read of an answer.
const MOST_BYTES: usize = 64 * 1024;
/// How long an answer may take, from the look-up of the name to the last byte.
const PATIENCE: Duration = Duration::from_secs(5);
/// What an issuer may say of how long its keys may be kept.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3600);
/// And what holds if it says nothing.
const UNSAID: Duration = Duration::from_secs(600);

/// Asks one address.
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    url: Uri,
    patience: Duration,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// Nothing if it is what was answered before.
    pub(super) body: Option<Bytes>,
    pub(super) tag: Option<HeaderValue>,
    /// For how long it may be kept.
    pub(super) lifetime: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("it took longer than {0:?}")]
    Slow(Duration),
    #[error("it cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it answered {0}; no redirect is followed")]
    Status(StatusCode),
    #[error("the answer broke off, or has more than {MOST_BYTES} bytes")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Fetcher {
    /// By http or https, as the address says. Nothing is sent to a proxy, and no connection is kept.
    pub(super) fn new(url: Uri) -> Self {
        let connector = HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(MOST_BYTES)
            .build(connector);
        Self { client, url, patience: PATIENCE }
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What is published now; if that is what had this tag, nothing but that it is.
    pub(super) async fn fetch(&self, known: Option<&HeaderValue>) -> Result<Answer, FetchError> {
        timeout(self.patience, self.ask(known)).await.unwrap_or(Err(FetchError::Slow(self.patience)))
    }

    async fn ask(&self, known: Option<&HeaderValue>) -> Result<Answer, FetchError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static("duet-auth-service"));
        if let Some(tag) = known {
            headers.insert(IF_NONE_MATCH, tag.clone());
        }
        let response = self.client.request(request).await.map_err(|cause| FetchError::Unreachable(cause.into()))?;
        let (head, body) = response.into_parts();
        let body = match head.status {
            StatusCode::OK => {
                let whole = Limited::new(body, MOST_BYTES).collect().await.map_err(FetchError::Body)?;
                Some(whole.to_bytes())
            }
            StatusCode::NOT_MODIFIED if known.is_some() => None,
            other => return Err(FetchError::Status(other)),
        };
        Ok(Answer { body, tag: head.headers.get(ETAG).cloned(), lifetime: lifetime(&head.headers) })
    }
}

/// By `max-age` (RFC 9111, 5.2.2.1), within bounds.
fn lifetime(headers: &HeaderMap) -> Duration {
    let directives = headers.get_all(CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    let directives =
        directives.flat_map(|value| value.split(',')).map(|directive| directive.trim().to_ascii_lowercase());
    let mut ages = directives.filter_map(|directive| match directive.split_once('=') {
        Some(("max-age", seconds)) => seconds.trim_matches('"').parse().ok().map(Duration::from_secs),
        None if matches!(directive.as_str(), "no-store" | "no-cache") => Some(SHORTEST),
        _ => None,
    });
    ages.next().map_or(UNSAID, |age| age.clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_kept_for_as_long_as_is_said_but_neither_too_shortly_nor_too_long() {
        for (said, seconds) in [
            ("", 600),
            ("public", 600),
            ("max-age=300", 300),
            ("public, MAX-AGE=300, must-revalidate", 300),
            ("max-age=\"300\"", 300),
            ("max-age=0", 60),
            ("max-age=59", 60),
            ("max-age=86400", 3600),
            ("max-age=18446744073709551615", 3600),
            ("max-age=99999999999999999999999", 600),
            ("max-age=-1", 600),
            ("no-store", 60),
            ("s-maxage=5", 600),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, said.parse().unwrap());
            assert_eq!(lifetime(&headers).as_secs(), seconds, "{said}");
        }
    }
}
