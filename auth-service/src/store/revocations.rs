//! What was revoked before its tokens expired: written in the transaction that revokes it, and read in the order in
//! which it becomes visible.

use std::convert::Infallible;

use authn::{Subject, TokenHash, UserId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, TryInsertResult,
    sea_query::OnConflict,
    sqlx::{self, PgConnection, Row},
};
use service_runtime::database::{Database, sqlx_error};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    Store,
    entity::revocation::{ActiveModel, Column, Entity, Model},
    events::NewEvent,
};
use crate::{
    client::Call,
    error::Result,
    event::EventType,
    identifier::new_id,
    revocations::{Revocation, forget_rule_time, forget_time},
};

/// The doorbell that rings when there are new ones.
const DOORBELL: &str = "duet_revocation";

/// How many rows one statement writes.
const BATCH: usize = 1000;

/// How many rows are read at once.
const PAGE: usize = 5000;

/// Writes down what ended that would have lasted until a later time.
pub(super) async fn record(
    transaction: &DatabaseTransaction,
    ended: impl Iterator<Item = (Subject, DateTime<Utc>)>,
    end: DateTime<Utc>,
) -> Result<Vec<Revocation>, DbErr> {
    let revocation = |(subject, expire_time)| {
        let expire_time = forget_time(expire_time, end);
        Revocation { id: new_id(end), subject, expire_time }
    };
    let revocations: Vec<_> = ended.map(revocation).collect();
    for batch in revocations.chunks(BATCH) {
        Entity::insert_many(batch.iter().map(ActiveModel::from)).exec_without_returning(transaction).await?;
    }
    Ok(revocations)
}

/// Writes down that no token is good that other issuers gave a user up to a time.
pub(super) async fn record_user(
    transaction: &DatabaseTransaction,
    user_id: UserId,
    not_before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Revocation, DbErr> {
    let subject = Subject::User { user_id, not_before: not_before.into() };
    record_rule(transaction, subject, not_before, now).await
}

/// Writes down that tokens of other issuers are refused up to a time.
pub(super) async fn record_rule(
    transaction: &DatabaseTransaction,
    subject: Subject,
    not_before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Revocation, DbErr> {
    let revocation = Revocation { id: new_id(now), subject, expire_time: forget_rule_time(not_before) };
    Entity::insert(ActiveModel::from(&revocation)).exec_without_returning(transaction).await?;
    Ok(revocation)
}

impl From<&Revocation> for ActiveModel {
    /// The nil UUID stands for no session.
    fn from(revocation: &Revocation) -> Self {
        let mut row = Self {
            number: NotSet,
            id: Set(revocation.id),
            session_id: Set(Uuid::nil()),
            key_id: Set(None),
            token_hash: Set(None),
            user_id: Set(None),
            issuer: Set(None),
            not_before: Set(None),
            expire_time: Set(revocation.expire_time),
        };
        match &revocation.subject {
            Subject::Session(session) => row.session_id = Set(session.as_uuid()),
            Subject::Key(key) => row.key_id = Set(Some(key.to_string())),
            Subject::Token(token) => row.token_hash = Set(Some(token.as_bytes().to_vec())),
            Subject::User { user_id, not_before } => {
                row.user_id = Set(Some(user_id.as_uuid()));
                row.not_before = Set(Some((*not_before).into()));
            }
            Subject::Issuer { issuer, not_before } => {
                row.issuer = Set(Some(issuer.to_string()));
                row.not_before = Set(Some((*not_before).into()));
            }
        }
        row
    }
}

/// Some of what there is to read.
pub(crate) struct Page {
    pub(crate) revocations: Vec<Revocation>,
    /// Whether all has been read that was committed before the first page was asked for.
    pub(crate) is_last: bool,
}

/// Reads all revocations, and then again and again what is new. What may have come before is read again, so that none
/// is missed; what fails is not to be gone on with.
pub(crate) struct Feed {
    source: Source,
    /// Everything up to here has been read in this round.
    key: (i64, Uuid),
    /// Where the next round begins; not known before the first page of this one.
    next_round: Option<i64>,
}

enum Source {
    Sqlite(Database),
    Postgres(PgConnection),
}

impl Store {
    /// Begins to read.
    pub(crate) async fn feed(&self) -> Result<Feed> {
        let source = match self.database.own_connection().await? {
            Some(connection) => Source::Postgres(connection),
            None => Source::Sqlite(self.database.clone()),
        };
        Ok(Feed { source, key: (0, Uuid::nil()), next_round: None })
    }

    /// Has another issuer's token refused, and writes down whose it was, as far as that is known.
    pub(crate) async fn revoke_token(
        &self,
        token: TokenHash,
        expire_time: DateTime<Utc>,
        user: Option<UserId>,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let transaction = self.database.begin().await?;
        let expire_time = forget_time(expire_time, now);
        let revocation = Revocation { id: new_id(now), subject: Subject::Token(token), expire_time };
        // Not by the id: a token has one row.
        let again = OnConflict::new().do_nothing().to_owned();
        let insert = Entity::insert(ActiveModel::from(&revocation)).on_conflict(again).try_insert();
        if !matches!(insert.exec_without_returning(&transaction).await?, TryInsertResult::Inserted(1)) {
            // It was refused before.
            return Ok(transaction.rollback().await?);
        }
        let event = NewEvent::new(EventType::LoggedOut).of_user(user);
        event.record(&transaction, &call.origin, now).await?;
        self.commit_ended(transaction, &[revocation], call.deadline).await
    }

    /// Whether another issuer's token has been revoked, one way or another.
    pub(crate) async fn is_revoked(
        &self,
        token: TokenHash,
        user: UserId,
        issuer: &str,
        issue_time: DateTime<Utc>,
    ) -> Result<bool> {
        let touches = Column::TokenHash
            .eq(token.as_bytes())
            .or(Column::UserId.eq(user.as_uuid()).and(Column::NotBefore.gte(issue_time)))
            .or(Column::Issuer.eq(issuer).and(Column::NotBefore.gte(issue_time)));
        Ok(Entity::find().filter(touches).count(self.database.reader()).await? > 0)
    }

    /// Tells other processes that something was revoked, as far as that can be.
    pub(crate) async fn ring(&self) {
        let Some(doorbell) = self.database.doorbell(DOORBELL) else { return };
        if let Err(cause) = doorbell.ring().await {
            tracing::warn!(%cause, "the doorbell could not be rung; news takes longer");
        }
    }

    /// Tells other processes of each `rung`, and calls `heard` when another one has told of something.
    pub(crate) async fn relay(&self, rung: &Notify, heard: impl Fn()) -> Infallible {
        match self.database.doorbell(DOORBELL) {
            Some(doorbell) => doorbell.relay(rung, heard).await,
            None => std::future::pending().await,
        }
    }
}

impl Feed {
    /// Reads on; after the last page a new round begins.
    pub(crate) async fn next_page(&mut self) -> Result<Page> {
        match &mut self.source {
            Source::Sqlite(database) => {
                let rows = read_sqlite(database, self.key.0).await?;
                // Rows become visible in the order of their numbers.
                self.key.0 = rows.last().map_or(self.key.0, |last| last.number);
                Ok(rows.into())
            }
            Source::Postgres(connection) => {
                let (rows, horizon) = read_postgres(connection, self.key).await?;
                Ok(self.turn_over(rows, horizon))
            }
        }
    }

    fn turn_over(&mut self, rows: Vec<Model>, horizon: i64) -> Page {
        let beginning = (0, Uuid::nil());
        if self.next_round.is_none() && horizon < self.key.0 {
            // Numbers are given a second time.
            self.key = beginning;
            return Page { revocations: Vec::new(), is_last: false };
        }
        let next_round = *self.next_round.get_or_insert(horizon);
        let last = rows.last().map_or(beginning, |last| (last.number, last.id));
        let page = Page::from(rows);
        if page.is_last {
            (self.key, self.next_round) = ((next_round, Uuid::nil()), None);
        } else {
            self.key = last;
        }
        page
    }
}

impl From<Vec<Model>> for Page {
    fn from(rows: Vec<Model>) -> Self {
        let is_last = rows.len() < PAGE;
        Self { revocations: rows.into_iter().map(Revocation::from).collect(), is_last }
    }
}

async fn read_sqlite(database: &Database, after: i64) -> Result<Vec<Model>, DbErr> {
    let rows = Entity::find().filter(Column::Number.gt(after)).order_by_asc(Column::Number).limit(PAGE as u64);
    rows.all(database.reader()).await
}

/// The rows behind a key, and the horizon of the snapshot in which they were read: every transaction below it has
/// ended, so that its rows are among these or have been read before. Those from the horizon on are read again the next
/// time, because a transaction with a lower number than theirs may be committed after them.
async fn read_postgres(connection: &mut PgConnection, (number, id): (i64, Uuid)) -> Result<(Vec<Model>, i64), DbErr> {
    const READ: &str = "\
        SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, found.* \
        FROM (SELECT 1) AS one LEFT JOIN (\
            SELECT number, id, session_id, key_id, token_hash, user_id, issuer, not_before, expire_time FROM revocation \
            WHERE (number, id) > ($1, $2) ORDER BY number, id LIMIT $3\
        ) AS found ON true ORDER BY number, id";
    let query = sqlx::query(READ).bind(number).bind(id).bind(PAGE as i64);
    let rows = query.fetch_all(connection).await.map_err(sqlx_error)?;
    let mut horizon = 0;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        horizon = row.try_get("horizon").map_err(sqlx_error)?;
        if let Some(number) = row.try_get("number").map_err(sqlx_error)? {
            found.push(Model {
                number,
                id: row.try_get("id").map_err(sqlx_error)?,
                session_id: row.try_get("session_id").map_err(sqlx_error)?,
                key_id: row.try_get("key_id").map_err(sqlx_error)?,
                token_hash: row.try_get("token_hash").map_err(sqlx_error)?,
                user_id: row.try_get("user_id").map_err(sqlx_error)?,
                issuer: row.try_get("issuer").map_err(sqlx_error)?,
                not_before: row.try_get("not_before").map_err(sqlx_error)?,
                expire_time: row.try_get("expire_time").map_err(sqlx_error)?,
            });
        }
    }
    Ok((found, horizon))
}

impl From<Model> for Revocation {
    fn from(row: Model) -> Self {
        let Model { id, session_id, key_id, token_hash, user_id, issuer, not_before, expire_time, .. } = row;
        let not_before = not_before.unwrap_or_default().into();
        let token = token_hash.and_then(|hash| TokenHash::try_from(hash.as_slice()).ok());
        let subject = match (key_id, token, user_id, issuer) {
            (Some(key), ..) => Subject::Key(key.into()),
            (_, Some(token), ..) => Subject::Token(token),
            (_, _, Some(user), _) => Subject::User { user_id: user.into(), not_before },
            (.., Some(issuer)) => Subject::Issuer { issuer: issuer.into(), not_before },
            // What a later release may have written is nobody's session here.
            (None, None, None, None) => Subject::Session(session_id.into()),
        };
        Self { id, subject, expire_time }
    }
}

#[cfg(test)]
mod tests {
    use service_runtime::testing::{Engine, TestDatabase};

    use super::*;

    fn rows(numbers: std::ops::Range<i64>) -> Vec<Model> {
        let row = |number: i64| {
            let id = Uuid::from_u128(1000 + number as u128);
            Model {
                number,
                id,
                session_id: id,
                key_id: None,
                token_hash: None,
                user_id: None,
                issuer: None,
                not_before: None,
                expire_time: DateTime::UNIX_EPOCH,
            }
        };
        numbers.map(row).collect()
    }

    #[tokio::test]
    async fn each_round_begins_at_the_horizon_of_the_first_page_of_the_one_before() {
        let database = TestDatabase::create(Engine::Sqlite).await;
        let source = Source::Sqlite(Database::connect(&database.settings).await.unwrap());
        let mut feed = Feed { source, key: (0, Uuid::nil()), next_round: None };
        let full = 1..PAGE as i64 + 1;
        assert!(!feed.turn_over(rows(full.clone()), 50).is_last);
        assert_eq!(feed.key, (PAGE as i64, Uuid::from_u128(1000 + PAGE as u128)));
        assert!(!feed.turn_over(rows(full), 60).is_last, "the horizon moves on meanwhile");
        assert!(feed.turn_over(rows(1..3), 70).is_last);
        assert_eq!(feed.key, (50, Uuid::nil()));
        assert!(feed.turn_over(vec![], 80).is_last);
        assert_eq!(feed.key, (80, Uuid::nil()));
        // Another server has taken over, and gives numbers again.
        assert!(!feed.turn_over(rows(80..82), 79).is_last);
        assert_eq!(feed.key, (0, Uuid::nil()));
        assert!(feed.turn_over(rows(1..9), 79).is_last);
        assert_eq!(feed.key, (79, Uuid::nil()));
    }
}
