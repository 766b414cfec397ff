//! How many requests one user may make in a second, at this replica.
//!
//! A bucket for each user, kept as the generic cell rate algorithm does: as the one point in time up to which the
//! user's requests are paid for. Each request moves it on by an interval, and it may be a second ahead of now: so many
//! requests may come at once, and then one in each interval. Whose point has passed is as good as new and is forgotten.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use authn::UserId;
use chrono::DateTime;
use service_runtime::clock::{Clock, Stopwatch};

use crate::error::Error;

/// How many users are remembered: some megabytes. It takes as many in one second to reach it.
const MOST_USERS: usize = 100_000;

/// How often users are forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// The limit, and who is how near to it.
#[derive(Debug)]
pub struct RequestLimit {
    limit: u32,
    interval: Duration,
    users: Mutex<Users>,
    clock: Clock,
    begun: Stopwatch,
}

#[derive(Debug, Default)]
struct Users {
    /// Up to when each one's requests are paid for.
    paid: HashMap<UserId, Duration>,
    next_sweep: Duration,
}

impl RequestLimit {
    /// Lets in so many requests a second, 1 at least and 1,000,000 at most.
    #[must_use]
    pub fn new(limit: u32, clock: Clock) -> Self {
        let interval = Duration::from_secs(1) / limit;
        let begun = clock.stopwatch();
        Self { limit, interval, users: Mutex::default(), clock, begun }
    }

    /// Counts a request of this user.
    ///
    /// # Errors
    /// `RateLimited` when it is one too many, which counts for nothing; `Overloaded` when so many users ask in one
    /// second that this one's requests could not be counted.
    pub fn admit(&self, user: UserId) -> Result<(), Error> {
        self.admit_at(user, self.now())
    }

    fn admit_at(&self, user: UserId, now: Duration) -> Result<(), Error> {
        let users = &mut *self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= users.next_sweep {
            users.paid.retain(|_, paid| *paid > now);
            users.next_sweep = now + SWEEP_INTERVAL;
        }
        if users.paid.len() >= MOST_USERS && !users.paid.contains_key(&user) {
            return Err(Error::Overloaded);
        }
        let paid = users.paid.entry(user).or_default();
        let next = now.max(*paid) + self.interval;
        let latest = now + self.interval * self.limit;
        if next > latest {
            return Err(Error::RateLimited { limit: self.limit, wait: next - latest });
        }
        *paid = next;
        Ok(())
    }

    /// A time that never goes back. A manual clock's is its own.
    fn now(&self) -> Duration {
        if self.clock.is_system() {
            return self.begun.elapsed();
        }
        (self.clock.now() - DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const START: Duration = Duration::from_secs(7);

    fn limit(limit: u32) -> RequestLimit {
        RequestLimit::new(limit, Clock::manual(DateTime::UNIX_EPOCH))
    }

    fn user(number: usize) -> UserId {
        Uuid::from_u128(number as u128).into()
    }

    fn wait(limit: &RequestLimit, now: Duration) -> Option<Duration> {
        match limit.admit_at(user(1), now) {
            Ok(()) => None,
            Err(Error::RateLimited { wait, .. }) => Some(wait),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_second_of_requests_comes_at_once_and_then_one_in_each_interval() {
        for (requests, interval) in [(1, 1_000_000_000), (3, 333_333_333), (5_000, 200_000), (999_999, 1_000)] {
            let (limit, interval) = (limit(requests), Duration::from_nanos(interval));
            assert!((0..requests).all(|_| wait(&limit, START).is_none()), "{requests}");
            assert_eq!(wait(&limit, START), Some(interval), "{requests}");
            assert_eq!(wait(&limit, START + interval / 4), Some(interval - interval / 4), "a refusal costs nothing");
            let too_early = START + interval - Duration::from_nanos(1);
            assert_eq!(wait(&limit, too_early), Some(Duration::from_nanos(1)));
            assert_eq!(wait(&limit, START + interval), None);
            assert_eq!(wait(&limit, START + interval), Some(interval));
        }
    }

    #[test]
    fn idle_time_is_not_saved_up_beyond_a_second() {
        let limit = limit(3);
        assert_eq!(wait(&limit, START), None);
        let later = START + Duration::from_secs(3600);
        assert!((0..3).all(|_| wait(&limit, later).is_none()));
        assert!(wait(&limit, later).is_some());
    }

    #[test]
    fn idle_users_are_forgotten_and_others_are_not() {
        let limit = limit(2);
        limit.admit_at(user(2), START).unwrap();
        let later = START + SWEEP_INTERVAL;
        assert!((0..2).all(|_| wait(&limit, later - Duration::from_nanos(1)).is_none()));
        assert!(wait(&limit, later).is_some(), "sweeping lets nobody in before its time");
        let users = limit.users.lock().unwrap();
        assert_eq!(users.paid.keys().copied().collect::<Vec<_>>(), [user(1)]);
    }

    #[test]
    fn a_user_too_many_is_refused_until_others_are_idle() {
        let limit = limit(2);
        (0..MOST_USERS).for_each(|number| limit.admit_at(user(number), START).unwrap());
        assert!(matches!(limit.admit_at(user(MOST_USERS), START), Err(Error::Overloaded)));
        limit.admit_at(user(1), START).unwrap();
        limit.admit_at(user(MOST_USERS), START + SWEEP_INTERVAL).unwrap();
    }
}
