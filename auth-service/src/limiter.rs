//! How often one client may try to sign up, and to show a password.

use chrono::TimeDelta;
use service_runtime::clock::Clock;

use crate::{
    client::Call,
    error::{Error, Result},
    settings::LimitSettings,
    store::{Admission, Store, Window},
};

/// The length of every window.
pub(crate) const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// What is attempted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attempt {
    SignUp,
    /// Login, and whatever else checks a password.
    Password,
}

/// Lets attempts in, or not.
#[derive(Debug)]
pub(crate) struct Limiter {
    store: Store,
    clock: Clock,
    settings: LimitSettings,
}

impl Limiter {
    pub(crate) fn new(store: Store, clock: Clock, settings: LimitSettings) -> Self {
        Self { store, clock, settings }
    }

    /// Counts an attempt, before anything else is done for it.
    ///
    /// # Errors
    /// `RateLimited` when there were too many; it is not counted then. When it cannot be counted, it is not let in.
    pub(crate) async fn admit(&self, attempt: Attempt, call: &Call) -> Result<()> {
        let (kind, limit) = match attempt {
            Attempt::SignUp => ("sign-up", self.settings.sign_up),
            Attempt::Password => ("password", self.settings.login),
        };
        let window = Window { kind, client: &call.client(), limit: limit.get(), length: WINDOW };
        match self.store.admit(window, &self.clock).await.map_err(Error::LimiterUnreadable)? {
            Admission::Admitted => Ok(()),
            Admission::Refused(wait) => Err(Error::RateLimited { retry_after: wait.to_std().unwrap_or_default() }),
        }
    }

    /// Forgets whom it need not remember, again and again. It never ends.
    pub(crate) async fn forget(&self) {
        let mut ticks = tokio::time::interval(WINDOW.to_std().unwrap_or_default());
        loop {
            ticks.tick().await;
            match self.store.purge_attempts(WINDOW, &self.clock).await {
                Ok(purged) => tracing::debug!(purged, "attempts purged"),
                Err(error) => tracing::warn!(%error, "attempts cannot be purged now"),
            }
        }
    }
}
