//! An open stream ends with a status when the server stops, instead of being cut.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{CancellationToken, status::Refusal};

/// A body that ends with `ending` once the server stops and nothing of it is ready to be sent.
pub(super) struct Draining {
    body: Body,
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    ending: Option<Refusal>,
    ended: bool,
}

impl Draining {
    pub(super) fn new(body: Body, shutdown: CancellationToken, ending: Refusal) -> Self {
        Self { body, shutdown: Box::pin(shutdown.cancelled_owned()), ending: Some(ending), ended: false }
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
        if self.shutdown.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.ended = true;
        let status = self.ending.take().map(Refusal::into_status);
        let mut trailers = HeaderMap::new();
        match status.map(|status| status.add_header(&mut trailers)) {
            Some(Ok(())) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
