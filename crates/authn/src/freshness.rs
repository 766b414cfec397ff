//! Whether the memory may be relied on now: asked by every call, and waited for by long streams.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Until when the memory is fresh.
#[derive(Debug)]
pub(crate) struct Freshness {
    begun: Instant,
    max_staleness: Duration,
    /// Nanoseconds after the beginning.
    until: AtomicU64,
    /// As it was told last; [`tell`](Self::tell) sees to it.
    stale: watch::Sender<bool>,
}

impl Freshness {
    /// Not fresh yet.
    pub(crate) fn new(max_staleness: Duration) -> Self {
        Self { begun: Instant::now(), max_staleness, until: AtomicU64::new(0), stale: watch::Sender::new(true) }
    }

    pub(crate) fn is_fresh(&self) -> bool {
        Instant::now() < self.until()
    }

    /// The memory is fresh until then, or longer if that was known already.
    pub(crate) fn extend(&self, until: Instant) {
        let until = nanoseconds(until.saturating_duration_since(self.begun));
        self.until.fetch_max(until, Ordering::AcqRel);
        self.stale.send_if_modified(|stale| std::mem::replace(stale, false));
    }

    /// How long ago the newest probe that came back was sent; before the first one, how long it has been waited for.
    pub(crate) fn age(&self) -> Duration {
        let proven = self.until().checked_sub(self.max_staleness).map_or(self.begun, |sent| sent.max(self.begun));
        proven.elapsed()
    }

    /// Waits until the memory is not fresh. However many wait, none of them is woken while it stays fresh.
    pub(crate) async fn lost(&self) {
        let mut told = self.stale.subscribe();
        while self.is_fresh() && told.changed().await.is_ok() {}
    }

    /// Tells those who wait when the memory is no longer fresh, for ever.
    pub(crate) async fn tell(&self) {
        let mut told = self.stale.subscribe();
        while told.wait_for(|stale| !stale).await.is_ok() {
            while self.is_fresh() {
                sleep_until(self.until()).await;
            }
            self.stale.send_if_modified(|stale| {
                *stale = !self.is_fresh();
                *stale
            });
        }
    }

    fn until(&self) -> Instant {
        self.begun + Duration::from_nanos(self.until.load(Ordering::Acquire))
    }
}

/// Enough for 584 years.
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::{advance, sleep, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_is_fresh_until_the_moment_that_was_given_and_never_takes_back() {
        let freshness = Freshness::new(3 * SECOND);
        assert!(!freshness.is_fresh());
        let start = Instant::now();
        freshness.extend(start + 2 * SECOND);
        freshness.extend(start + SECOND);
        advance(2 * SECOND - Duration::from_nanos(1)).await;
        assert!(freshness.is_fresh());
        advance(Duration::from_nanos(1)).await;
        assert!(!freshness.is_fresh());
    }

    #[tokio::test(start_paused = true)]
    async fn its_age_is_that_of_the_probe() {
        let freshness = Freshness::new(3 * SECOND);
        advance(5 * SECOND).await;
        assert_eq!(freshness.age(), 5 * SECOND, "nothing has come back");
        freshness.extend(Instant::now() + 2 * SECOND);
        assert_eq!(freshness.age(), SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_its_end_is_told_at_the_end_and_not_while_it_is_extended() {
        let freshness = Arc::new(Freshness::new(3 * SECOND));
        let telling = Arc::clone(&freshness);
        tokio::spawn(async move { telling.tell().await });
        timeout(SECOND, freshness.lost()).await.expect("it is not fresh yet");

        let start = Instant::now();
        freshness.extend(start + 3 * SECOND);
        let extending = Arc::clone(&freshness);
        tokio::spawn(async move {
            for _ in 0..5 {
                sleep(SECOND).await;
                extending.extend(Instant::now() + 3 * SECOND);
            }
        });
        freshness.lost().await;
        assert_eq!(start.elapsed().as_secs(), 8, "five seconds in which it was extended, and three more");
        freshness.extend(Instant::now() + SECOND);
        assert!(timeout(SECOND / 2, freshness.lost()).await.is_err(), "it is fresh again");
        timeout(SECOND, freshness.lost()).await.expect("and stale again");
    }
}
