//! An open stream ends with a status when the server stops, instead of being cut.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::Guard;

/// A body that ends with a status once the server stops and nothing of it is ready to be sent.
pub(super) struct Draining {
    body: Body,
    guard: Arc<Guard>,
    /// Only what has to be waited for can be ended: an answer that is all there needs none.
    shutdown: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    ended: bool,
}

impl Draining {
    pub(super) fn new(body: Body, guard: Arc<Guard>) -> Self {
        Self { body, guard, shutdown: None, ended: false }
    }
}

impl HttpBody for Draining {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let Self { guard, shutdown, .. } = &mut *self;
        let shutdown = shutdown.get_or_insert_with(|| Box::pin(guard.shutdown.clone().cancelled_owned()));
        if shutdown.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.ended = true;
        let mut trailers = HeaderMap::new();
        match self.guard.ending().add_header(&mut trailers) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
