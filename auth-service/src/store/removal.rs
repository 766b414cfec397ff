//! Deleting a user, and with the user all that tells of the person.

use authn::UserId;
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use service_runtime::deadline::Deadline;

use super::{
    Store, attempts,
    entity::{auth_event, user_account, user_deletion, user_deletion_counter},
    events::NewEvent,
    identities, revocations, sessions,
};
use crate::{
    contention::Tries,
    error::Result,
    event::{EventType, Origin, Source},
    identities::FormerNames,
    token::LONGEST_LIFETIME,
};

/// What has been found out about a user who is to be deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Checked<'a> {
    /// A password was checked against this hash.
    Password(&'a str),
    /// There is no password.
    NoPassword,
    /// Nothing.
    Nothing,
}

/// Who is to be deleted, at whose word.
pub(crate) struct Removal<'a> {
    pub(crate) user: UserId,
    /// What has been found out about the user: it must still be so.
    pub(crate) checked: Checked<'a>,
    /// How what is remembered of the user's identities is named.
    pub(crate) former: &'a FormerNames,
    /// Other issuers' tokens up to then make no new user.
    pub(crate) refuse_up_to: DateTime<Utc>,
    /// The account as the limits remember it.
    pub(crate) account: &'a str,
    pub(crate) origin: &'a Origin,
    pub(crate) deadline: Deadline,
}

impl Store {
    /// Deletes a user: the sessions end, what tells of the person is erased, and the id stays among the deletions for
    /// ever. Tells whether there was such a user.
    pub(crate) async fn delete_user(&self, removal: &Removal<'_>, now: DateTime<Utc>) -> Result<bool> {
        let mut tries = Tries::until(removal.deadline);
        loop {
            match self.try_to_delete_user(removal, now).await {
                Err(error) => tries.pause_after(error).await?,
                done => return done,
            }
        }
    }

    async fn try_to_delete_user(&self, removal: &Removal<'_>, now: DateTime<Utc>) -> Result<bool> {
        let transaction = self.database.begin().await?;
        // Under the lock no session begins.
        let mut locked = user_account::Entity::find_by_id(removal.user.as_uuid()).lock_exclusive();
        match removal.checked {
            Checked::Password(hash) => locked = locked.filter(user_account::Column::PasswordHash.eq(hash)),
            Checked::NoPassword => locked = locked.filter(user_account::Column::PasswordHash.is_null()),
            Checked::Nothing => {}
        }
        if locked.all(&transaction).await?.is_empty() {
            transaction.rollback().await?;
            return Ok(false);
        }
        let mut ended = sessions::end_all(&transaction, removal.user, None, now).await?;
        if identities::bury(&transaction, removal.user, removal.former, removal.refuse_up_to).await? {
            // Whatever its time: the user does not come back.
            let not_before = removal.refuse_up_to + LONGEST_LIFETIME;
            ended.push(revocations::record_user(&transaction, removal.user, not_before, now).await?);
        }
        // The rows of the sessions and identities go with it, by their foreign keys.
        user_account::Entity::delete_by_id(removal.user.as_uuid()).exec(&transaction).await?;
        erase_from_the_trail(&transaction, removal.user).await?;
        attempts::forget(&transaction, removal.account).await?;
        NewEvent::new(EventType::UserDeleted).of_user(removal.user).record(&transaction, removal.origin, now).await?;
        enlist(&transaction, removal.user, now).await?;
        self.commit_ended(transaction, &ended, removal.deadline).await?;
        Ok(true)
    }
}

/// What happened and when stays written; where the person was, with which software, and the call's id, which its caller
/// chose, do not. Of a command these tell nothing about the person.
async fn erase_from_the_trail(transaction: &DatabaseTransaction, user: UserId) -> Result<(), DbErr> {
    auth_event::Entity::update_many()
        .col_expr(auth_event::Column::IpAddress, Expr::value(""))
        .col_expr(auth_event::Column::UserAgent, Expr::value(""))
        .col_expr(auth_event::Column::RequestId, Expr::value(""))
        .filter(auth_event::Column::UserId.eq(user.as_uuid()))
        .filter(auth_event::Column::Source.eq(Source::Rpc.name()))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Gives the deletion its number. The counter stays locked until the commit, so this comes last.
async fn enlist(transaction: &DatabaseTransaction, user: UserId, now: DateTime<Utc>) -> Result<(), DbErr> {
    let counter = user_deletion_counter::Entity::update_many()
        .col_expr(
            user_deletion_counter::Column::LastNumber,
            Expr::col(user_deletion_counter::Column::LastNumber).add(1),
        )
        .exec_with_returning(transaction)
        .await?;
    let counter = counter.first().ok_or_else(|| DbErr::RecordNotFound("user_deletion_counter".to_owned()))?;
    let row = user_deletion::ActiveModel {
        number: Set(counter.last_number),
        user_id: Set(user.as_uuid()),
        delete_time: Set(now),
    };
    user_deletion::Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}
