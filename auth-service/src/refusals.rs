//! Which clients have to wait, in memory, so that a flood of their attempts costs the database nothing.
//!
//! A client's attempts are never taken back, so nothing can open its window before its time. What is refused here is
//! counted here too, and added to the trail from time to time. An account's window may open earlier, and is not
//! remembered.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::store::Kind;

/// How many clients are remembered. The attempts of further ones are judged by the database, one by one.
const MOST: usize = 10_000;

/// The clients that have to wait.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    shut: HashMap<(Kind, String), Shut>,
    /// How often each row of the trail has to be raised.
    untold: BTreeMap<Uuid, i64>,
}

/// The database said how long to wait at some time between question and answer.
#[derive(Debug)]
struct Shut {
    /// Counted from the question: until then the window is shut for certain.
    certainly_until: Duration,
    /// Counted from the answer: then it is open for certain.
    open_from: Duration,
    event: Uuid,
}

impl Refusals {
    /// Refuses and counts an attempt of a client that certainly has to wait, and tells for how long. `now` is a
    /// reading of the monotonic clock, as everywhere here.
    pub(crate) fn refuse(&self, kind: Kind, client: &str, now: Duration) -> Option<Duration> {
        let Memory { shut, untold } = &mut *self.memory();
        let shut = shut.get(&(kind, client.to_owned())).filter(|shut| now < shut.certainly_until)?;
        if untold.len() >= MOST && !untold.contains_key(&shut.event) {
            return None;
        }
        *untold.entry(shut.event).or_default() += 1;
        Some(shut.open_from - now)
    }

    /// Remembers a client that the database refused, until when it is shut for certain and from when it is open, and
    /// the row of the trail that tells of it.
    pub(crate) fn remember(
        &self,
        (kind, client): (Kind, &str),
        (certainly_until, open_from): (Duration, Duration),
        event: Uuid,
        now: Duration,
    ) {
        let shut = &mut self.memory().shut;
        if shut.len() >= MOST {
            shut.retain(|_, shut| now < shut.certainly_until);
        }
        if shut.len() < MOST {
            shut.insert((kind, client.to_owned()), Shut { certainly_until, open_from, event });
        }
    }

    /// What has to be added to the trail. Whoever need not wait any longer is forgotten.
    pub(crate) fn take(&self, now: Duration) -> BTreeMap<Uuid, i64> {
        let mut memory = self.memory();
        memory.shut.retain(|_, shut| now < shut.certainly_until);
        std::mem::take(&mut memory.untold)
    }

    /// Takes back what could not be added.
    pub(crate) fn give_back(&self, untold: BTreeMap<Uuid, i64>) {
        let mut memory = self.memory();
        for (event, count) in untold {
            *memory.untold.entry(event).or_default() += count;
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn shut_for(refusals: &Refusals, client: &str, seconds: u32) -> Uuid {
        let event = Uuid::new_v4();
        refusals.remember((Kind::Password, client), (SECOND * seconds, SECOND * (seconds + 1)), event, Duration::ZERO);
        event
    }

    fn refuse(refusals: &Refusals, client: &str, now: Duration) -> Option<Duration> {
        refusals.refuse(Kind::Password, client, now)
    }

    #[test]
    fn refuses_while_it_is_certain_and_says_when_it_certainly_opens() {
        let refusals = Refusals::default();
        assert_eq!(refuse(&refusals, "one", Duration::ZERO), None);
        shut_for(&refusals, "one", 60);
        assert_eq!(refuse(&refusals, "one", SECOND), Some(SECOND * 60));
        assert_eq!(
            refuse(&refusals, "one", SECOND * 60 - Duration::from_nanos(1)),
            Some(SECOND + Duration::from_nanos(1))
        );
        assert_eq!(refuse(&refusals, "one", SECOND * 60), None);
        assert_eq!(refuse(&refusals, "two", SECOND), None);
        assert_eq!(refusals.refuse(Kind::SignUp, "one", SECOND), None);
    }

    #[test]
    fn each_refusal_is_told_once_even_if_it_could_not_be_told_at_first() {
        let refusals = Refusals::default();
        let event = shut_for(&refusals, "one", 60);
        for _ in 0..3 {
            refuse(&refusals, "one", SECOND).unwrap();
        }
        let taken = refusals.take(SECOND);
        assert_eq!(taken, BTreeMap::from([(event, 3)]));
        refuse(&refusals, "one", SECOND).unwrap();
        refusals.give_back(taken);
        assert_eq!(refusals.take(SECOND * 90), BTreeMap::from([(event, 4)]), "the client has been forgotten meanwhile");
        assert!(refusals.take(SECOND).is_empty());
    }

    #[test]
    fn remembers_a_bounded_number_of_clients_and_rows() {
        let refusals = Refusals::default();
        for client in 0..MOST {
            shut_for(&refusals, &client.to_string(), 60);
            refuse(&refusals, &client.to_string(), SECOND).unwrap();
        }
        shut_for(&refusals, "one more", 60);
        assert_eq!(refuse(&refusals, "one more", SECOND), None, "the database judges it");
        assert_eq!(refusals.memory().shut.len(), MOST);
        // All of them open, and the rows have not been told.
        let event = Uuid::new_v4();
        refusals.remember((Kind::Password, "one more"), (SECOND * 90, SECOND * 90), event, SECOND * 61);
        assert_eq!(refusals.memory().shut.len(), 1);
        assert_eq!(refuse(&refusals, "one more", SECOND * 62), None, "its row cannot be remembered");
        assert_eq!(refusals.take(SECOND * 62).len(), MOST);
        assert_eq!(refuse(&refusals, "one more", SECOND * 62), Some(SECOND * 28));
    }
}
