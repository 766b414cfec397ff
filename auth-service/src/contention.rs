//! What a call does when another one is in its way: it lets go of everything, pauses, and looks again.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use authn::SessionId;
use aws_lc_rs::rand;
use service_runtime::{database::is_conflict, deadline::Deadline};

use crate::error::{Error, Result};

/// The first pause is shorter than this, and each one up to twice as long as the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
const LONGEST_PAUSE: Duration = Duration::from_millis(256);

/// The pauses between the tries of one call.
#[derive(Debug)]
pub(crate) struct Tries {
    deadline: Deadline,
    bound: Duration,
}

impl Tries {
    /// As many as there is time for.
    pub(crate) fn until(deadline: Deadline) -> Self {
        Self { deadline, bound: FIRST_PAUSE }
    }

    /// Waits a little, each call for a time of its own, so that those that met do not meet again.
    ///
    /// # Errors
    /// When the caller would not wait any longer.
    pub(crate) async fn pause(&mut self) -> Result<()> {
        let pause = self.next_pause();
        if self.deadline.remaining() <= pause {
            return Err(Error::DeadlineExceeded);
        }
        // Real time even in a test that has its own: what is waited for is real.
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Waits a little after a transaction that another one stood in the way of.
    ///
    /// # Errors
    /// Any other error, as it is; and as [`pause`](Self::pause).
    pub(crate) async fn pause_after(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Database(cause) if is_conflict(&cause) => self.pause().await,
            other => Err(other),
        }
    }

    fn next_pause(&mut self) -> Duration {
        let mut byte = [u8::MAX];
        // Without randomness the pause is the longest; the call goes on.
        rand::fill(&mut byte).unwrap_or_default();
        let pause = self.bound * (u32::from(byte[0]) + 1) / 256;
        self.bound = (self.bound * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// The sessions that calls to this replica are changing. Many may want to change one at once: all but one would go to
/// the database with a write that has no effect.
#[derive(Debug, Default)]
pub(crate) struct Changing(Mutex<HashSet<SessionId>>);

impl Changing {
    /// Takes a session in hand; nothing, if another call has it.
    pub(crate) fn take(&self, session: SessionId) -> Option<InHand<'_>> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(session);
        taken.then_some(InHand { of: self, session })
    }
}

/// A session in the hand of one call, until this is dropped.
#[derive(Debug)]
pub(crate) struct InHand<'a> {
    of: &'a Changing,
    session: SessionId,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_in_one_hand_at_a_time() {
        let changing = Changing::default();
        let [one, other] = [1, 2].map(|number| SessionId::from(uuid::Uuid::from_u128(number)));
        let hand = changing.take(one).unwrap();
        assert!(changing.take(one).is_none() && changing.take(other).is_some());
        drop(hand);
        assert!(changing.take(one).is_some());
    }

    #[test]
    fn pauses_grow_to_a_bound_and_are_never_nothing() {
        let mut tries = Tries::until(Deadline::within(Duration::ZERO));
        for bound in [4, 8, 16, 32, 64, 128, 256, 256, 256] {
            let pause = tries.next_pause();
            assert!(!pause.is_zero() && pause <= Duration::from_millis(bound), "{pause:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_beyond_the_deadline() {
        let patience = Duration::from_millis(100);
        let mut tries = Tries::until(Deadline::within(patience));
        let start = tokio::time::Instant::now();
        let end = loop {
            if let Err(error) = tries.pause().await {
                break error;
            }
        };
        assert!(matches!(end, Error::DeadlineExceeded), "{end:?}");
        assert!(start.elapsed() < patience);
    }
}
