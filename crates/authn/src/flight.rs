//! One question for all who want to know the same.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::Future,
    sync::Arc,
};

use tokio::sync::watch;

use crate::{
    TokenKey,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Questions that are being asked, by the token that they are about. Each runs in a task of its own and outlives those
/// who wait for it: an answer is worth having, and calls that are given up count against the connection.
#[derive(Debug)]
pub(crate) struct Flights<T> {
    flying: Mutex<HashMap<TokenKey, watch::Receiver<Option<T>>>>,
    most: usize,
}

/// How somebody comes by an answer.
pub(crate) enum Boarding<T> {
    /// It is there already.
    Known(T),
    /// A question has been asked for it.
    Started(Waiting<T>),
    /// It has been asked for already.
    Joined(Waiting<T>),
    /// Too many questions are being asked.
    Full,
}

/// Waits for an answer.
pub(crate) struct Waiting<T>(watch::Receiver<Option<T>>);

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// At most so many questions at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { flying: Mutex::new(HashMap::new()), most }
    }

    /// Joins the question about a token, or asks it. `known` is looked at once more before one is asked: the answer to an
    /// earlier question may have come meanwhile.
    pub(crate) fn board<F>(
        self: &Arc<Self>,
        key: TokenKey,
        known: impl FnOnce() -> Option<T>,
        question: impl FnOnce() -> F,
    ) -> Boarding<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut flying = self.flying();
        let room = flying.len() < self.most;
        let place = match flying.entry(key) {
            Entry::Occupied(flight) => return Boarding::Joined(Waiting(flight.get().clone())),
            Entry::Vacant(place) => place,
        };
        if let Some(known) = known() {
            return Boarding::Known(known);
        }
        if !room {
            return Boarding::Full;
        }
        let (answer, waiting) = watch::channel(None);
        place.insert(waiting.clone());
        drop(flying);
        let landing = Landing { flights: Arc::clone(self), key };
        let question = question();
        tokio::spawn(async move {
            let landing = landing;
            answer.send_replace(Some(question.await));
            drop(landing);
        });
        Boarding::Started(Waiting(waiting))
    }

    fn flying(&self) -> MutexGuard<'_, HashMap<TokenKey, watch::Receiver<Option<T>>>> {
        self.flying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Waiting<T> {
    /// The answer; none if whoever asked came to grief.
    pub(crate) async fn answer(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

/// Makes room, also when the task panics or is ended.
struct Landing<T: Clone + Send + Sync + 'static> {
    flights: Arc<Flights<T>>,
    key: TokenKey,
}

impl<T: Clone + Send + Sync + 'static> Drop for Landing<T> {
    fn drop(&mut self) {
        self.flights.flying().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use tokio::{
        sync::Semaphore,
        task::JoinSet,
        time::{sleep, timeout},
    };

    use super::*;

    fn key(token: &str) -> TokenKey {
        TokenKey::of(token, "")
    }

    fn waiting<T>(boarding: Boarding<T>) -> Waiting<T> {
        match boarding {
            Boarding::Started(waiting) | Boarding::Joined(waiting) => waiting,
            Boarding::Known(_) | Boarding::Full => panic!("nothing to wait for"),
        }
    }

    #[tokio::test]
    async fn a_thousand_who_want_to_know_the_same_ask_once_even_if_most_of_them_leave() {
        let flights = Arc::new(Flights::new(8));
        let (asked, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let mut waiters = JoinSet::new();
        for number in 0..1000 {
            let (asked, gate) = (asked.clone(), gate.clone());
            let boarding = flights.board(key("token"), || None, || async move {
                asked.fetch_add(1, Ordering::SeqCst);
                let _open = gate.acquire().await.unwrap();
                42
            });
            assert_eq!(matches!(boarding, Boarding::Started(_)), number == 0);
            // The first one leaves too.
            let patience = Duration::from_millis(if number < 900 { 10 } else { 10_000 });
            waiters.spawn(timeout(patience, waiting(boarding).answer()));
        }
        sleep(Duration::from_millis(50)).await;
        gate.add_permits(1);
        let answers = waiters.join_all().await;
        assert_eq!(answers.iter().filter(|answer| **answer == Ok(Some(42))).count(), 100);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(flights.flying().is_empty());
    }

    #[tokio::test]
    async fn what_has_become_known_meanwhile_is_not_asked() {
        let flights = Arc::new(Flights::new(8));
        let boarding = flights.board(key("token"), || Some(1), || async { panic!("asked") });
        assert!(matches!(boarding, Boarding::Known(1)));
    }

    #[tokio::test]
    async fn questions_are_bounded_and_joining_one_takes_no_place() {
        let flights = Arc::new(Flights::<u8>::new(2));
        for token in ["a", "b"] {
            assert!(matches!(flights.board(key(token), || None, std::future::pending), Boarding::Started(_)));
        }
        assert!(matches!(flights.board(key("c"), || None, std::future::pending), Boarding::Full));
        assert!(matches!(flights.board(key("b"), || None, std::future::pending), Boarding::Joined(_)));
    }

    #[tokio::test]
    async fn a_question_that_came_to_grief_answers_nobody_and_leaves_its_place() {
        let flights = Arc::new(Flights::<u8>::new(1));
        let failed = flights.board(key("a"), || None, || async { panic!("grief") });
        assert_eq!(waiting(failed).answer().await, None);
        let again = flights.board(key("a"), || None, || async { 7 });
        assert_eq!(waiting(again).answer().await, Some(7));
    }
}
