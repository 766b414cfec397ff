//! A storm of logins: many times more than can be hashed, while something else is measured.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tonic::{Code, Status};

use crate::{
    calls::{Credentials, Login, connect},
    load::{Call, histogram},
};

/// Enough for those that wait for a hash and those that are being refused.
const STREAMS: u16 = 256;
const CONNECTIONS: usize = 4;

/// Logins that keep coming.
pub struct Storm {
    counting: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    streams: JoinSet<anyhow::Result<Outcome>>,
}

/// What became of the logins.
#[derive(Clone, Debug, Serialize)]
pub struct StormFigures {
    /// How many were tried in a second.
    pub attempts_per_second: f64,
    /// How many came in.
    pub logins_per_second: f64,
    /// Half of the refusals took at most so many microseconds.
    pub refusal_p50_microseconds: u64,
    /// 99 of 100 did.
    pub refusal_p99_microseconds: u64,
}

#[derive(Debug)]
struct Outcome {
    logins: u64,
    refusals: Histogram<u32>,
}

impl Storm {
    /// Begins `rate` logins a second, of one user.
    ///
    /// # Errors
    /// When nobody listens there.
    pub async fn begin(address: SocketAddr, credentials: &Credentials, rate: f64) -> anyhow::Result<Self> {
        let (counting, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(connect(address).await?);
        }
        let pace = Duration::from_secs_f64(f64::from(STREAMS) / rate);
        let mut streams = JoinSet::new();
        for (number, channel) in (0..STREAMS).zip(connections.iter().cycle()) {
            let login = Login::new(channel.clone(), credentials);
            let offset = pace.mul_f64(f64::from(number) / f64::from(STREAMS));
            streams.spawn(rage(login, offset, pace, Arc::clone(&counting), Arc::clone(&over)));
        }
        Ok(Self { counting, over, streams })
    }

    /// Begins or ends counting.
    pub fn count(&self, counting: bool) {
        self.counting.store(counting, Ordering::Relaxed);
    }

    /// Ends it, and tells what became of the logins that were counted, which took `elapsed`.
    ///
    /// # Errors
    /// When a login was answered with anything but tokens or a refusal for want of a place.
    pub async fn end(mut self, elapsed: Duration) -> anyhow::Result<StormFigures> {
        self.over.store(true, Ordering::Relaxed);
        let mut all = Outcome { logins: 0, refusals: histogram()? };
        while let Some(outcome) = self.streams.join_next().await {
            let Outcome { logins, refusals } = outcome??;
            all.logins += logins;
            all.refusals.add(refusals)?;
        }
        let seconds = elapsed.as_secs_f64();
        Ok(StormFigures {
            attempts_per_second: (all.logins + all.refusals.len()) as f64 / seconds,
            logins_per_second: all.logins as f64 / seconds,
            refusal_p50_microseconds: all.refusals.value_at_quantile(0.5),
            refusal_p99_microseconds: all.refusals.value_at_quantile(0.99),
        })
    }
}

async fn rage(
    mut login: Login,
    offset: Duration,
    pace: Duration,
    counting: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
) -> anyhow::Result<Outcome> {
    tokio::time::sleep(offset).await;
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut outcome = Outcome { logins: 0, refusals: histogram()? };
    while !over.load(Ordering::Relaxed) {
        ticks.tick().await;
        let begun = Instant::now();
        let answer = login.call().await;
        let counted = counting.load(Ordering::Relaxed);
        match answer {
            Ok(()) => outcome.logins += u64::from(counted),
            Err(status) if is_refusal(&status) && counted => {
                outcome.refusals.saturating_record(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
            }
            Err(status) if is_refusal(&status) => {}
            Err(status) => return Err(status.into()),
        }
    }
    Ok(outcome)
}

fn is_refusal(status: &Status) -> bool {
    status.code() == Code::ResourceExhausted
}
