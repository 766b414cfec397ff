//! Connections that say nothing, or never enough.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use e2e::{Engine, Pair};
use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{interval, sleep, timeout},
};

use crate::frames::{Connection, PING, PREFACE};

/// A little earlier and quite a bit later than the ten seconds: the machine may be busy.
const CLOSED: std::ops::Range<f64> = 9.0..14.0;

const NO_SETTINGS: &str = "a preface without SETTINGS";

/// How long the server keeps a connection that has sent `bytes`, the last of them again every second.
async fn patience_with(address: SocketAddr, bytes: &[u8], dripping: bool) -> Duration {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let accepted = Instant::now();
    stream.write_all(bytes).await.expect("to send");
    let (mut reading, mut writing) = stream.into_split();
    let drip = async {
        let mut seconds = interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            // A closed connection cannot be written to; the reader sees that it is closed.
            let _ = if dripping { writing.write_all(b"x").await } else { Ok(()) };
        }
    };
    let mut answer = Vec::new();
    let closed = timeout(Duration::from_secs(30), reading.read_to_end(&mut answer));
    tokio::select! {
        closed = closed => drop(closed),
        never = drip => never,
    }
    accepted.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_has_not_said_what_it_wants_in_ten_seconds_is_closed_and_others_are_served() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let person = pair.direct().sign_up().await;
    let addresses = [
        pair.address("AUTH_LISTEN"),
        pair.address("AUTH_INTERNAL_LISTEN"),
        pair.address("TASK_LISTEN"),
        pair.auth.operations(),
        pair.task.operations(),
        pair.edge(),
    ];
    let unfinished: [(&str, &[u8], bool); 5] = [
        ("nothing", b"", false),
        ("half a preface", &PREFACE[..10], false),
        (NO_SETTINGS, PREFACE, false),
        ("half a request head", b"GET / HTTP/1.1\r\nhost: localhost\r\n", false),
        ("a request head that never ends", b"GET / HTTP/1.1\r\nx-endless: ", true),
    ];
    let ended = AtomicBool::new(false);
    let others = async {
        let mut established = Connection::open(pair.address("TASK_LISTEN")).await;
        while !ended.load(Ordering::Relaxed) {
            let served = timeout(Duration::from_secs(5), pair.direct().list(&person)).await;
            served.expect("others are served in time").expect("others are served");
            sleep(Duration::from_millis(200)).await;
        }
        established.send(PING, 0, 0, &[7; 8]).await;
        let pong = timeout(Duration::from_secs(5), established.next()).await.expect("in time");
        assert_eq!(pong.map(|pong| pong.payload), Some(vec![7; 8]), "an established connection may idle");
    };
    let silent = async {
        let kinds = unfinished.iter().flat_map(|kind| addresses.iter().map(move |address| (kind, *address)));
        // To Envoy a preface is complete without SETTINGS; its keepalive ends such a connection, and that takes longer.
        let kinds = kinds.filter(|((what, ..), address)| *what != NO_SETTINGS || *address != pair.edge());
        let found = join_all(kinds.map(async |((what, bytes, dripping), address)| {
            (what, address, patience_with(address, bytes, *dripping).await.as_secs_f64())
        }))
        .await;
        ended.store(true, Ordering::Relaxed);
        found
    };
    let (found, ()) = tokio::join!(silent, others);
    for (what, address, seconds) in found {
        assert!(CLOSED.contains(&seconds), "{what} at {address}: closed after {seconds} s");
    }
}
