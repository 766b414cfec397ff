//! The keys that an issuer publishes, kept up to date.
//!
//! One task fetches, so that never more than one fetch is under way: when what it has grows old, and when somebody shows
//! a key's name that is not among them, though not more often than once in a second. Whoever shows a key that is known
//! waits for nothing. What was fetched last stays good for a day while nothing better can be had.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use http::HeaderValue;
use service_runtime::{CancellationToken, operations::Counter};
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    KeyAlgorithm,
    fetch::Fetcher,
    keys::{KeySet, PublicKey},
};

/// The bounds of one issuer's fetches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Between the beginnings of two fetches.
    interval: Duration,
    /// After a fetch that failed, when nobody asks for a key.
    retry: Duration,
    /// How long a set stays good when no other can be had.
    keep: Duration,
    /// How long somebody waits who shows a key that is not known.
    patience: Duration,
    /// How long it is remembered that there is no such key.
    absent: Duration,
    /// Of how many keys at once.
    most_absent: usize,
    /// How many wait at once.
    most_waiting: usize,
}

impl Pace {
    pub(super) const USUAL: Self = Self {
        interval: Duration::from_secs(1),
        retry: Duration::from_secs(30),
        keep: Duration::from_secs(24 * 3600),
        patience: Duration::from_millis(1500),
        absent: Duration::from_secs(10),
        most_absent: 1000,
        most_waiting: 64,
    };
}

/// What became of the look for a key.
pub(super) enum Found {
    Key(PublicKey),
    /// The issuer has none of that name.
    None,
    /// The issuer could not be asked, or too many ask.
    Unavailable,
}

/// How many fetches have been begun and have ended, and whether the last one succeeded.
#[derive(Clone, Copy, Debug, Default)]
struct Fetches {
    begun: u64,
    ended: u64,
    succeeded: bool,
}

/// The keys of one issuer.
pub(super) struct Published {
    issuer: String,
    fetcher: Fetcher,
    allowed: Vec<KeyAlgorithm>,
    pace: Pace,
    kept: Mutex<Kept>,
    /// Others hear of it when one has ended.
    fetches: watch::Sender<Fetches>,
    wanted: Notify,
    waiting: Semaphore,
    counts: FetchCounts,
}

/// How the fetches of all issuers went.
#[derive(Clone, Debug, Default)]
pub(super) struct FetchCounts {
    pub(super) succeeded: Counter,
    pub(super) failed: Counter,
}

#[derive(Default)]
struct Kept {
    set: Option<Good>,
    /// Names of keys that there are not, and until when that is believed.
    absent: HashMap<u64, Instant>,
    names: RandomState,
}

struct Good {
    keys: Arc<KeySet>,
    tag: Option<HeaderValue>,
    until: Instant,
}

impl Published {
    pub(super) fn new(
        issuer: String,
        fetcher: Fetcher,
        allowed: Vec<KeyAlgorithm>,
        pace: Pace,
        counts: FetchCounts,
    ) -> Self {
        Self {
            issuer,
            fetcher,
            allowed,
            kept: Mutex::default(),
            fetches: watch::Sender::default(),
            wanted: Notify::new(),
            waiting: Semaphore::new(pace.most_waiting),
            pace,
            counts,
        }
    }

    /// The key of that name; without a name, the only one that there is.
    pub(super) async fn find(&self, name: Option<&str>) -> Found {
        if let Some(found) = self.known(name) {
            return found;
        }
        let Ok(_place) = self.waiting.try_acquire() else { return Found::Unavailable };
        timeout(self.pace.patience, self.look_for(name)).await.unwrap_or(Found::Unavailable)
    }

    fn known(&self, name: Option<&str>) -> Option<Found> {
        let now = Instant::now();
        let kept = self.kept();
        let good = kept.set.as_ref().filter(|good| now < good.until)?;
        match good.keys.find(name) {
            Some(key) => Some(Found::Key(key.clone())),
            None => kept.is_absent(name, now).then_some(Found::None),
        }
    }

    /// Waits for a fetch that begins from now on: what is answered to an earlier one may be older than the key.
    async fn look_for(&self, name: Option<&str>) -> Found {
        let mut fetches = self.fetches.subscribe();
        let begun = fetches.borrow_and_update().begun;
        self.wanted.notify_one();
        loop {
            if fetches.changed().await.is_err() {
                return Found::Unavailable;
            }
            let Fetches { ended, succeeded, .. } = *fetches.borrow_and_update();
            match self.known(name) {
                Some(found) => return found,
                None if ended <= begun => {}
                None if succeeded => {
                    self.kept().is_not_there(name, &self.pace);
                    return Found::None;
                }
                None => return Found::Unavailable,
            }
        }
    }

    /// Fetches for as long as the service runs.
    pub(super) async fn run(self: Arc<Self>, end: CancellationToken) {
        let fetching = async {
            let mut failing = false;
            loop {
                let begun = Instant::now();
                let fetched = self.fetch(begun).await;
                self.tell(&fetched, &mut failing);
                let due = begun + *fetched.as_ref().unwrap_or(&self.pace.retry);
                sleep_until(begun + self.pace.interval).await;
                tokio::select! {
                    () = self.wanted.notified() => {}
                    () = sleep_until(due) => {}
                }
            }
        };
        end.run_until_cancelled(fetching).await;
    }

    /// Fetches once, and tells after what time it is to be done again.
    async fn fetch(&self, now: Instant) -> anyhow::Result<Duration> {
        self.fetches.send_if_modified(|fetches| {
            fetches.begun += 1;
            false
        });
        let fetched = self.renew(now).await;
        let succeeded = fetched.is_ok();
        self.fetches.send_modify(|fetches| *fetches = Fetches { ended: fetches.begun, succeeded, ..*fetches });
        fetched
    }

    async fn renew(&self, now: Instant) -> anyhow::Result<Duration> {
        let known = self.kept().set.as_ref().and_then(|good| good.tag.clone());
        let answer = self.fetcher.fetch(known.as_ref()).await?;
        let until = now + self.pace.keep;
        let keys = answer.body.map(|body| KeySet::parse(&body, &self.allowed)).transpose();
        let keys = keys.context("what it publishes is no set of keys that can be used")?;
        if let Some(keys) = &keys {
            for why in &keys.refused {
                tracing::warn!(issuer = self.issuer, why, "a key that the issuer publishes is not used");
            }
        }
        let mut kept = self.kept();
        match (keys, &mut kept.set) {
            (Some(keys), set) => *set = Some(Good { keys: Arc::new(keys), tag: answer.tag, until }),
            (None, Some(good)) => good.until = until,
            (None, None) => {}
        }
        Ok(answer.lifetime)
    }

    /// Once for each failure, not each time that it is tried again.
    fn tell(&self, fetched: &anyhow::Result<Duration>, failing: &mut bool) {
        match fetched {
            Ok(_) => {
                self.counts.succeeded.inc();
                if std::mem::take(failing) {
                    tracing::info!(issuer = self.issuer, "the keys of the issuer can be fetched again");
                }
            }
            Err(cause) => {
                self.counts.failed.inc();
                if !std::mem::replace(failing, true) {
                    let message = "the keys of the issuer cannot be fetched; those that are known stay good for a day";
                    tracing::warn!(issuer = self.issuer, cause = format!("{cause:#}"), "{message}");
                }
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_absent(&self, name: Option<&str>, now: Instant) -> bool {
        self.absent.get(&self.names.hash_one(name)).is_some_and(|until| now < *until)
    }

    fn is_not_there(&mut self, name: Option<&str>, pace: &Pace) {
        let now = Instant::now();
        if self.absent.len() >= pace.most_absent {
            self.absent.retain(|_, until| now < *until);
        }
        if self.absent.len() < pace.most_absent {
            self.absent.insert(self.names.hash_one(name), now + pace.absent);
        }
    }
}

#[cfg(test)]
mod tests;
