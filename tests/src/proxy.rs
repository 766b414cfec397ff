//! A link between two programs that a test can make slow, hold or cut.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};
use xtask::port::free_port;

/// How many pieces of one direction may be on their way; beyond that nothing more is read.
const PIECES: usize = 1_024;
/// How many bytes one piece has at most.
const PIECE: usize = 16 * 1_024;

/// How a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// Bytes arrive so long after they were sent.
    Open { questions: Duration, answers: Duration },
    /// Nothing arrives, and nothing is closed.
    Held,
    /// There is no connection, and none can be made.
    Cut,
}

const HEALTHY: Condition = Condition::Open { questions: Duration::ZERO, answers: Duration::ZERO };

/// Which way bytes go.
#[derive(Clone, Copy, Debug)]
enum Direction {
    /// From whoever connects to the target.
    Question,
    /// Back from the target.
    Answer,
}

impl Condition {
    /// When a piece that was read at `read` may go on; never, while this is how the link is, if there is no such time.
    fn due(self, direction: Direction, read: Instant) -> Option<Instant> {
        match (self, direction) {
            (Self::Open { questions: delay, .. }, Direction::Question)
            | (Self::Open { answers: delay, .. }, Direction::Answer) => Some(read + delay),
            (Self::Held | Self::Cut, _) => None,
        }
    }
}

/// Passes the bytes of every connection to its port on to its target and back. Whatever becomes of the link, each
/// direction of a connection keeps the order of its bytes.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
    listening: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A healthy link to `target`, with a port of its own on 127.0.0.1.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn to(target: SocketAddr) -> Self {
        let address = ([127, 0, 0, 1], free_port()).into();
        let (condition, link) = watch::channel(HEALTHY);
        let (told, mut listening) = watch::channel(false);
        let task = tokio::spawn(serve(address, target, link, told));
        listening.wait_for(|listening| *listening).await.expect("a proxy that listens");
        Self { address, condition, listening, task }
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on bytes arrive `delay` after they were sent, in both directions; those on their way too.
    pub fn delay(&self, delay: Duration) {
        self.condition.send_replace(Condition::Open { questions: delay, answers: delay });
    }

    /// From now on what the target sends arrives `delay` later, and what is sent to it arrives at once.
    pub fn delay_answers(&self, delay: Duration) {
        self.condition.send_replace(Condition::Open { questions: Duration::ZERO, answers: delay });
    }

    /// From now on nothing arrives. Connections stay open, and new ones can be made.
    pub fn hold(&self) {
        self.condition.send_replace(Condition::Held);
    }

    /// Closes every connection, what is on its way is lost, and refuses new ones.
    ///
    /// # Panics
    /// When the proxy has failed.
    pub async fn cut(&self) {
        self.condition.send_replace(Condition::Cut);
        self.until(false).await;
    }

    /// From now on bytes arrive at once; first those that were held or delayed.
    ///
    /// # Panics
    /// When the proxy has failed.
    pub async fn heal(&self) {
        self.condition.send_replace(HEALTHY);
        self.until(true).await;
    }

    async fn until(&self, expected: bool) {
        self.listening.clone().wait_for(|listening| *listening == expected).await.expect("a proxy that serves");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts connections, except while the link is cut. They end with it.
async fn serve(
    address: SocketAddr,
    target: SocketAddr,
    mut link: watch::Receiver<Condition>,
    listening: watch::Sender<bool>,
) {
    while link.wait_for(|condition| *condition != Condition::Cut).await.is_ok() {
        let listener = TcpListener::bind(address).await.expect("a port of its own");
        listening.send_replace(true);
        let mut connections = JoinSet::new();
        let accept = async {
            loop {
                while connections.try_join_next().is_some() {}
                if let Ok((stream, _)) = listener.accept().await {
                    connections.spawn(connect(stream, target, link.clone()));
                }
            }
        };
        let mut cutting = link.clone();
        tokio::select! {
            _ = cutting.wait_for(|condition| *condition == Condition::Cut) => {}
            () = accept => {}
        }
        drop(listener);
        connections.shutdown().await;
        listening.send_replace(false);
    }
}

/// Passes on what comes either way, until both ways have ended. If the target takes no connection, neither does this.
async fn connect(client: TcpStream, target: SocketAddr, link: watch::Receiver<Condition>) {
    let Ok(target) = TcpStream::connect(target).await else { return };
    for stream in [&client, &target] {
        stream.set_nodelay(true).expect("to send without waiting");
    }
    let ((asking, answering), (heeding, telling)) = (client.into_split(), target.into_split());
    tokio::join!(
        pass(asking, telling, Direction::Question, link.clone()),
        pass(heeding, answering, Direction::Answer, link),
    );
}

/// Passes on one direction, until it ends.
async fn pass(from: OwnedReadHalf, to: OwnedWriteHalf, direction: Direction, link: watch::Receiver<Condition>) {
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::join!(read(from, sender, link.clone()), write(to, receiver, direction, link));
}

/// Takes in what is sent, except while the link is held.
async fn read(mut from: OwnedReadHalf, pieces: mpsc::Sender<(Instant, Vec<u8>)>, mut link: watch::Receiver<Condition>) {
    let mut buffer = vec![0; PIECE];
    while link.wait_for(|condition| *condition != Condition::Held).await.is_ok() {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        if pieces.send((Instant::now(), buffer[..length].to_owned())).await.is_err() {
            return;
        }
    }
}

/// Passes each piece on when it is due.
async fn write(
    mut to: OwnedWriteHalf,
    mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    direction: Direction,
    mut link: watch::Receiver<Condition>,
) {
    while let Some((read, piece)) = pieces.recv().await {
        loop {
            let due = link.borrow_and_update().due(direction, read);
            let arrival = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = link.changed() => if changed.is_err() { return },
                () = arrival => break,
            }
        }
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
