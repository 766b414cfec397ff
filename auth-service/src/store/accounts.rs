//! Users and what they log in with.

use authn::UserId;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, DbErr, EntityTrait, SqlErr, sea_query::Expr};

use super::{
    NewSession, Store, attempts,
    entity::user_account::{self, Column, Entity},
    events::NewEvent,
    known_addresses,
    passwords::{self, Replacement},
    sessions,
};
use crate::{
    client::Call,
    email::Email,
    error::{Error, Result},
    event::EventType,
    limiter::{Address, Admitted},
    user::{DisplayName, User},
};

/// A user in the making.
pub(crate) struct NewAccount {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) display_name: DisplayName,
    pub(crate) password_hash: String,
}

impl Store {
    /// Makes a user and its first session, which may take the place of another one. The address that the user comes from is known from then on.
    pub(crate) async fn sign_up(
        &self,
        new: NewAccount,
        session: &NewSession,
        address: &Address,
        call: &Call,
    ) -> Result<User> {
        let now = session.create_time;
        let user = User {
            id: new.id,
            email: Some(new.email.address().to_owned()),
            display_name: new.display_name.as_str().to_owned(),
            create_time: now,
            update_time: now,
            last_login_time: Some(now),
        };
        let transaction = self.database.begin().await?;
        insert(&transaction, &new, &user).await?;
        let ended = sessions::begin(&transaction, user.id, session, call).await?;
        passwords::keep_scheme(&transaction, &new.password_hash).await?;
        known_addresses::remember(&transaction, address, now).await?;
        let event = NewEvent::new(EventType::SignedUp).of_user(user.id).in_session(session.id);
        event.record(&transaction, &call.origin, now).await?;
        self.commit_ended(transaction, &ended, call.deadline).await?;
        Ok(user)
    }

    /// Begins a session, which may take the place of another one, of a user whose password was right, as long as the hash that said so is still the user's, and
    /// the user is not disabled; `None` if not.
    pub(crate) async fn log_in(
        &self,
        user: UserId,
        hashes: Replacement<'_>,
        session: &NewSession,
        admitted: &Admitted,
        call: &Call,
    ) -> Result<Option<User>> {
        let now = session.create_time;
        let transaction = self.database.begin().await?;
        let update = hashes.update(user).col_expr(Column::LastLoginTime, Expr::value(now));
        let Some(row) = update.exec_with_returning(&transaction).await?.pop() else { return Ok(None) };
        let ended = sessions::begin(&transaction, user, session, call).await?;
        hashes.keep_scheme(&transaction).await?;
        attempts::forgive(&transaction, admitted, now).await?;
        let event = NewEvent::new(EventType::LoginSucceeded).of_user(user).in_session(session.id);
        event.record(&transaction, &call.origin, now).await?;
        self.commit_ended(transaction, &ended, call.deadline).await?;
        Ok(Some(row.into()))
    }

    /// A user.
    pub(crate) async fn user(&self, id: UserId) -> Result<Option<User>> {
        let rows = Entity::find_by_id(id.as_uuid()).all(self.database.reader()).await?;
        Ok(rows.into_iter().next().map(User::from))
    }
}

async fn insert(transaction: &DatabaseTransaction, new: &NewAccount, user: &User) -> Result<()> {
    let row = user_account::ActiveModel {
        id: Set(user.id.as_uuid()),
        email: Set(user.email.clone()),
        email_key: Set(Some(new.email.key().to_owned())),
        display_name: Set(user.display_name.clone()),
        password_hash: Set(Some(new.password_hash.clone())),
        create_time: Set(user.create_time),
        update_time: Set(user.update_time),
        last_login_time: Set(user.last_login_time),
        disable_time: Set(None),
    };
    Entity::insert(row).exec_without_returning(transaction).await.map(drop).map_err(taken_or)
}

/// Both databases name the column in their message, PostgreSQL as part of the constraint's name.
fn taken_or(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) if message.contains("email_key") => Error::EmailTaken,
        _ => error.into(),
    }
}

impl From<user_account::Model> for User {
    fn from(row: user_account::Model) -> Self {
        Self {
            id: row.id.into(),
            email: row.email,
            display_name: row.display_name,
            create_time: row.create_time,
            update_time: row.update_time,
            last_login_time: row.last_login_time,
        }
    }
}
