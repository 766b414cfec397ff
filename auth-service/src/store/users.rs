//! Users as administrators look after them.

use authn::UserId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LikeExpr},
};
use service_runtime::{clock::Clock, deadline::Deadline};

use super::{
    Store,
    entity::user_account::{Column, Entity, Model},
    events::NewEvent,
    identities, revocations, sessions,
};
use crate::{
    contention::Tries,
    email::Email,
    error::Result,
    event::{EventType, Origin},
    token::LEEWAY,
    users::{Account, Change, PATIENCE, UserName},
};

/// A token of another issuer may be of so long after the time at which its user is disabled and have been judged before:
/// clocks differ, and a transaction takes its time.
const LATENESS: TimeDelta = LEEWAY;

/// How many users are read at once.
const PAGE: u64 = 500;

/// Which users are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserFilter {
    /// Only those who are disabled.
    pub(crate) disabled: bool,
    /// Only those whose address contains it, in any case.
    pub(crate) email_contains: Option<String>,
}

impl Store {
    /// The user of that name.
    pub(crate) async fn account(&self, name: &UserName) -> Result<Option<Account>> {
        let condition = match name {
            UserName::Id(id) => Column::Id.eq(id.as_uuid()),
            UserName::Email(email) => Column::EmailKey.eq(email.key()),
        };
        let rows = Entity::find().filter(condition).all(self.database.reader()).await?;
        Ok(rows.into_iter().next().map(Account::from))
    }

    /// Some of the users that the filter lets through, by id, behind the one named.
    pub(crate) async fn accounts_after(&self, filter: &UserFilter, after: Option<UserId>) -> Result<Vec<Account>> {
        let mut select = Entity::find().order_by_asc(Column::Id).limit(PAGE);
        if let Some(after) = after {
            select = select.filter(Column::Id.gt(after.as_uuid()));
        }
        if filter.disabled {
            select = select.filter(Column::DisableTime.is_not_null());
        }
        if let Some(part) = &filter.email_contains {
            select = select.filter(Column::EmailKey.like(containing(part)));
        }
        let rows = select.all(self.database.reader()).await?;
        Ok(rows.into_iter().map(Account::from).collect())
    }

    /// Disables a user and ends every session, or enables one.
    pub(crate) async fn set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        origin: &Origin,
        clock: &Clock,
    ) -> Result<Change> {
        let mut tries = Tries::until(Deadline::within(PATIENCE));
        loop {
            match self.try_to_set_disabled(user, disabled, origin, clock.now()).await {
                Err(error) => tries.pause_after(error).await?,
                done => return done,
            }
        }
    }

    async fn try_to_set_disabled(
        &self,
        user: UserId,
        disabled: bool,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Change> {
        let (time, unchanged, event_type) = match disabled {
            true => (Some(now), Column::DisableTime.is_null(), EventType::UserDisabled),
            false => (None, Column::DisableTime.is_not_null(), EventType::UserEnabled),
        };
        let transaction = self.database.begin().await?;
        let updated = Entity::update_many()
            .col_expr(Column::DisableTime, Expr::value(time))
            .filter(Column::Id.eq(user.as_uuid()))
            .filter(unchanged)
            .exec(&transaction)
            .await?;
        if updated.rows_affected == 0 {
            transaction.rollback().await?;
            let known = self.user(user).await?.is_some();
            return Ok(if known { Change::MadeBefore } else { Change::NoSuchUser });
        }
        let mut ended = if disabled { sessions::end_all(&transaction, user, None, now).await? } else { Vec::new() };
        let sessions = ended.len();
        if disabled && identities::has_any(&transaction, user).await? {
            ended.push(revocations::record_user(&transaction, user, now + LATENESS, now).await?);
        }
        NewEvent::new(event_type).of_user(user).record(&transaction, origin, now).await?;
        transaction.commit().await?;
        self.revocations.committed(&ended);
        Ok(Change::Made(sessions))
    }
}

/// Every address that contains a text, which stands for itself throughout.
fn containing(text: &str) -> LikeExpr {
    let mut pattern = String::from("%");
    for character in Email::fold(text).chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}

impl From<Model> for Account {
    fn from(row: Model) -> Self {
        Self { disable_time: row.disable_time, email_key: row.email_key.clone(), user: row.into() }
    }
}
