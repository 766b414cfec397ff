//! Password hashes: whose they are, of which schemes, and how one takes the place of another.

use std::collections::BTreeSet;

use authn::{Caller, SessionId, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, Select, UpdateMany,
    sea_query::{Expr, LockType},
};
use uuid::Uuid;

use super::{
    Store, attempts, commit,
    entity::{
        hash_scheme,
        user_account::{Column, Entity},
    },
    events::NewEvent,
    sessions,
};
use crate::{
    client::Call, email::Email, error::Result, event::EventType, hash_scheme::Scheme, limiter::Admitted,
    stored_hash::StoredHash, user::User,
};

/// What is needed to check a password.
pub(crate) struct Credentials {
    pub(crate) user: User,
    pub(crate) email_key: Option<String>,
    pub(crate) password_hash: Option<String>,
    pub(crate) disabled: bool,
}

/// The hash of the password that was shown and is right, and the one that takes its place.
#[derive(Clone, Copy)]
pub(crate) struct Replacement<'a> {
    pub(crate) checked: &'a str,
    pub(crate) new: Option<&'a str>,
}

/// The user, unless it has been deleted meanwhile: what is erased then must not be written again. It is not deleted
/// before the transaction ends. Nobody is looked for like somebody.
async fn still_there(transaction: &DatabaseTransaction, user: Option<UserId>) -> Result<Option<UserId>, DbErr> {
    let id = user.map_or(Uuid::nil(), UserId::as_uuid);
    let found: Vec<Uuid> = Entity::find_by_id(id)
        .select_only()
        .column(Column::Id)
        .lock(LockType::KeyShare)
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(found.first().copied().map(UserId::from))
}

impl Store {
    /// What the owner of an address logs in with.
    pub(crate) async fn credentials(&self, email: &Email) -> Result<Option<Credentials>> {
        self.find_credentials(Entity::find().filter(Column::EmailKey.eq(email.key()))).await
    }

    /// What a user logs in with.
    pub(crate) async fn credentials_of(&self, user: UserId) -> Result<Option<Credentials>> {
        self.find_credentials(Entity::find_by_id(user.as_uuid())).await
    }

    async fn find_credentials(&self, wanted: Select<Entity>) -> Result<Option<Credentials>> {
        let row = wanted.all(self.database.reader()).await?.into_iter().next();
        Ok(row.map(|row| Credentials {
            email_key: row.email_key.clone(),
            password_hash: row.password_hash.clone(),
            disabled: row.disable_time.is_some(),
            user: row.into(),
        }))
    }

    /// The schemes of all password hashes that have been kept.
    pub(crate) async fn hash_schemes(&self) -> Result<Vec<Scheme>> {
        let rows = hash_scheme::Entity::find().all(self.database.reader()).await?;
        // One that a later version has written says nothing to this one, which cannot check such a hash either.
        Ok(rows.into_iter().filter_map(|row| row.scheme.parse().ok()).collect())
    }

    /// Writes down that somebody showed a wrong password, an address that nobody has, or the right password of a user
    /// who is disabled.
    pub(crate) async fn record_refused_login(
        &self,
        user: Option<UserId>,
        session: Option<SessionId>,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let transaction = self.database.begin().await?;
        let user = still_there(&transaction, user).await?;
        let event = NewEvent::new(EventType::LoginFailed).of_user(user).in_session(session);
        event.record(&transaction, &call.origin, now).await?;
        commit(transaction, call.deadline).await
    }

    /// Gives the caller another password, as long as the hash that was checked is still the caller's; tells whether it
    /// was. Ends the caller's other sessions if asked to.
    pub(crate) async fn change_password(
        &self,
        caller: &Caller,
        hashes: Replacement<'_>,
        end_others: bool,
        admitted: &Admitted,
        (call, now): (&Call, DateTime<Utc>),
    ) -> Result<bool> {
        let user = caller.user_id;
        let transaction = self.database.begin().await?;
        if hashes.update(user).exec(&transaction).await?.rows_affected == 0 {
            return Ok(false);
        }
        let ended = match end_others {
            true => sessions::end_all(&transaction, user, caller.session_id, now).await?,
            false => Vec::new(),
        };
        hashes.keep_scheme(&transaction).await?;
        attempts::forgive(&transaction, admitted, now).await?;
        let event = |event_type| NewEvent::new(event_type).of_user(user).in_session(caller.session_id);
        event(EventType::PasswordChanged).record(&transaction, &call.origin, now).await?;
        if !ended.is_empty() {
            let revoked = NewEvent::new(EventType::SessionRevoked).of_user(user);
            revoked.times(sessions::count(&ended)).record(&transaction, &call.origin, now).await?;
        }
        self.commit_ended(transaction, &ended, call.deadline).await?;
        Ok(true)
    }
}

impl Replacement<'_> {
    /// The change of a user who is not disabled and still has the hash that was checked.
    pub(super) fn update(self, user: UserId) -> UpdateMany<Entity> {
        let update = Entity::update_many()
            .filter(Column::Id.eq(user.as_uuid()))
            .filter(Column::PasswordHash.eq(self.checked))
            .filter(Column::DisableTime.is_null());
        let hash = self.new.unwrap_or(self.checked);
        update.col_expr(Column::PasswordHash, Expr::value(hash))
    }

    /// Writes down the scheme of the new hash, if there is one.
    pub(super) async fn keep_scheme(self, transaction: &DatabaseTransaction) -> Result<()> {
        match self.new {
            Some(hash) => keep_scheme(transaction, hash).await,
            None => Ok(()),
        }
    }
}

/// Writes down the scheme of a hash. Part of each transaction that writes the hash, so that the answers to all who show
/// a password take as long as one about this hash.
pub(super) async fn keep_scheme(transaction: &DatabaseTransaction, hash: &str) -> Result<()> {
    let hash = StoredHash::parse(hash).map_err(crate::error::Error::internal)?;
    Ok(keep_schemes(transaction, [hash.scheme()]).await?)
}

/// As [`keep_scheme`], of many hashes.
pub(super) async fn keep_schemes(
    transaction: &DatabaseTransaction,
    schemes: impl IntoIterator<Item = Scheme>,
) -> Result<(), DbErr> {
    // In one order, so that of two transactions none waits for the other.
    let schemes: BTreeSet<Scheme> = schemes.into_iter().collect();
    let rows = schemes.iter().map(|scheme| hash_scheme::ActiveModel { scheme: Set(scheme.to_string()) });
    hash_scheme::Entity::insert_many(rows).on_conflict_do_nothing().exec_without_returning(transaction).await.map(drop)
}
