//! Sessions.

use authn::{SessionId, Subject, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, LockBehavior, LockType},
};
use service_runtime::{database::is_conflict, deadline::Deadline};
use uuid::Uuid;

use super::{
    Store, commit,
    entity::{
        session::{self, Column, Entity},
        user_account,
    },
    events::NewEvent,
    revocations,
};
use crate::{
    client::Call,
    error::{Error, Result},
    event::EventType,
    refresh_token::TokenHash,
    revocations::Revocation,
    rotation::{Predecessor, RefreshState, SessionLife, SessionState},
    sessions::Session,
    token::{LONGEST_LIFETIME, Rejection},
};

/// A session that begins now.
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) expire_time: DateTime<Utc>,
    pub(crate) latest_expire_time: DateTime<Utc>,
    pub(crate) refresh_hash: TokenHash,
    pub(crate) in_cookie: bool,
    /// The session that this one takes the place of.
    pub(crate) replaces: Option<SessionId>,
}

/// A session goes on with another refresh token.
pub(crate) struct Rotation {
    pub(crate) session: SessionId,
    pub(crate) from: TokenHash,
    pub(crate) to: TokenHash,
    pub(crate) sealed_secret: Vec<u8>,
    pub(crate) rotate_time: DateTime<Utc>,
    pub(crate) expire_time: DateTime<Utc>,
}

/// Begins a session, and ends the one that it takes the place of, whosesoever that is.
pub(super) async fn begin(
    transaction: &DatabaseTransaction,
    user: UserId,
    new: &NewSession,
    call: &Call,
) -> Result<Vec<Revocation>, DbErr> {
    let row = session::ActiveModel {
        id: Set(new.id.as_uuid()),
        user_id: Set(user.as_uuid()),
        create_time: Set(new.create_time),
        last_seen_time: Set(new.create_time),
        expire_time: Set(new.expire_time),
        end_time: Set(None),
        ip_address: Set(call.origin.ip_address.clone()),
        user_agent: Set(call.origin.user_agent.clone()),
        refresh_hash: Set(Some(new.refresh_hash.to_vec())),
        previous_refresh_hash: Set(None),
        sealed_refresh_secret: Set(None),
        rotate_time: Set(None),
        latest_expire_time: Set(Some(new.latest_expire_time)),
        purge_time: Set(Some(purge_time(new.expire_time))),
        in_cookie: Set(new.in_cookie),
        refresh_shown: Set(false),
    };
    Entity::insert(row).exec_without_returning(transaction).await?;
    match new.replaces {
        Some(replaced) => end_replaced(transaction, replaced, call, new.create_time).await,
        None => Ok(Vec::new()),
    }
}

async fn end_replaced(
    transaction: &DatabaseTransaction,
    id: SessionId,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Vec<Revocation>, DbErr> {
    let owner = Entity::find_by_id(id.as_uuid()).select_only().column(Column::UserId);
    let owner: Vec<Uuid> = owner.into_tuple().all(transaction).await?;
    let ended = end(transaction, Condition::all().add(Column::Id.eq(id.as_uuid())), now).await?;
    if !ended.is_empty() {
        let owner = owner.first().copied().map(UserId::from);
        let event = NewEvent::new(EventType::SessionRevoked).of_user(owner).in_session(id);
        event.record(transaction, &call.origin, now).await?;
    }
    Ok(ended)
}

/// Ends the sessions of a user that live, all but one if one is named. Whoever calls has locked the user's row, so that
/// no session begins meanwhile.
pub(super) async fn end_all(
    transaction: &DatabaseTransaction,
    user: UserId,
    except: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<Vec<Revocation>, DbErr> {
    let mut which = Condition::all().add(Column::UserId.eq(user.as_uuid()));
    if let Some(kept) = except {
        which = which.add(Column::Id.ne(kept.as_uuid()));
    }
    end(transaction, which, now).await
}

/// Ends those of the sessions that live, and writes each down for whoever has seen a token of it. There is no other way
/// for a session to end before its time.
async fn end(
    transaction: &DatabaseTransaction,
    which: Condition,
    now: DateTime<Utc>,
) -> Result<Vec<Revocation>, DbErr> {
    let ended = Entity::update_many()
        .col_expr(Column::EndTime, Expr::value(now))
        .col_expr(Column::PurgeTime, Expr::value(purge_time(now)))
        .filter(Column::EndTime.is_null())
        .filter(Column::ExpireTime.gt(now))
        .filter(which)
        .exec_with_returning(transaction)
        .await?;
    let ended = ended.into_iter().map(|row| (Subject::Session(row.id.into()), row.expire_time));
    revocations::record(transaction, ended, now).await
}

/// When the row of a session that ends then may go: once no token of it can be good any more, whatever the settings.
fn purge_time(end: DateTime<Utc>) -> DateTime<Utc> {
    end + LONGEST_LIFETIME
}

/// The sessions of that id, if no other transaction is at the row. PostgreSQL does not wait for the row's lock: whoever
/// waited would hold one of the pool's few connections, and keep others waiting who want another row. SQLite has one
/// writer, and nothing to skip.
fn unlocked(id: SessionId) -> Select<Entity> {
    Entity::find_by_id(id.as_uuid())
        .select_only()
        .column(Column::Id)
        .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
}

async fn life(connection: &impl ConnectionTrait, user: UserId, id: SessionId) -> Result<Option<SessionLife>, DbErr> {
    // Without a LIMIT, which would make SQLite prepare the statement anew each time.
    let found: Vec<(DateTime<Utc>, Option<DateTime<Utc>>)> = Entity::find_by_id(id.as_uuid())
        .filter(Column::UserId.eq(user.as_uuid()))
        .select_only()
        .columns([Column::ExpireTime, Column::EndTime])
        .into_tuple()
        .all(connection)
        .await?;
    Ok(found.first().map(|(expire_time, end_time)| SessionLife { expire_time: *expire_time, end_time: *end_time }))
}

/// `false` for what another transaction was in the way of.
fn unless_in_the_way(done: Result<bool>) -> Result<bool> {
    match done {
        Err(Error::Database(error)) if is_conflict(&error) => Ok(false),
        done => done,
    }
}

impl Store {
    /// A session as it is kept.
    pub(crate) async fn session(&self, id: SessionId) -> Result<Option<SessionState>> {
        let rows = Entity::find_by_id(id.as_uuid()).all(self.database.reader()).await?;
        Ok(rows.into_iter().next().map(SessionState::from))
    }

    /// The life of a user's session, if the user has it.
    pub(crate) async fn session_life(&self, user: UserId, id: SessionId) -> Result<Option<SessionLife>> {
        Ok(life(self.database.reader(), user, id).await?)
    }

    /// A user's sessions that live, the newest first: at most `limit` of those with an id below `below`.
    pub(crate) async fn sessions(
        &self,
        user: UserId,
        below: Option<Uuid>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>> {
        let mut query = Entity::find()
            .filter(Column::UserId.eq(user.as_uuid()))
            .filter(Column::EndTime.is_null())
            .filter(Column::ExpireTime.gt(now))
            .order_by_desc(Column::Id)
            .limit(limit as u64);
        if let Some(below) = below {
            query = query.filter(Column::Id.lt(below));
        }
        let rows = query.all(self.database.reader()).await?;
        Ok(rows.into_iter().map(Session::from).collect())
    }

    /// Replaces a session's refresh token. `false` if nothing was done, because another call is at the session or has
    /// changed it since it was read: look again.
    pub(crate) async fn rotate(&self, rotation: Rotation, call: &Call) -> Result<bool> {
        unless_in_the_way(self.try_rotate(rotation, call).await)
    }

    async fn try_rotate(&self, new: Rotation, call: &Call) -> Result<bool> {
        let as_read =
            unlocked(new.session).filter(Column::RefreshHash.eq(new.from.as_slice())).filter(Column::EndTime.is_null());
        let transaction = self.database.begin().await?;
        let updated = Entity::update_many()
            .col_expr(Column::RefreshHash, Expr::value(new.to.as_slice()))
            .col_expr(Column::PreviousRefreshHash, Expr::value(new.from.as_slice()))
            .col_expr(Column::SealedRefreshSecret, Expr::value(new.sealed_secret))
            .col_expr(Column::RefreshShown, Expr::value(false))
            .col_expr(Column::RotateTime, Expr::value(new.rotate_time))
            .col_expr(Column::LastSeenTime, Expr::value(new.rotate_time))
            .col_expr(Column::IpAddress, Expr::value(call.origin.ip_address.as_str()))
            .col_expr(Column::UserAgent, Expr::value(call.origin.user_agent.as_str()))
            .col_expr(Column::ExpireTime, Expr::value(new.expire_time))
            .col_expr(Column::PurgeTime, Expr::value(purge_time(new.expire_time)))
            .filter(Column::Id.in_subquery(as_read.into_query()))
            .exec(&transaction)
            .await?;
        if updated.rows_affected == 0 {
            // Lets go of the connection at once.
            transaction.rollback().await?;
            return Ok(false);
        }
        commit(transaction, call.deadline).await?;
        Ok(true)
    }

    /// Writes down that a session's current refresh token has been shown. `false` if nothing was done: as for
    /// [`rotate`](Self::rotate).
    pub(crate) async fn note_shown(&self, id: SessionId, current: &TokenHash, deadline: Deadline) -> Result<bool> {
        unless_in_the_way(self.try_to_note_shown(id, current, deadline).await)
    }

    async fn try_to_note_shown(&self, id: SessionId, current: &TokenHash, deadline: Deadline) -> Result<bool> {
        let as_read = unlocked(id).filter(Column::RefreshHash.eq(current.as_slice())).filter(Column::EndTime.is_null());
        let transaction = self.database.begin().await?;
        let updated = Entity::update_many()
            .col_expr(Column::RefreshShown, Expr::value(true))
            .filter(Column::Id.in_subquery(as_read.into_query()))
            .exec(&transaction)
            .await?;
        if updated.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(false);
        }
        commit(transaction, deadline).await?;
        Ok(true)
    }

    /// Ends a session that lives and writes down why. `false` if nothing was done: as for [`rotate`](Self::rotate).
    pub(crate) async fn end_session(
        &self,
        user: UserId,
        id: SessionId,
        why: EventType,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        unless_in_the_way(self.end_one(unlocked(id), (user, id), why, call, now).await)
    }

    /// Ends a session one of whose former refresh tokens was shown, while `current` was the one to show. `false` if
    /// nothing was done: as for [`rotate`](Self::rotate).
    pub(crate) async fn end_reused(
        &self,
        user: UserId,
        id: SessionId,
        current: &TokenHash,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let as_read = unlocked(id).filter(Column::RefreshHash.eq(current.as_slice()));
        unless_in_the_way(self.end_one(as_read, (user, id), EventType::RefreshReused, call, now).await)
    }

    async fn end_one(
        &self,
        which: Select<Entity>,
        (user, id): (UserId, SessionId),
        why: EventType,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let transaction = self.database.begin().await?;
        let which = Condition::all().add(Column::Id.in_subquery(which.into_query()));
        let ended = end(&transaction, which, now).await?;
        // Of several calls at once only one ends it.
        if ended.is_empty() {
            transaction.rollback().await?;
            return Ok(false);
        }
        let event = NewEvent::new(why).of_user(user).in_session(id);
        event.record(&transaction, &call.origin, now).await?;
        self.commit_ended(transaction, &ended, call.deadline).await?;
        Ok(true)
    }

    /// Ends a user's sessions but the one that asks for it, and writes down how many that were, if any. `false` if
    /// nothing was done, because somebody else is at the user: try again.
    pub(crate) async fn end_other_sessions(
        &self,
        user: UserId,
        kept: SessionId,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        unless_in_the_way(self.try_end_others(user, kept, call, now).await)
    }

    async fn try_end_others(&self, user: UserId, kept: SessionId, call: &Call, now: DateTime<Utc>) -> Result<bool> {
        let transaction = self.database.begin().await?;
        let locked = user_account::Entity::find_by_id(user.as_uuid())
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&transaction)
            .await?;
        // Of two sessions that end each other the first one stays.
        if !life(&transaction, user, kept).await?.is_some_and(|life| life.lasts(now)) {
            return Err(Error::Token(Rejection::Revoked));
        }
        if locked.is_empty() {
            transaction.rollback().await?;
            return Ok(false);
        }
        let ended = end_all(&transaction, user, Some(kept), now).await?;
        if !ended.is_empty() {
            let event = NewEvent::new(EventType::SessionRevoked).of_user(user).times(count(&ended));
            event.record(&transaction, &call.origin, now).await?;
        }
        self.commit_ended(transaction, &ended, call.deadline).await?;
        Ok(true)
    }
}

/// How many sessions ended, as the trail tells it.
pub(super) fn count(ended: &[Revocation]) -> i64 {
    i64::try_from(ended.len()).unwrap_or(i64::MAX)
}

impl From<session::Model> for Session {
    fn from(row: session::Model) -> Self {
        Self {
            id: row.id.into(),
            user_agent: row.user_agent,
            ip_address: row.ip_address,
            create_time: row.create_time,
            last_seen_time: row.last_seen_time,
        }
    }
}

impl From<session::Model> for SessionState {
    fn from(row: session::Model) -> Self {
        let hash = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| TokenHash::try_from(bytes).ok());
        let previous = match (hash(row.previous_refresh_hash), row.rotate_time, row.sealed_refresh_secret) {
            (Some(hash), Some(rotate_time), Some(sealed_successor)) => {
                Some(Predecessor { hash, rotate_time, sealed_successor })
            }
            _ => None,
        };
        Self {
            user_id: row.user_id.into(),
            life: SessionLife { expire_time: row.expire_time, end_time: row.end_time },
            latest_expire_time: row.latest_expire_time.unwrap_or(row.expire_time),
            refresh: hash(row.refresh_hash).map(|current| RefreshState {
                current,
                previous,
                in_cookie: row.in_cookie,
                current_shown: row.refresh_shown,
            }),
        }
    }
}
