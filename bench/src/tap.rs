//! A proxy before PostgreSQL that reads along: how often its clients wait for an answer, how many statements they send,
//! and which.

mod frontend;

use std::{
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use self::frontend::Frontend;
pub use self::frontend::{Parameter, Sent};
use crate::load::Call;

/// How long is looked at what is sent without any call.
const IDLE: Duration = Duration::from_secs(5);

/// A proxy on a port of its own. It ends when it is dropped, with the connections through it.
pub struct Tap {
    url: String,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
}

/// What went through up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often a client waited for what it had asked for: each `Sync`, `Flush` and simple query wants an answer.
    pub round_trips: u64,
    /// How often a client only wanted to know whether the server is still there: a `Sync` that follows nothing. sqlx does
    /// so whenever a connection goes back into the pool; who used it does not wait for that.
    pub pings: u64,
    /// Statements that were executed, those that begin and end transactions too.
    pub statements: u64,
}

/// What a call sends.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    /// How often it waits for the database.
    pub round_trips_per_call: f64,
    /// How often a connection is tested because of it.
    pub pings_per_call: f64,
    /// Statements of it.
    pub statements_per_call: f64,
    /// Statements in a second without any call.
    pub idle_statements_per_second: f64,
}

impl Counts {
    fn since(self, before: Self) -> Self {
        Self {
            round_trips: self.round_trips - before.round_trips,
            pings: self.pings - before.pings,
            statements: self.statements - before.statements,
        }
    }
}

#[derive(Default)]
struct Seen {
    round_trips: AtomicU64,
    pings: AtomicU64,
    statements: AtomicU64,
    recorded: Mutex<Option<Vec<Sent>>>,
}

impl Tap {
    /// Begins, before the server of this URL.
    ///
    /// # Errors
    /// When the URL is none, or there is no port.
    pub async fn start(server: &str) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(server).context("this is no URL of PostgreSQL")?;
        let upstream = (options.get_host().to_owned(), options.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let url = options.host(&address.ip().to_string()).port(address.port()).to_url_lossy().to_string();
        let seen = Arc::new(Seen::default());
        let accepting = tokio::spawn(accept(listener, upstream, Arc::clone(&seen)));
        Ok(Self { url, seen, accepting })
    }

    /// The same database, through the proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What went through.
    pub fn counts(&self) -> Counts {
        self.seen.counts()
    }

    /// Calls so often, one call after the other, and tells what a call sends. What is sent without any call is looked at
    /// before, and taken off.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn watch(&self, call: &mut impl Call, calls: u32) -> anyhow::Result<Traffic> {
        let (before, begun) = (self.counts(), Instant::now());
        sleep(IDLE).await;
        let (idle, rested) = (self.counts().since(before), begun.elapsed());
        let (before, begun) = (self.counts(), Instant::now());
        for _ in 0..calls {
            call.call().await?;
        }
        let (busy, called) = (self.counts().since(before), begun.elapsed());
        let per_call =
            |busy: u64, idle: u64| (busy as f64 - idle as f64 * called.div_duration_f64(rested)) / f64::from(calls);
        Ok(Traffic {
            round_trips_per_call: per_call(busy.round_trips, idle.round_trips),
            pings_per_call: per_call(busy.pings, idle.pings),
            statements_per_call: per_call(busy.statements, idle.statements),
            idle_statements_per_second: idle.statements as f64 / rested.as_secs_f64(),
        })
    }

    /// Keeps the statements that are sent from here on.
    pub fn record(&self) {
        *self.seen.recorded.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// What was sent since then, in its order.
    pub fn recorded(&self) -> Vec<Sent> {
        self.seen.recorded.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Seen {
    fn round_trip(&self) {
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    fn ping(&self) {
        self.pings.fetch_add(1, Ordering::Relaxed);
    }

    fn statement(&self) {
        self.statements.fetch_add(1, Ordering::Relaxed);
    }

    fn counts(&self) -> Counts {
        let [round_trips, pings, statements] =
            [&self.round_trips, &self.pings, &self.statements].map(|count| count.load(Ordering::Relaxed));
        Counts { round_trips, pings, statements }
    }

    fn sends(&self, sent: impl FnOnce() -> Option<Sent>) {
        if let Some(recorded) = &mut *self.recorded.lock().unwrap_or_else(PoisonError::into_inner) {
            recorded.extend(sent());
        }
    }
}

async fn accept(listener: TcpListener, upstream: (String, u16), seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (upstream, seen) = (upstream.clone(), Arc::clone(&seen));
        // A connection that breaks is the client's to complain about.
        connections.spawn(async move { forward(client, &upstream, &seen).await.ok() });
        while connections.try_join_next().is_some() {}
    }
}

async fn forward(mut client: TcpStream, upstream: &(String, u16), seen: &Seen) -> io::Result<()> {
    let mut server = TcpStream::connect((upstream.0.as_str(), upstream.1)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) = (client.split(), server.split());
    let asks = async {
        let (mut frontend, mut bytes) = (Frontend::default(), vec![0; 16 * 1024]);
        loop {
            let read = from_client.read(&mut bytes).await?;
            if read == 0 {
                return to_server.shutdown().await;
            }
            frontend.take(&bytes[..read], seen);
            to_server.write_all(&bytes[..read]).await?;
        }
    };
    let answers = async { io::copy(&mut from_server, &mut to_client).await.map(drop) };
    // Either end may close first.
    tokio::select! {
        ended = asks => ended,
        ended = answers => ended,
    }
}
