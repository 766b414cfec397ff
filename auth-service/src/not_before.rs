//! Times up to which the tokens of other issuers are refused, for one user or for everybody.

use authn::{Subject, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use service_runtime::clock::Clock;

use crate::{error::Result, event::Origin, store::Store, token::LONGEST_LIFETIME};

/// How far ahead such a time may lie: whoever sets one may see another clock than the issuer's.
pub(crate) const FURTHEST_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Sets such times. Of several the latest holds.
pub(crate) struct NotBefore {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl NotBefore {
    /// Refuses what other issuers gave a user up to a time. Tells whether any of them knows the user.
    pub(crate) async fn of_user(&self, user: UserId, time: DateTime<Utc>, origin: &Origin) -> Result<bool> {
        self.store.refuse_tokens_of_user(user, time, origin, self.clock.now()).await
    }

    /// Refuses what an issuer, by the name that callers are told, gave anybody up to a time.
    pub(crate) async fn of_issuer(&self, issuer: &str, time: DateTime<Utc>, origin: &Origin) -> Result<()> {
        let subject = Subject::Issuer { issuer: issuer.into(), not_before: time.into() };
        self.store.refuse_tokens(subject, time, origin, self.clock.now()).await
    }

    /// The time that is meant: now, if none is given.
    ///
    /// # Errors
    /// When it lies too far ahead, or so far back that no token is touched; in words.
    pub(crate) fn time(&self, given: Option<DateTime<Utc>>) -> Result<DateTime<Utc>, &'static str> {
        let now = self.clock.now();
        match given.unwrap_or(now) {
            time if time > now + FURTHEST_AHEAD => Err("it lies more than 5 minutes ahead"),
            time if time + LONGEST_LIFETIME <= now => Err("it lies 7 days back or more, and no token of then is good"),
            time => Ok(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use service_runtime::{
        database::Database,
        testing::{Engine, TestDatabase},
    };

    use super::*;
    use crate::revocations::Revocations;

    #[tokio::test]
    async fn a_time_is_near() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Clock::manual(now);
        let database = TestDatabase::create(Engine::Sqlite).await;
        let connected = Database::connect(&database.settings).await.unwrap();
        let store = Store::new(connected, Arc::new(Revocations::new(clock.clone())));
        let rules = NotBefore { store, clock };
        assert_eq!(rules.time(None), Ok(now));
        for (seconds, good) in
            [(0, true), (300, true), (301, false), (-7 * 24 * 3600 + 1, true), (-7 * 24 * 3600, false)]
        {
            let time = now + TimeDelta::seconds(seconds);
            assert_eq!(rules.time(Some(time)).is_ok(), good, "{seconds}");
        }
    }
}
