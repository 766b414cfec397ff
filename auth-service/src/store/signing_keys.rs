//! Signing keys, sealed. Whoever changes them does so alone.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter,
    QueryOrder, sea_query::Expr,
};
use service_runtime::clock::Clock;

use super::{
    Store,
    entity::{
        secret,
        signing_key::{ActiveModel, Column, Entity, Model},
    },
    events::NewEvent,
    revocations,
};
use crate::{
    error::{Error, Result},
    event::Origin,
    signing::{Key, KeyState, Keyring},
    token::LONGEST_LIFETIME,
};

/// What is sealed under the master key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sealed {
    /// The private half of a signing key, in the context of its id.
    SigningKey,
    /// A secret, in the context of its name.
    Secret,
}

impl Store {
    /// All keys, in the order in which they were made.
    pub(crate) async fn signing_keys(&self) -> Result<Vec<Key>> {
        all(self.database.reader()).await
    }

    /// The keys that stand in the key set.
    pub(crate) async fn published_keys(&self) -> Result<Vec<Key>> {
        let published = KeyState::PUBLISHED.map(KeyState::name);
        let rows = Entity::find().filter(Column::State.is_in(published)).all(self.database.reader()).await?;
        rows.into_iter().map(key).collect()
    }

    /// The key of that name.
    pub(crate) async fn signing_key(&self, kid: &str) -> Result<Option<Key>> {
        let rows = Entity::find_by_id(kid).all(self.database.reader()).await?;
        rows.into_iter().next().map(key).transpose()
    }

    /// Changes the keys, while nobody else does, at a time of the database's; and writes down what the audit trail is to
    /// tell of. What the change comes to, and the keys as they were before and are after it.
    pub(crate) async fn change_keys<T>(
        &self,
        clock: &Clock,
        origin: &Origin,
        change: impl FnOnce(&mut Keyring, DateTime<Utc>) -> Result<T> + Send,
    ) -> Result<(T, [Vec<Key>; 2])> {
        let transaction = self.database.begin().await?;
        lock(&transaction).await?;
        let before = all(&transaction).await?;
        let now = self.database.now(&transaction, clock).await?;
        let mut ring = Keyring::from(before.clone());
        let outcome = change(&mut ring, now)?;
        write(&transaction, &before, &ring.keys).await?;
        for event in ring.events {
            NewEvent::new(event).record(&transaction, origin, now).await?;
        }
        let is_revoked = |key: &&Key| key.state == KeyState::Revoked && !before.contains(key);
        let subjects = ring.keys.iter().filter(is_revoked).map(|key| authn::Subject::Key(key.kid.as_str().into()));
        let revoked = subjects.map(|subject| (subject, now + LONGEST_LIFETIME));
        let revoked = revocations::record(&transaction, revoked, now).await?;
        transaction.commit().await?;
        self.revocations.committed(&revoked);
        Ok((outcome, [before, ring.keys]))
    }

    /// Replaces everything that is sealed under the master key and for which `reseal` gives something else, all or
    /// nothing, while nobody changes the keys. It is given what it is, its context, and the sealed value.
    ///
    /// # Errors
    /// Those of `reseal`, and when the database fails.
    pub(crate) async fn reseal(
        &self,
        reseal: impl Fn(Sealed, &str, &[u8]) -> anyhow::Result<Option<Vec<u8>>> + Send,
    ) -> anyhow::Result<Vec<Sealed>> {
        let transaction = self.database.begin().await?;
        lock(&transaction).await?;
        let mut resealed = Vec::new();
        for key in all(&transaction).await?.into_iter().filter(|key| !key.sealed_private_key.is_empty()) {
            let Some(sealed) = reseal(Sealed::SigningKey, &key.kid, &key.sealed_private_key)? else { continue };
            let update = Entity::update_many().col_expr(Column::SealedPrivateKey, Expr::value(sealed));
            update.filter(Column::Kid.eq(key.kid)).exec(&transaction).await?;
            resealed.push(Sealed::SigningKey);
        }
        for row in secret::Entity::find().all(&transaction).await? {
            let Some(sealed) = reseal(Sealed::Secret, &row.name, &row.sealed)? else { continue };
            let update = secret::Entity::update_many().col_expr(secret::Column::Sealed, Expr::value(sealed));
            update.filter(secret::Column::Name.eq(row.name)).exec(&transaction).await?;
            resealed.push(Sealed::Secret);
        }
        transaction.commit().await?;
        Ok(resealed)
    }
}

/// From here to the end of the transaction nobody else changes keys; reading goes on. SQLite has one writer anyway.
async fn lock(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Key>> {
    let rows = Entity::find().order_by_asc(Column::Generation).all(connection).await?;
    rows.into_iter().map(key).collect()
}

/// Writes what differs: first the keys that leave a state of which there is only one.
async fn write(transaction: &DatabaseTransaction, before: &[Key], after: &[Key]) -> Result<(), DbErr> {
    let (old, new): (Vec<_>, Vec<_>) =
        after.iter().filter(|key| !before.contains(key)).partition(|key| before.iter().any(|old| old.kid == key.kid));
    let (arriving, leaving): (Vec<_>, Vec<_>) = old.into_iter().partition(|key| key.state == KeyState::Active);
    for key in leaving.into_iter().chain(arriving) {
        let update = Entity::update_many()
            .col_expr(Column::State, Expr::value(key.state.name()))
            .col_expr(Column::SealedPrivateKey, Expr::value(key.sealed_private_key.as_slice()))
            .col_expr(Column::ActiveTime, Expr::value(key.active_time))
            .col_expr(Column::RetireTime, Expr::value(key.retire_time))
            .col_expr(Column::RevokeTime, Expr::value(key.revoke_time));
        update.filter(Column::Kid.eq(key.kid.as_str())).exec(transaction).await?;
    }
    for key in new {
        Entity::insert(row(key)).exec_without_returning(transaction).await?;
    }
    Ok(())
}

fn key(row: Model) -> Result<Key> {
    Ok(Key {
        state: KeyState::from_name(&row.state).ok_or_else(|| Error::internal("a signing key in an unknown state"))?,
        kid: row.kid,
        generation: row.generation,
        public_key: row.public_key,
        sealed_private_key: row.sealed_private_key,
        create_time: row.create_time,
        // A release before this one knows of no such time: its keys signed at once.
        active_time: row.active_time.unwrap_or(row.create_time),
        retire_time: row.retire_time,
        revoke_time: row.revoke_time,
    })
}

fn row(key: &Key) -> ActiveModel {
    ActiveModel {
        kid: Set(key.kid.clone()),
        generation: Set(key.generation),
        state: Set(key.state.name().to_owned()),
        public_key: Set(key.public_key.clone()),
        sealed_private_key: Set(key.sealed_private_key.clone()),
        create_time: Set(key.create_time),
        active_time: Set(Some(key.active_time)),
        retire_time: Set(key.retire_time),
        revoke_time: Set(key.revoke_time),
    }
}
