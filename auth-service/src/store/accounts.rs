//! Users and what they log in with.

use authn::UserId;
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, SqlErr, sea_query::Expr,
};

use super::{
    NewSession, Store, commit,
    entity::user_account::{self, Column, Entity},
    events::{self, EventType},
    sessions,
};
use crate::{
    client::Call,
    email::Email,
    error::{Error, Result},
    user::{DisplayName, User},
};

/// A user in the making.
pub(crate) struct NewAccount {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) display_name: DisplayName,
    pub(crate) password_hash: String,
}

/// What is needed to check a password.
pub(crate) struct Credentials {
    pub(crate) user_id: UserId,
    pub(crate) password_hash: Option<String>,
}

impl Store {
    /// Makes a user and its first session.
    pub(crate) async fn sign_up(&self, new: NewAccount, session: &NewSession, call: &Call) -> Result<User> {
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
        sessions::insert(&transaction, user.id, session, call).await?;
        let ids = (Some(user.id), Some(session.id));
        events::record(&transaction, EventType::SignedUp, ids, call, now).await?;
        commit(transaction, call.deadline).await?;
        Ok(user)
    }

    /// What the owner of an address logs in with.
    pub(crate) async fn credentials(&self, email: &Email) -> Result<Option<Credentials>> {
        let rows = Entity::find().filter(Column::EmailKey.eq(email.key())).all(self.database.reader()).await?;
        let row = rows.into_iter().next();
        Ok(row.map(|row| Credentials { user_id: row.id.into(), password_hash: row.password_hash }))
    }

    /// Begins a session of a user whose password was right, as long as the hash that said so is still the user's;
    /// `None` if it is not. A `new_hash` takes its place.
    pub(crate) async fn log_in(
        &self,
        user: UserId,
        (checked_hash, new_hash): (&str, Option<String>),
        session: &NewSession,
        call: &Call,
    ) -> Result<Option<User>> {
        let now = session.create_time;
        let transaction = self.database.begin().await?;
        let mut update = Entity::update_many()
            .col_expr(Column::LastLoginTime, Expr::value(now))
            .filter(Column::Id.eq(user.as_uuid()))
            .filter(Column::PasswordHash.eq(checked_hash));
        if let Some(hash) = new_hash {
            update = update.col_expr(Column::PasswordHash, Expr::value(hash));
        }
        let Some(row) = update.exec_with_returning(&transaction).await?.pop() else { return Ok(None) };
        sessions::insert(&transaction, user, session, call).await?;
        let ids = (Some(user), Some(session.id));
        events::record(&transaction, EventType::LoginSucceeded, ids, call, now).await?;
        commit(transaction, call.deadline).await?;
        Ok(Some(row.into()))
    }

    /// Writes down that somebody showed a wrong password, or an address that nobody has.
    pub(crate) async fn record_refused_login(
        &self,
        user: Option<UserId>,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let transaction = self.database.begin().await?;
        events::record(&transaction, EventType::LoginFailed, (user, None), call, now).await?;
        commit(transaction, call.deadline).await
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
