//! How often one client may try to sign up or to show a password, and how often anybody may show a wrong one.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};
use service_runtime::{clock::Clock, sealed::HashingKey};

use crate::{
    client::Call,
    error::{Error, Result},
    refusals::Refusals,
    settings::LimitSettings,
    store::{Account, Counted, Kind, Refused, Rule, Store, Window},
};

/// The length of every client's window.
pub(crate) const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// An account and an address that somebody tries it from, as keyed hashes. The address's tells nothing of other
/// accounts that are tried from it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) account: String,
    pub(crate) client: String,
}

/// Hides accounts and addresses: what is remembered of them names nobody to whoever lacks the key.
#[derive(Clone, Debug)]
pub(crate) struct Names(HashingKey);

impl Names {
    /// Under this installation's key.
    pub(crate) fn new(key: HashingKey) -> Self {
        Self(key)
    }

    /// What is remembered of an account: `account` is an e-mail's key, or whatever was given in its place.
    pub(crate) fn account(&self, account: &str) -> String {
        self.hide(&format!("account {account}"))
    }

    fn hide(&self, data: &str) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.hash(data.as_bytes()))
    }
}

/// An attempt to show a password that was let in, and counts against the account until it is forgiven because the
/// password turned out right.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) address: Address,
    pub(crate) counted: Counted,
}

/// Lets attempts in, or not.
#[derive(Debug)]
pub(crate) struct Limiter {
    store: Store,
    clock: Clock,
    settings: LimitSettings,
    names: Names,
    refusals: Refusals,
    begun: Instant,
}

impl Limiter {
    /// `names` hides the accounts and addresses that are remembered.
    pub(crate) fn new(store: Store, clock: Clock, settings: LimitSettings, names: Names) -> Self {
        Self { store, clock, settings, names, refusals: Refusals::default(), begun: Instant::now() }
    }

    /// Counts an attempt to sign up, before anything else is done for it.
    ///
    /// # Errors
    /// `RateLimited` when there were too many; it is not counted then. When it cannot be counted, it is not let in.
    pub(crate) async fn admit_sign_up(&self, call: &Call) -> Result<()> {
        let client = call.client();
        let window = client_window(Kind::SignUp, &client, self.settings.sign_up);
        self.judge(window, self.store.admit(window, &call.origin, &self.clock)).await
    }

    /// Counts an attempt to show the password of an account, before anything else is done for it: for the client and,
    /// whether there is such an account or not, for the account. `account` is an e-mail's key, or whatever was given in
    /// its place.
    ///
    /// # Errors
    /// As [`admit_sign_up`](Self::admit_sign_up). Where the account refuses, the client's attempt has been counted.
    pub(crate) async fn admit_password(&self, account: &str, call: &Call) -> Result<Admitted> {
        let client = call.client();
        let window = client_window(Kind::Password, &client, self.settings.login);
        let address = self.address(account, call);
        let tried = Account {
            name: account,
            address: &address,
            rule: self.account_rule(),
            address_lifetime: span(self.settings.known_address_lifetime),
        };
        let judging = self.store.admit_password(window, tried, &call.origin, &self.clock);
        let counted = self.judge(window, judging).await?;
        Ok(Admitted { address, counted })
    }

    /// What is remembered of an account that logs in from where the call comes from.
    pub(crate) fn address(&self, account: &str, call: &Call) -> Address {
        let account = self.names.account(account);
        let client = self.names.hide(&format!("address {account} {}", call.client()));
        Address { account, client }
    }

    /// Adds what was refused from memory to the trail. What cannot be added now is kept for the next time.
    pub(crate) async fn tell_refusals(&self) -> Result<()> {
        let untold = self.refusals.take(self.reading());
        if untold.is_empty() {
            return Ok(());
        }
        let told = self.store.raise_counts(&untold).await;
        if told.is_err() {
            self.refusals.give_back(untold);
        }
        told
    }

    fn account_rule(&self) -> Rule {
        Rule {
            limit: self.settings.account_failures.get(),
            length: span(self.settings.account_failure_window),
            interval: span(self.settings.account_retry_interval),
        }
    }

    /// A time that never goes back. A manual clock's is its own.
    fn reading(&self) -> Duration {
        if self.clock.is_system() {
            return self.begun.elapsed();
        }
        (self.clock.now() - DateTime::UNIX_EPOCH).to_std().unwrap_or_default()
    }

    /// Refuses from memory what the client's window cannot let in yet; otherwise asks the database.
    async fn judge<T>(
        &self,
        client: Window<'_>,
        judging: impl Future<Output = Result<Result<T, Refused>>>,
    ) -> Result<T> {
        let asked = self.reading();
        if let Some(retry_after) = self.refusals.refuse(client.kind, client.key, asked) {
            return Err(Error::RateLimited { retry_after });
        }
        match judging.await? {
            Ok(admitted) => Ok(admitted),
            Err(refused) => {
                let retry_after = refused.wait.to_std().unwrap_or_default();
                if refused.kind == client.kind {
                    let answered = self.reading();
                    let opens = (asked + retry_after, answered + retry_after);
                    self.refusals.remember((client.kind, client.key), opens, refused.event, answered);
                }
                Err(Error::RateLimited { retry_after })
            }
        }
    }
}

/// As the database counts it. The settings have no length that is too long for that.
fn span(length: Duration) -> TimeDelta {
    TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX)
}

fn client_window(kind: Kind, client: &str, limit: NonZeroU32) -> Window<'_> {
    Window { kind, key: client, rule: Rule::at_most(limit.get(), WINDOW) }
}
