//! The accept loop: bounds on every connection, and a drain that ends.

mod abandoned;
mod first_head;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use tower::ServiceExt;

use crate::{CancellationToken, operations::Metrics, request::PeerAddr};
use abandoned::Calls;
use first_head::FirstHead;

/// What one connection, and all of them together, may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Open connections; one more is closed as soon as it is accepted.
    pub max_connections: usize,
    /// Open HTTP/2 streams of one connection; one more is refused.
    pub max_streams: u32,
    /// Calls that a peer may give up in ten seconds, if it gives up most of its calls.
    pub max_abandoned: u32,
    /// Bytes of a request's headers.
    pub max_header_bytes: u32,
    /// How long a new connection may take to send an HTTP/2 preface or an HTTP/1.1 request head.
    pub first_head: Duration,
    /// How often an HTTP/2 peer is asked for a sign of life, and how long it may take to give one.
    pub keepalive: (Duration, Duration),
    /// After this long a connection is told to go, so that load moves to new replicas; and how long it may linger.
    pub max_age: (Duration, Duration),
    /// How long calls in flight may take to end when the server stops.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            max_streams: 200,
            max_abandoned: 1000,
            max_header_bytes: 16 * 1024,
            first_head: Duration::from_secs(10),
            keepalive: (Duration::from_secs(30), Duration::from_secs(10)),
            max_age: (Duration::from_secs(30 * 60), Duration::from_secs(60)),
            drain: Duration::from_secs(8),
        }
    }
}

/// Serves `router` on `listener` until `shutdown`, then lets calls end for at most the drain limit.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    metrics: Metrics,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.max_connections));
    let builder = builder(&limits);
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to come free instead of spinning.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            () = shutdown.cancelled() => break,
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            metrics.connections_refused.inc();
            continue;
        };
        let (builder, router, metrics, shutdown) = (builder.clone(), router.clone(), metrics.clone(), shutdown.clone());
        connections.spawn(async move {
            metrics.connections.inc();
            serve_connection(builder, stream, peer, router, limits, shutdown).await;
            metrics.connections.dec();
            drop(place);
        });
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.drain, all_ended).await.is_err() {
        tracing::warn!(left = connections.len(), "the drain limit has passed; the connections left are cut");
        connections.shutdown().await;
    }
}

async fn serve_connection(
    builder: Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
) {
    // Without it a small answer waits for the peer's delayed acknowledgement.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let calls = Calls::new(limits.max_abandoned);
    let counted = Arc::clone(&calls);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(PeerAddr(peer));
        let call = counted.begin();
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            call.ended();
            Ok::<_, Infallible>(answer)
        }
    });
    let io = TokioIo::new(FirstHead::new(stream, limits.first_head));
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let (max_age, age_grace) = limits.max_age;
    let mut leave_at = Instant::now() + spread(max_age, peer);
    let mut leaving = false;
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = calls.too_many_abandoned() => {
                tracing::warn!(%peer, "a connection is cut: its peer gives up most of its calls");
                return;
            }
            () = shutdown.cancelled(), if !leaving => {
                leaving = true;
                leave_at = Instant::now() + limits.drain;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(leave_at) => {
                if leaving {
                    return;
                }
                leaving = true;
                leave_at = Instant::now() + age_grace;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Up to a tenth less, by the peer's port, so that connections opened together do not all leave together.
fn spread(age: Duration, peer: SocketAddr) -> Duration {
    age.mul_f64(1.0 - f64::from(peer.port() % 100) / 1000.0)
}

fn builder(limits: &ConnectionLimits) -> Builder<TokioExecutor> {
    let (keepalive_interval, keepalive_timeout) = limits.keepalive;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.first_head)
        .max_buf_size(limits.max_header_bytes as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(limits.max_header_bytes)
        // A peer that makes the server reset streams, or resets its own before they are handled, is sent away.
        .max_local_error_reset_streams(1024)
        .max_pending_accept_reset_streams(64)
        .keep_alive_interval(keepalive_interval)
        .keep_alive_timeout(keepalive_timeout);
    builder
}
