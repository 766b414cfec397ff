//! Who wants to hear at once that something has been revoked.

use std::collections::HashMap;

use service_runtime::CancellationToken;

use crate::{
    subject::Ground,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Those who wait, by what they wait for: its end wakes nobody else.
#[derive(Debug, Default)]
pub(crate) struct Ends(Mutex<HashMap<Ground, Waiters>>);

#[derive(Debug, Default)]
struct Waiters {
    count: usize,
    end: CancellationToken,
}

/// A place among those who wait for one end, until it is dropped.
#[derive(Debug)]
pub(crate) struct End<'a> {
    ends: &'a Ends,
    ground: Ground,
    end: CancellationToken,
}

impl Ends {
    /// From now on its end is heard of.
    pub(crate) fn of(&self, ground: Ground) -> End<'_> {
        let mut all = self.all();
        let waiters = all.entry(ground.clone()).or_default();
        waiters.count += 1;
        End { ends: self, ground, end: waiters.end.clone() }
    }

    /// Wakes whoever waits for this one.
    pub(crate) fn tell(&self, ground: &Ground) {
        let waiters = self.all().remove(ground);
        if let Some(waiters) = waiters {
            waiters.end.cancel();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Ground, Waiters>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End<'_> {
    /// Waits for the end.
    pub(crate) async fn told(&self) {
        self.end.cancelled().await;
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        if self.end.is_cancelled() {
            return;
        }
        let mut all = self.ends.all();
        if let Some(waiters) = all.get_mut(&self.ground) {
            waiters.count -= 1;
            if waiters.count == 0 {
                all.remove(&self.ground);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;
    use uuid::Uuid;

    use super::*;

    fn session(number: u128) -> Ground {
        Ground::Session(Uuid::from_u128(number).into())
    }

    #[tokio::test]
    async fn the_end_of_a_session_wakes_those_who_wait_for_it_and_nobody_else() {
        let ends = Ends::default();
        let (one, too, other) = (ends.of(session(1)), ends.of(session(1)), ends.of(session(2)));
        ends.tell(&session(1));
        ends.tell(&session(3));
        one.told().await;
        too.told().await;
        assert!(timeout(Duration::from_millis(20), other.told()).await.is_err());
    }

    #[tokio::test]
    async fn who_no_longer_waits_takes_no_place_and_takes_none_away() {
        let ends = Ends::default();
        let (one, too) = (ends.of(session(1)), ends.of(session(1)));
        drop(one);
        assert_eq!(ends.all().len(), 1);
        ends.tell(&session(1));
        let late = ends.of(session(1));
        drop(too);
        assert_eq!(ends.all().len(), 1, "who waits since the end was told keeps the place");
        drop(late);
        assert!(ends.all().is_empty());
    }
}
