//! The changes of one user take turns before they take a connection. Without that they would wait for the user's row,
//! each with a connection in its hand, until nobody else gets one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use authn::UserId;
use service_runtime::deadline::Deadline;
use tokio::{
    sync::{Mutex as FairMutex, OwnedMutexGuard},
    time::timeout_at,
};

use crate::error::Error;

/// Changes of one user that may wait, beside the one that is being made. One more is OVERLOADED.
const MAX_WAITING: usize = 512;

/// Who waits, by user. A user for whom nobody does has no line.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    lines: Arc<Mutex<HashMap<UserId, Line>>>,
    one_by_one: bool,
}

#[derive(Debug, Default)]
struct Line {
    places: usize,
    turn: Arc<FairMutex<()>>,
}

/// A turn, which ends when it is dropped.
#[derive(Debug)]
#[must_use = "a turn ends when it is dropped"]
pub(super) struct Turn {
    // Before the place: who finds no line must find nobody's turn either.
    _turn: Option<OwnedMutexGuard<()>>,
    _place: Place,
}

/// A place in a line. Whoever goes away gives it up.
#[derive(Debug)]
struct Place {
    turns: Turns,
    user: UserId,
}

impl Turns {
    /// One by one, in the order in which they come, where each holds a connection; else only counted, so that those can
    /// be committed together that wait.
    pub(super) fn new(one_by_one: bool) -> Self {
        Self { lines: Arc::default(), one_by_one }
    }

    /// Waits for a turn, no longer than until the deadline.
    pub(super) async fn take(&self, user: UserId, deadline: Deadline) -> Result<Turn, Error> {
        let (place, turn) = self.join(user)?;
        let turn = match self.one_by_one {
            true => Some(timeout_at(deadline.at(), turn.lock_owned()).await.map_err(|_late| Error::DeadlineExceeded)?),
            false => None,
        };
        Ok(Turn { _turn: turn, _place: place })
    }

    fn join(&self, user: UserId) -> Result<(Place, Arc<FairMutex<()>>), Error> {
        let mut lines = self.lines();
        let line = lines.entry(user).or_default();
        if line.places > MAX_WAITING {
            return Err(Error::Overloaded);
        }
        line.places += 1;
        Ok((Place { turns: self.clone(), user }, Arc::clone(&line.turn)))
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<UserId, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.turns.lines();
        if let Some(line) = lines.get_mut(&self.user) {
            line.places -= 1;
            if line.places == 0 {
                lines.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{spawn, task::yield_now};
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn soon() -> Deadline {
        Deadline::within(Duration::from_secs(10))
    }

    #[tokio::test]
    async fn one_users_changes_come_one_by_one_in_their_order() {
        let (turns, order) = (Turns::new(true), Arc::new(Mutex::new(Vec::new())));
        let first = turns.take(user(1), soon()).await.unwrap();
        let mut waiting = Vec::new();
        for number in 0..10 {
            let (turns, order) = (turns.clone(), Arc::clone(&order));
            waiting.push(spawn(async move {
                let _turn = turns.take(user(1), soon()).await.unwrap();
                order.lock().unwrap().push(number);
                yield_now().await;
                order.lock().unwrap().push(number);
            }));
            yield_now().await;
        }
        let neighbour = turns.take(user(2), soon()).await.unwrap();
        assert!(order.lock().unwrap().is_empty());
        drop(first);
        for waiting in waiting {
            waiting.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), (0..10).flat_map(|number| [number; 2]).collect::<Vec<_>>());
        drop(neighbour);
        assert!(turns.lines().is_empty());
    }

    #[tokio::test]
    async fn nobody_waits_beyond_the_deadline() {
        let turns = Turns::new(true);
        let first = turns.take(user(1), soon()).await.unwrap();
        let late = turns.take(user(1), Deadline::within(Duration::from_millis(20))).await;
        assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
        drop(first);
        assert!(turns.lines().is_empty());
        let _next = turns.take(user(1), Deadline::within(Duration::ZERO)).await.unwrap();
    }

    #[tokio::test]
    async fn a_line_has_an_end_and_whoever_goes_away_leaves_a_place() {
        for one_by_one in [true, false] {
            let turns = Turns::new(one_by_one);
            let mut waiting: Vec<_> = (0..=MAX_WAITING)
                .map(|_| {
                    let turns = turns.clone();
                    spawn(async move { (turns.take(user(1), soon()).await, std::future::pending::<()>().await) })
                })
                .collect();
            while turns.lines().get(&user(1)).is_none_or(|line| line.places <= MAX_WAITING) {
                yield_now().await;
            }
            let refused = turns.take(user(1), soon()).await;
            assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");
            turns.take(user(2), soon()).await.map(drop).unwrap();
            let gone = waiting.pop().unwrap();
            gone.abort();
            gone.await.unwrap_err();
            turns.join(user(1)).map(drop).unwrap();
            waiting.iter().for_each(|waiting| waiting.abort());
        }
    }
}
