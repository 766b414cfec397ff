//! Whom other issuers know, and who that is here.

use authn::{Subject, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, TryInsertResult,
    sea_query::{Expr, OnConflict},
};

use super::{
    Store,
    entity::{
        former_identity,
        identity::{ActiveModel, Column, Entity},
        user_account,
    },
    events::NewEvent,
    revocations,
};
use crate::{
    error::Result,
    event::{EventType, Origin},
    identifier::new_id,
    identities::{FormerName, FormerNames},
    issuers::{Identity, Person},
};

/// Who an identity is here.
pub(crate) struct KnownIdentity {
    pub(crate) user_id: UserId,
    /// Whether an administrator has disabled the user.
    pub(crate) disabled: bool,
    /// Up to when tokens were the former user's who had this identity.
    pub(crate) not_before: Option<DateTime<Utc>>,
}

/// What became of the first sight of a person.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FirstSight {
    /// The person has become this user.
    Made(UserId),
    /// Another call was quicker: look again.
    Raced,
    /// The token is of a time before the person's user was deleted.
    Deleted,
}

impl Store {
    /// The user whose identity it is.
    pub(crate) async fn identity(&self, identity: &Identity) -> Result<Option<KnownIdentity>> {
        // By the whole primary key, so without a LIMIT, which would make SQLite prepare the statement anew each time.
        let rows = Entity::find_by_id((identity.source.clone(), identity.subject.clone()))
            .find_also_related(user_account::Entity)
            .all(self.database.reader())
            .await?;
        let found = rows.into_iter().next();
        Ok(found.map(|(identity, user)| KnownIdentity {
            user_id: identity.user_id.into(),
            disabled: user.is_none_or(|user| user.disable_time.is_some()),
            not_before: identity.not_before,
        }))
    }

    /// Makes a user of a person who has shown a token of a time, unless that was before the person's former user was
    /// deleted.
    pub(crate) async fn link(
        &self,
        person: &Person,
        former: &FormerName,
        issue_time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<FirstSight> {
        let transaction = self.database.begin().await?;
        let user = UserId::from(new_id(now));
        insert_user(&transaction, user, person, now).await?;
        if !insert(&transaction, person, user, now).await? {
            transaction.rollback().await?;
            return Ok(FirstSight::Raced);
        }
        // Only now: whoever has just deleted the identity has been waited for.
        if let Some(deleted) = deletion(&transaction, former).await? {
            if issue_time <= deleted {
                transaction.rollback().await?;
                return Ok(FirstSight::Deleted);
            }
            refuse_up_to(&transaction, user, deleted).await?;
        }
        let event = NewEvent::new(EventType::IdentityLinked).of_user(user);
        event.record(&transaction, &Origin::issuer(&person.issuer), now).await?;
        transaction.commit().await?;
        Ok(FirstSight::Made(user))
    }
}

/// Tells whether the identity was nobody's.
async fn insert(
    transaction: &DatabaseTransaction,
    person: &Person,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let row = ActiveModel {
        source: Set(person.identity.source.clone()),
        subject: Set(person.identity.subject.clone()),
        user_id: Set(user.as_uuid()),
        create_time: Set(now),
        not_before: Set(None),
    };
    let insert = Entity::insert(row).on_conflict_do_nothing_on([Column::Source, Column::Subject]);
    Ok(matches!(insert.exec_without_returning(transaction).await?, TryInsertResult::Inserted(1)))
}

async fn deletion(transaction: &DatabaseTransaction, former: &FormerName) -> Result<Option<DateTime<Utc>>, DbErr> {
    let rows = former_identity::Entity::find_by_id(former.as_str()).all(transaction).await?;
    Ok(rows.first().map(|row| row.delete_time))
}

async fn refuse_up_to(transaction: &DatabaseTransaction, user: UserId, time: DateTime<Utc>) -> Result<(), DbErr> {
    let update = Entity::update_many().col_expr(Column::NotBefore, Expr::value(time));
    update.filter(Column::UserId.eq(user.as_uuid())).exec(transaction).await.map(drop)
}

impl Store {
    /// Refuses what other issuers gave a user up to a time. Tells whether any of them knows the user.
    pub(crate) async fn refuse_tokens_of_user(
        &self,
        user_id: UserId,
        not_before: DateTime<Utc>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let known = Entity::find().filter(Column::UserId.eq(user_id.as_uuid())).all(self.database.reader()).await?;
        if known.is_empty() {
            return Ok(false);
        }
        let subject = Subject::User { user_id, not_before: not_before.into() };
        self.refuse_tokens(subject, not_before, origin, now).await?;
        Ok(true)
    }

    /// Refuses tokens of other issuers up to a time.
    pub(crate) async fn refuse_tokens(
        &self,
        subject: Subject,
        not_before: DateTime<Utc>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let user = match &subject {
            Subject::User { user_id, .. } => Some(*user_id),
            _ => None,
        };
        let transaction = self.database.begin().await?;
        let revocation = revocations::record_rule(&transaction, subject, not_before, now).await?;
        NewEvent::new(EventType::SessionRevoked).of_user(user).record(&transaction, origin, now).await?;
        transaction.commit().await?;
        self.revocations.committed(&[revocation]);
        Ok(())
    }
}

async fn insert_user(
    transaction: &DatabaseTransaction,
    user: UserId,
    person: &Person,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = user_account::ActiveModel {
        id: Set(user.as_uuid()),
        email: Set(person.email.clone()),
        // No address to log in with, whatever the issuer says.
        email_key: Set(None),
        display_name: Set(person.display_name.as_str().to_owned()),
        password_hash: Set(None),
        create_time: Set(now),
        update_time: Set(now),
        last_login_time: Set(None),
        disable_time: Set(None),
    };
    user_account::Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

/// Whether a user is known by other issuers.
pub(super) async fn has_any(transaction: &DatabaseTransaction, user: UserId) -> Result<bool, DbErr> {
    let rows = Entity::find().filter(Column::UserId.eq(user.as_uuid())).all(transaction).await?;
    Ok(!rows.is_empty())
}

/// Leaves of a user's identities, which go with the user, nothing but a hash: tokens up to `until` make no new user.
/// Tells whether there were any.
pub(super) async fn bury(
    transaction: &DatabaseTransaction,
    user: UserId,
    names: &FormerNames,
    until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let rows = Entity::find().filter(Column::UserId.eq(user.as_uuid())).all(transaction).await?;
    for row in &rows {
        let identity = Identity { source: row.source.clone(), subject: row.subject.clone() };
        let tombstone = former_identity::ActiveModel {
            name: Set(names.of(&identity).as_str().to_owned()),
            delete_time: Set(until),
        };
        let again = OnConflict::column(former_identity::Column::Name)
            .update_column(former_identity::Column::DeleteTime)
            .to_owned();
        former_identity::Entity::insert(tombstone).on_conflict(again).exec_without_returning(transaction).await?;
    }
    Ok(!rows.is_empty())
}
