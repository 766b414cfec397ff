//! A network between a verifier and auth-service that may be slow, or cut.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};

/// Passes bytes on in their order, each so much later. Both ways are set by themselves.
pub(crate) struct Link {
    address: SocketAddr,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    up: AtomicU64,
    down: AtomicU64,
    attempts: AtomicUsize,
}

impl Link {
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, way) = (listener.local_addr().unwrap(), Arc::new(Way::default()));
        let passing = way.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                passing.attempts.fetch_add(1, SeqCst);
                tokio::spawn(pass(near, target, passing.clone()));
            }
        });
        Self { address, way }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// To auth-service.
    pub(crate) fn delay_up(&self, delay: Duration) {
        self.way.up.store(milliseconds(delay), SeqCst);
    }

    /// From auth-service.
    pub(crate) fn delay_down(&self, delay: Duration) {
        self.way.down.store(milliseconds(delay), SeqCst);
    }

    /// How often somebody tried to connect.
    pub(crate) fn attempts(&self) -> usize {
        self.way.attempts.load(SeqCst)
    }
}

async fn pass(near: TcpStream, target: SocketAddr, way: Arc<Way>) {
    let Ok(far) = TcpStream::connect(target).await else { return };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    // With one of them gone the other is of no use.
    tokio::select! {
        () = carry(near_read, far_write, &way.up) => {}
        () = carry(far_read, near_write, &way.down) => {}
    }
}

async fn carry(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: &AtomicU64) {
    let mut under_way: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut buffer = vec![0; 16 * 1024];
    let mut open = true;
    while open || !under_way.is_empty() {
        let arrival = under_way.front().map_or_else(|| Instant::now() + Duration::from_secs(3600), |(at, _)| *at);
        tokio::select! {
            read = from.read(&mut buffer), if open => match read {
                Ok(length @ 1..) => {
                    let at = Instant::now() + Duration::from_millis(delay.load(SeqCst));
                    under_way.push_back((at, buffer[..length].to_vec()));
                }
                _ => open = false,
            },
            () = sleep_until(arrival) => {
                let Some((_, bytes)) = under_way.pop_front() else { continue };
                if to.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn milliseconds(delay: Duration) -> u64 {
    delay.as_millis().try_into().unwrap()
}
