//! How long the memory may be relied on. No I/O, and no clock of its own.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// What the echoes of one verifier's probes have proven.
///
/// An echo of a probe says: all that was revoked before the probe arrived has been told. The one thing that the verifier
/// knows of that moment is that it came after the sending. So it counts from there, however late the echo arrives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    max_staleness: Duration,
    /// Probes that wait for their echo, oldest first.
    waiting: VecDeque<(u64, Instant)>,
    fresh_until: Option<Instant>,
}

impl Lease {
    /// One more drives out the oldest.
    const MOST_WAITING: usize = 16;

    /// Nothing has been proven yet.
    pub(crate) fn new(max_staleness: Duration) -> Self {
        Self { max_staleness, waiting: VecDeque::new(), fresh_until: None }
    }

    /// What was asked on the stream before is not answered on this one.
    pub(crate) fn begin_stream(&mut self) {
        self.waiting.clear();
    }

    /// A probe is about to be sent.
    pub(crate) fn sent(&mut self, id: u64, at: Instant) {
        if self.waiting.len() >= Self::MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back((id, at));
    }

    /// An echo has arrived, and all that came before it on its stream has been applied. Until when the memory is fresh
    /// now; nothing, if no probe of this id waits.
    pub(crate) fn echoed(&mut self, id: u64) -> Option<Instant> {
        let position = self.waiting.iter().position(|(waiting, _)| *waiting == id)?;
        let (_, sent) = self.waiting.drain(..=position).next_back()?;
        let until = sent + self.max_staleness;
        self.fresh_until = self.fresh_until.max(Some(until));
        self.fresh_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(3);

    fn lease() -> (Lease, Instant) {
        (Lease::new(MAX), Instant::now())
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_echo_counts_from_the_sending_of_its_probe() {
        let (mut lease, start) = lease();
        lease.sent(1, start);
        lease.sent(2, start + seconds(1));
        assert_eq!(lease.echoed(1), Some(start + MAX));
        assert_eq!(lease.echoed(2), Some(start + seconds(1) + MAX));
    }

    #[test]
    fn the_newest_may_be_answered_alone_and_an_older_echo_after_it_says_nothing() {
        let (mut lease, start) = lease();
        for id in 1..=3 {
            lease.sent(id, start + seconds(id));
        }
        assert_eq!(lease.echoed(2), Some(start + seconds(2) + MAX));
        assert_eq!(lease.echoed(1), None);
        assert_eq!(lease.echoed(2), None, "it has been answered");
        assert_eq!(lease.echoed(3), Some(start + seconds(3) + MAX));
    }

    #[test]
    fn what_was_never_asked_is_no_answer() {
        let (mut lease, start) = lease();
        assert_eq!(lease.echoed(0), None);
        lease.sent(7, start);
        for id in [0, 6, 8, u64::MAX] {
            assert_eq!(lease.echoed(id), None, "{id}");
        }
        assert_eq!(lease.echoed(7), Some(start + MAX), "it still waits");
    }

    #[test]
    fn another_stream_answers_only_what_was_asked_on_it_and_takes_nothing_back() {
        let (mut lease, start) = lease();
        lease.sent(1, start + seconds(5));
        lease.sent(2, start + seconds(6));
        assert_eq!(lease.echoed(1), Some(start + seconds(5) + MAX));
        lease.begin_stream();
        assert_eq!(lease.echoed(2), None);
        lease.sent(3, start);
        assert_eq!(lease.echoed(3), Some(start + seconds(5) + MAX), "it never moves back");
    }

    #[test]
    fn probes_that_wait_are_bounded() {
        let (mut lease, start) = lease();
        for id in 0..1000 {
            lease.sent(id, start);
        }
        assert_eq!(lease.waiting.len(), Lease::MOST_WAITING);
        assert_eq!(lease.echoed(999), Some(start + MAX));
    }
}
