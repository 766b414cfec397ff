//! The load: a number of streams, each of which sends its next call when the one before is answered.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use hdrhistogram::Histogram;
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};
use tonic::Status;

/// Nothing is waited for longer.
const LONGEST_MICROSECONDS: u64 = 60_000_000;

/// One kind of call.
pub trait Call: Send + 'static {
    /// Calls once. An answer that is not as it should be is an error.
    fn call(&mut self) -> impl Future<Output = Result<(), Status>> + Send;
}

/// What a load did.
#[derive(Debug)]
pub struct Load {
    /// How long it was measured.
    pub elapsed: Duration,
    /// How long each call took that was answered meanwhile, in microseconds.
    pub latencies: Histogram<u32>,
}

/// The calls are made either way: only those answered while `MEASURED` count.
const WARM_UP: u8 = 0;
const MEASURED: u8 = 1;
const OVER: u8 = 2;

/// Keeps every stream calling; with a `pace`, each once in that time at most. `edge` is called where the measured time begins and where it ends.
///
/// # Errors
/// When a call or `edge` fails: figures with failed calls in them would mean nothing.
pub async fn run(
    streams: Vec<impl Call>,
    pace: Option<Duration>,
    warm_up: Duration,
    measured: Duration,
    mut edge: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Load> {
    let phase = Arc::new(AtomicU8::new(WARM_UP));
    let mut running = JoinSet::new();
    let count = u32::try_from(streams.len())?;
    for (number, stream) in (0..count).zip(streams) {
        let pace = pace.map(|pace| Pace::new(pace, pace * number / count));
        running.spawn(keep_calling(stream, pace, phase.clone()));
    }
    sleep(warm_up).await;
    edge()?;
    let begun = Instant::now();
    phase.store(MEASURED, Ordering::Relaxed);
    sleep(measured).await;
    phase.store(OVER, Ordering::Relaxed);
    let elapsed = begun.elapsed();
    edge()?;

    let mut latencies = histogram()?;
    while let Some(stream) = running.join_next().await {
        latencies.add(stream??)?;
    }
    Ok(Load { elapsed, latencies })
}

/// When a stream's next call is due.
struct Pace {
    next: Instant,
    length: Duration,
}

impl Pace {
    fn new(length: Duration, offset: Duration) -> Self {
        Self { next: Instant::now() + offset, length }
    }

    /// Waits until the next call is due. A call that comes late because the one before took too long has waited since
    /// it was due.
    async fn wait(&mut self) -> Instant {
        let due = self.next;
        self.next += self.length;
        if due <= Instant::now() {
            return due;
        }
        sleep_until(due.into()).await;
        Instant::now()
    }
}

async fn keep_calling(
    mut stream: impl Call,
    mut pace: Option<Pace>,
    phase: Arc<AtomicU8>,
) -> anyhow::Result<Histogram<u32>> {
    let mut latencies = histogram()?;
    loop {
        let begun = match &mut pace {
            Some(pace) => pace.wait().await,
            None => Instant::now(),
        };
        let answer = stream.call().await;
        match phase.load(Ordering::Relaxed) {
            OVER => return Ok(latencies),
            phase => {
                answer.context("a call failed")?;
                if phase == MEASURED {
                    latencies.saturating_record(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
                }
            }
        }
    }
}

/// For times of up to a minute, in microseconds.
///
/// # Errors
/// Never: the bounds are fixed.
pub fn histogram() -> anyhow::Result<Histogram<u32>> {
    Ok(Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, 3)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pause(Duration);

    impl Call for Pause {
        async fn call(&mut self) -> Result<(), Status> {
            sleep(self.0).await;
            Ok(())
        }
    }

    struct FailsAfter(u32);

    impl Call for FailsAfter {
        async fn call(&mut self) -> Result<(), Status> {
            sleep(Duration::from_millis(1)).await;
            self.0 = self.0.checked_sub(1).ok_or_else(|| Status::unavailable("gone"))?;
            Ok(())
        }
    }

    #[tokio::test]
    async fn every_stream_has_one_call_in_flight_and_only_the_measured_time_counts() {
        let streams = (0..8).map(|_| Pause(Duration::from_millis(20))).collect();
        let mut edges = Vec::new();
        let edge = || {
            edges.push(Instant::now());
            Ok(())
        };
        let load = run(streams, None, Duration::from_millis(100), Duration::from_millis(200), edge).await.unwrap();
        let calls = load.latencies.len();
        assert!((8..=88).contains(&calls), "8 streams make 10 calls each in 200 ms, not {calls} in all");
        assert!(load.latencies.min() >= 20_000);
        assert!(load.elapsed >= Duration::from_millis(200));
        assert_eq!(edges.len(), 2);
    }

    #[tokio::test]
    async fn a_pace_is_kept() {
        let streams = (0..4).map(|_| Pause(Duration::from_millis(1))).collect();
        let pace = Some(Duration::from_millis(40));
        let load = run(streams, pace, Duration::from_millis(40), Duration::from_millis(400), || Ok(())).await.unwrap();
        let calls = load.latencies.len();
        assert!((8..=44).contains(&calls), "4 streams make 10 calls each in 400 ms, not {calls} in all");
    }

    #[tokio::test]
    async fn one_failed_call_spoils_the_round() {
        let streams = vec![FailsAfter(u32::MAX), FailsAfter(3)];
        let error = run(streams, None, Duration::ZERO, Duration::from_millis(100), || Ok(())).await.unwrap_err();
        assert!(format!("{error:#}").contains("gone"), "{error:#}");
    }
}
