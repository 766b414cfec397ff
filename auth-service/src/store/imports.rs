//! Users who come from another system.

use std::collections::HashSet;

use authn::UserId;
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, TryInsertResult,
};
use service_runtime::deadline::Deadline;
use uuid::Uuid;

use super::{
    Store,
    entity::user_account::{ActiveModel, Column, Entity},
    events::{self, NewEvent},
    passwords::keep_schemes,
};
use crate::{
    contention::Tries,
    email::Email,
    error::Result,
    event::{EventType, Origin},
    stored_hash::StoredHash,
    user::DisplayName,
    users::PATIENCE,
};

/// A user with the password of another system.
pub(crate) struct NewUser {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) display_name: DisplayName,
    pub(crate) password_hash: StoredHash,
    pub(crate) create_time: DateTime<Utc>,
}

impl Store {
    /// Makes those users whose addresses are free, all in one transaction, and tells how many that were.
    pub(crate) async fn import_users(&self, users: &[NewUser], origin: &Origin, now: DateTime<Utc>) -> Result<usize> {
        let mut tries = Tries::until(Deadline::within(PATIENCE));
        loop {
            match self.try_to_import_users(users, origin, now).await {
                Err(error) => tries.pause_after(error).await?,
                done => return done,
            }
        }
    }

    async fn try_to_import_users(&self, users: &[NewUser], origin: &Origin, now: DateTime<Utc>) -> Result<usize> {
        let transaction = self.database.begin().await?;
        let made = insert(&transaction, users, now).await?;
        if made.is_empty() {
            transaction.rollback().await?;
            return Ok(0);
        }
        let event = |id: &Uuid| NewEvent::new(EventType::UserImported).of_user(UserId::from(*id));
        events::record_all(&transaction, made.iter().map(event), origin, now).await?;
        let new = users.iter().filter(|user| made.contains(&user.id.as_uuid()));
        keep_schemes(&transaction, new.map(|user| user.password_hash.scheme())).await?;
        transaction.commit().await?;
        Ok(made.len())
    }

    /// How many of the addresses are taken.
    pub(crate) async fn count_taken<'a>(&self, emails: impl Iterator<Item = &'a Email>) -> Result<usize> {
        let keys: Vec<String> = Entity::find()
            .filter(Column::EmailKey.is_in(emails.map(Email::key)))
            .select_only()
            .column(Column::EmailKey)
            .into_tuple()
            .all(self.database.reader())
            .await?;
        Ok(keys.len())
    }
}

/// The ids of the users who were made.
async fn insert(
    transaction: &DatabaseTransaction,
    users: &[NewUser],
    now: DateTime<Utc>,
) -> Result<HashSet<Uuid>, DbErr> {
    let row = |user: &NewUser| ActiveModel {
        id: Set(user.id.as_uuid()),
        email: Set(Some(user.email.address().to_owned())),
        email_key: Set(Some(user.email.key().to_owned())),
        display_name: Set(user.display_name.as_str().to_owned()),
        password_hash: Set(Some(user.password_hash.to_string())),
        create_time: Set(user.create_time),
        update_time: Set(now),
        last_login_time: Set(None),
        disable_time: Set(None),
    };
    let inserted = Entity::insert_many(users.iter().map(row))
        .on_conflict_do_nothing_on([Column::EmailKey])
        .exec_with_returning_keys(transaction)
        .await?;
    Ok(match inserted {
        TryInsertResult::Inserted(ids) => ids.into_iter().collect(),
        TryInsertResult::Empty | TryInsertResult::Conflicted => HashSet::new(),
    })
}
