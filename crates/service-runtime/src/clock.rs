//! The time, as an argument.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::time::Instant;

/// Tells the time: the system's, or in a test one that stands still until it is moved.
#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<Mutex<Manual>>>);

#[derive(Debug)]
struct Manual {
    now: DateTime<Utc>,
    pauses: Vec<Duration>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands at `start` until [`advance`](Self::advance) moves it. Its clones move together.
    pub fn manual(start: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(Mutex::new(Manual { now: start, pauses: Vec::new() }))))
    }

    /// The time in whole microseconds, which is what every database here keeps.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn now(&self) -> DateTime<Utc> {
        let now = self.manually(|manual| manual.now).unwrap_or_else(Utc::now);
        now.trunc_subsecs(6)
    }

    /// Whether this is the system's clock.
    pub fn is_system(&self) -> bool {
        self.0.is_none()
    }

    /// Moves a manual clock; the system's does not care.
    pub fn advance(&self, by: TimeDelta) {
        self.manually(|manual| manual.now += by);
    }

    /// Measures from now on how long something takes.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch { clock: self.clone(), begun: Instant::now() }
    }

    /// What [`Stopwatch::reach`] was asked for on a manual clock since this was last called, in that order; nothing on
    /// the system's.
    pub fn take_pauses(&self) -> Vec<Duration> {
        self.manually(|manual| std::mem::take(&mut manual.pauses)).unwrap_or_default()
    }

    fn manually<T>(&self, act: impl FnOnce(&mut Manual) -> T) -> Option<T> {
        self.0.as_ref().map(|manual| act(&mut manual.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The time since something began. On a manual clock nothing takes any time.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Clock,
    begun: Instant,
}

impl Stopwatch {
    /// The time until now.
    pub fn elapsed(&self) -> Duration {
        if self.clock.is_system() { self.begun.elapsed() } else { Duration::ZERO }
    }

    /// Waits until `length` after the beginning. A manual clock does not wait, but remembers the length for
    /// [`Clock::take_pauses`].
    pub async fn reach(&self, length: Duration) {
        if self.clock.manually(|manual| manual.pauses.push(length)).is_none() {
            tokio::time::sleep_until(self.begun + length).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_measured_from_the_beginning() {
        let begun = Instant::now();
        let stopwatch = Clock::system().stopwatch();
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(stopwatch.elapsed(), Duration::from_millis(30));
        stopwatch.reach(Duration::from_millis(50)).await;
        assert_eq!(begun.elapsed(), Duration::from_millis(50));
        stopwatch.reach(Duration::from_millis(40)).await;
        assert_eq!(begun.elapsed(), Duration::from_millis(50), "it is past that");
    }

    #[tokio::test]
    async fn a_manual_clock_remembers_pauses_and_makes_none() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH);
        let stopwatch = clock.clone().stopwatch();
        stopwatch.reach(Duration::from_secs(3600)).await;
        stopwatch.reach(Duration::ZERO).await;
        assert_eq!(stopwatch.elapsed(), Duration::ZERO);
        assert_eq!(clock.take_pauses(), [Duration::from_secs(3600), Duration::ZERO]);
        assert!(clock.take_pauses().is_empty());
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }
}
