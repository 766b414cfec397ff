//! What the runtime knows of a call before any handler sees it.

use std::{fmt, net::SocketAddr, sync::Arc};

use http::{Extensions, HeaderMap};
use uuid::Uuid;

/// Names one call in logs, audit events and INTERNAL errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    const MAX_BYTES: usize = 128;

    /// The id of a call; a new one if it came without.
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(Self::generate)
    }

    /// The caller's `x-request-id` if it is printable and at most 128 bytes long, else a new UUID.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        match given {
            Some(id) if !id.is_empty() && id.len() <= Self::MAX_BYTES => Self(id.into()),
            _ => Self::generate(),
        }
    }

    fn generate() -> Self {
        Self(Arc::from(&*Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer())))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The other end of the TCP connection: a caller, or the proxy in front of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddr(pub SocketAddr);

impl PeerAddr {
    /// The peer of a call. Every call that the server accepted has one.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }
}
