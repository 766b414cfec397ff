//! A connection has to say what it wants within a time limit, or it is closed. Neither tonic nor hyper ends one that
//! stays silent before its HTTP/2 preface.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// The fixed part of the client's preface (RFC 9113, 3.4); a SETTINGS frame follows it.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAME_HEADER: usize = 9;

/// A stream whose reads fail with `TimedOut` unless a whole preface or request head arrives in time.
pub(super) struct FirstHead<S> {
    stream: S,
    waiting: Option<(Pin<Box<Sleep>>, Head)>,
}

impl<S> FirstHead<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self { stream, waiting: Some((Box::pin(sleep(limit)), Head::default())) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FirstHead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some((limit, head)) = &mut this.waiting else {
            return Pin::new(&mut this.stream).poll_read(context, buffer);
        };
        if limit.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        if head.completed_by(&buffer.filled()[before..]) {
            this.waiting = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstHead<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// How much of a preface or request head has been seen.
#[derive(Default)]
struct Head {
    /// The first bytes, up to the SETTINGS frame's header.
    start: Vec<u8>,
    /// How many bytes came in all.
    length: usize,
    /// How much of the blank line that ends an HTTP/1.1 head the last bytes were.
    line_ends: usize,
}

impl Head {
    fn completed_by(&mut self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.push(*byte))
    }

    fn push(&mut self, byte: u8) -> bool {
        self.length += 1;
        if self.start.len() < PREFACE.len() + FRAME_HEADER {
            self.start.push(byte);
        }
        self.line_ends = match byte {
            b'\n' => self.line_ends + 1,
            b'\r' => self.line_ends,
            _ => 0,
        };
        match self.start.strip_prefix(PREFACE) {
            Some([a, b, c, rest @ ..]) if rest.len() == FRAME_HEADER - 3 => {
                let payload = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
                self.length >= PREFACE.len() + FRAME_HEADER + payload
            }
            Some(_) => false,
            None => self.line_ends == 2 && !PREFACE.starts_with(&self.start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completes(bytes: &[u8]) -> bool {
        // One byte at a time, as a slow peer would send them.
        let mut head = Head::default();
        let completed = bytes.iter().position(|byte| head.completed_by(&[*byte]));
        completed == Some(bytes.len() - 1)
    }

    #[test]
    fn knows_the_end_of_a_preface_and_of_a_request_head() {
        let preface = |settings: &[u8]| [PREFACE, settings].concat();
        assert!(completes(&preface(&[0, 0, 0, 4, 0, 0, 0, 0, 0])));
        assert!(completes(&preface(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])));
        assert!(!completes(&preface(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3])));
        assert!(!completes(PREFACE));
        assert!(completes(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"));
        assert!(!completes(b"GET / HTTP/1.1\r\nhost: here\r\n"));
    }
}
