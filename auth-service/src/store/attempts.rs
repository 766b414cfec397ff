//! Counting attempts: exact sliding windows that hold across replicas.
//!
//! Each key of a kind (a client, an account) has a row, which is locked while an attempt is judged, so that of many at
//! once each sees those before it; and a row for each attempt that still counts. What is judged is always the same: is
//! the attempt that lies a whole limit back, counted from the newest, still within the window? If it is, the next one
//! waits for it to leave, or, where the rule allows one now and then, for the interval since the newest to pass.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use service_runtime::clock::Clock;
use uuid::Uuid;

use super::{
    Store,
    entity::{attempt, attempt_window},
    known_addresses, refusals,
};
use crate::{
    error::{Error, Result},
    event::Origin,
    limiter::{Address, Admitted},
};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Attempts of a client to sign up.
    SignUp,
    /// Attempts of a client to show a password.
    Password,
    /// Attempts to show the password of an account, from wherever.
    Account,
    /// Attempts to show the password of an account from an address that the account has been logged in from.
    KnownAddress,
}

impl Kind {
    /// As it is kept.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::Password => "password",
            Self::Account => "account",
            Self::KnownAddress => "known-address",
        }
    }
}

/// How many attempts are let in: `limit` within any `length`; beyond those, one in each `interval`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) limit: u32,
    pub(crate) length: TimeDelta,
    pub(crate) interval: TimeDelta,
}

impl Rule {
    /// `limit` within any `length`, and none beyond those.
    pub(crate) fn at_most(limit: u32, length: TimeDelta) -> Self {
        // The newest attempt never leaves the window before the others.
        Self { limit, length, interval: length }
    }
}

/// Whose attempts of which kind are counted, and by which rule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) kind: Kind,
    pub(crate) key: &'a str,
    pub(crate) rule: Rule,
}

/// The account whose password is shown: `name` is its e-mail's key, or whatever was given in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a> {
    pub(crate) name: &'a str,
    pub(crate) address: &'a Address,
    pub(crate) rule: Rule,
    /// For how long after a success an address has an allowance of its own.
    pub(crate) address_lifetime: TimeDelta,
}

/// Which attempt was counted where. The time tells it from a later one that has the same number because its key had
/// been forgotten meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    kind: Kind,
    key: String,
    number: i64,
    time_micros: i64,
}

/// An attempt that is not let in, and has not been counted by the window that refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Whose window it is.
    pub(crate) kind: Kind,
    /// After this time the next one is let in.
    pub(crate) wait: TimeDelta,
    /// The row of the trail that tells of it.
    pub(crate) event: Uuid,
}

impl Store {
    /// Judges one attempt of a client, by the database's clock.
    pub(crate) async fn admit(
        &self,
        client: Window<'_>,
        origin: &Origin,
        clock: &Clock,
    ) -> Result<Result<(), Refused>> {
        let judged = async {
            let transaction = self.database.begin().await?;
            let judged = self.judge(&transaction, client, (None, origin), clock).await?;
            transaction.commit().await?;
            Ok(judged.map(drop))
        };
        judged.await.map_err(Error::LimiterUnreadable)
    }

    /// Judges one attempt to show a password: first for the client, then for the account. Where the account's window
    /// refuses, the client's has counted it.
    pub(crate) async fn admit_password(
        &self,
        client: Window<'_>,
        account: Account<'_>,
        origin: &Origin,
        clock: &Clock,
    ) -> Result<Result<Counted, Refused>> {
        let judged = async {
            let transaction = self.database.begin().await?;
            let mut judged = self.judge(&transaction, client, (None, origin), clock).await?;
            if let Ok(counted) = &judged {
                let window = account_window(&transaction, account, counted.time_micros).await?;
                judged = self.judge(&transaction, window, (Some(account.name), origin), clock).await?;
            }
            transaction.commit().await?;
            Ok(judged)
        };
        judged.await.map_err(Error::LimiterUnreadable)
    }

    /// Counts an attempt, or tells the trail that it is refused.
    async fn judge(
        &self,
        transaction: &DatabaseTransaction,
        window: Window<'_>,
        (account, origin): (Option<&str>, &Origin),
        clock: &Clock,
    ) -> Result<Result<Counted, Refused>, DbErr> {
        let row = lock(transaction, window).await?;
        // The time is taken under the lock: those who waited for it must not bring the time at which they came.
        let now = self.database.now(transaction, clock).await?;
        let wait = wait(transaction, window, &row, now).await?;
        if wait <= TimeDelta::zero() {
            return count(transaction, window, &row, now).await.map(Ok);
        }
        let event = refusals::tell(transaction, (&row, window.rule.length), account, origin, now).await?;
        Ok(Err(Refused { kind: window.kind, wait, event }))
    }
}

/// Where an attempt on an account is counted.
async fn account_window<'a>(
    transaction: &DatabaseTransaction,
    Account { address, rule, address_lifetime, .. }: Account<'a>,
    now_micros: i64,
) -> Result<Window<'a>, DbErr> {
    let oldest_micros = now_micros - address_lifetime.num_microseconds().unwrap_or(i64::MAX);
    let known = known_addresses::is_known(transaction, address, oldest_micros).await?;
    let (kind, key) = if known { (Kind::KnownAddress, &address.client) } else { (Kind::Account, &address.account) };
    Ok(Window { kind, key, rule })
}

/// Takes an attempt back, because its password turned out right, and remembers the address that it came from. Part of
/// the transaction of what the password was asked for.
pub(super) async fn forgive(
    transaction: &DatabaseTransaction,
    admitted: &Admitted,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let Counted { kind, key, number, time_micros } = &admitted.counted;
    attempt::Entity::delete_many()
        .filter(attempts_of(*kind, key))
        .filter(attempt::Column::Number.eq(*number))
        .filter(attempt::Column::TimeMicros.eq(*time_micros))
        .exec(transaction)
        .await?;
    known_addresses::remember(transaction, &admitted.address, now).await
}

/// Forgets an account: its attempts, and the addresses that it was logged in from with theirs.
pub(super) async fn forget(transaction: &DatabaseTransaction, account: &str) -> Result<(), DbErr> {
    let of = |kind: Kind, key: &str| {
        let kind = attempt_window::Column::Kind.eq(kind.name());
        Condition::all().add(kind).add(attempt_window::Column::Client.eq(key))
    };
    let mut windows = Condition::any().add(of(Kind::Account, account));
    for client in known_addresses::forget(transaction, account).await? {
        windows = windows.add(of(Kind::KnownAddress, &client));
    }
    // The attempts go with their windows.
    attempt_window::Entity::delete_many().filter(windows).exec(transaction).await.map(drop)
}

/// Locks the key's row, which is made if it is missing.
async fn lock(transaction: &DatabaseTransaction, window: Window<'_>) -> Result<attempt_window::Model, DbErr> {
    let row = attempt_window::ActiveModel {
        kind: Set(window.kind.name().to_owned()),
        client: Set(window.key.to_owned()),
        admitted: Set(0),
        newest_micros: Set(0),
        event_id: Set(None),
        event_micros: Set(None),
    };
    let take_the_lock = OnConflict::columns([attempt_window::Column::Kind, attempt_window::Column::Client])
        .update_column(attempt_window::Column::Kind)
        .to_owned();
    attempt_window::Entity::insert(row).on_conflict(take_the_lock).exec_with_returning(transaction).await
}

/// How long it is until the next attempt is let in; not more than nothing if it is let in now.
async fn wait(
    transaction: &DatabaseTransaction,
    window: Window<'_>,
    row: &attempt_window::Model,
    now: DateTime<Utc>,
) -> Result<TimeDelta, DbErr> {
    let Rule { limit, length, interval } = window.rule;
    if row.admitted < i64::from(limit) {
        return Ok(TimeDelta::zero());
    }
    attempt::Entity::delete_many()
        .filter(attempts_of(window.kind, window.key))
        .filter(attempt::Column::TimeMicros.lte((now - length).timestamp_micros()))
        .exec(transaction)
        .await?;
    let Some(decisive) = time_of(transaction, window, u64::from(limit) - 1).await? else {
        return Ok(TimeDelta::zero());
    };
    let newest = time_of(transaction, window, 0).await?.unwrap_or(decisive);
    let since = |micros| TimeDelta::microseconds(now.timestamp_micros() - micros);
    Ok((length - since(decisive)).min(interval - since(newest)))
}

/// The time of the attempt that has so many newer ones, in microseconds since 1970.
async fn time_of(transaction: &DatabaseTransaction, window: Window<'_>, newer: u64) -> Result<Option<i64>, DbErr> {
    let found: Vec<i64> = attempt::Entity::find()
        .filter(attempts_of(window.kind, window.key))
        .order_by_desc(attempt::Column::Number)
        .limit(1)
        .offset(newer)
        .select_only()
        .column(attempt::Column::TimeMicros)
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(found.first().copied())
}

async fn count(
    transaction: &DatabaseTransaction,
    window: Window<'_>,
    row: &attempt_window::Model,
    now: DateTime<Utc>,
) -> Result<Counted, DbErr> {
    let Window { kind, key, .. } = window;
    let counted = Counted { kind, key: key.to_owned(), number: row.admitted, time_micros: now.timestamp_micros() };
    let attempt = attempt::ActiveModel {
        kind: Set(kind.name().to_owned()),
        client: Set(key.to_owned()),
        number: Set(counted.number),
        time_micros: Set(counted.time_micros),
    };
    attempt::Entity::insert(attempt).exec_without_returning(transaction).await?;
    attempt_window::Entity::update_many()
        .col_expr(attempt_window::Column::Admitted, Expr::value(row.admitted + 1))
        .col_expr(attempt_window::Column::NewestMicros, Expr::value(counted.time_micros))
        .filter(attempt_window::Column::Kind.eq(kind.name()))
        .filter(attempt_window::Column::Client.eq(key))
        .exec(transaction)
        .await?;
    Ok(counted)
}

fn attempts_of(kind: Kind, key: &str) -> Condition {
    Condition::all().add(attempt::Column::Kind.eq(kind.name())).add(attempt::Column::Client.eq(key))
}

#[cfg(test)]
mod tests;
