//! A peer that begins calls only to give them up is sent away (rapid reset, CVE-2023-44487). hyper counts the streams
//! that are reset before they are accepted; these are the ones that were already being worked on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How long calls are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// The calls of one connection.
pub(super) struct Calls {
    limit: u32,
    counted: Mutex<Counted>,
    too_many: Notify,
}

struct Counted {
    since: Instant,
    begun: u32,
    abandoned: u32,
}

impl Calls {
    /// Of a peer that may give up `limit` calls in ten seconds, and more if it lets most of its calls end: a proxy gives
    /// up on behalf of many.
    pub(super) fn new(limit: u32) -> Arc<Self> {
        let counted = Counted { since: Instant::now(), begun: 0, abandoned: 0 };
        Arc::new(Self { limit, counted: Mutex::new(counted), too_many: Notify::new() })
    }

    /// Counts a call; one that is dropped before it has [`ended`](Call::ended) was given up.
    pub(super) fn begin(self: &Arc<Self>) -> Call {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.since.elapsed() > WINDOW {
            *counted = Counted { since: Instant::now(), begun: 0, abandoned: 0 };
        }
        counted.begun += 1;
        Call(Some(Arc::clone(self)))
    }

    /// Waits until too many were given up.
    pub(super) async fn too_many_abandoned(&self) {
        self.too_many.notified().await;
    }

    fn abandon(&self) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.abandoned += 1;
        if counted.abandoned > self.limit && counted.abandoned > counted.begun / 2 {
            self.too_many.notify_one();
        }
    }
}

/// A call that is being worked on.
pub(super) struct Call(Option<Arc<Calls>>);

impl Call {
    /// It has an answer.
    pub(super) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(calls) = self.0.take() {
            calls.abandon();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn is_sent_away(calls: &Calls) -> bool {
        timeout(Duration::from_millis(1), calls.too_many_abandoned()).await.is_ok()
    }

    #[tokio::test]
    async fn many_abandoned_calls_are_too_many_unless_more_end() {
        let attacker = Calls::new(10);
        (0..10).for_each(|_| drop(attacker.begin()));
        assert!(!is_sent_away(&attacker).await);
        drop(attacker.begin());
        assert!(is_sent_away(&attacker).await);

        let proxy = Calls::new(10);
        (0..100).for_each(|_| proxy.begin().ended());
        (0..50).for_each(|_| drop(proxy.begin()));
        assert!(!is_sent_away(&proxy).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_abandoned_long_ago_is_forgotten() {
        let calls = Calls::new(10);
        for _ in 0..5 {
            (0..10).for_each(|_| drop(calls.begin()));
            tokio::time::advance(WINDOW + Duration::from_secs(1)).await;
        }
        assert!(!is_sent_away(&calls).await);
    }
}
