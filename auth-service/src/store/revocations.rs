//! The sessions that ended before their tokens did: written in the transaction that ends them, and read in the order
//! in which they become visible.

use std::convert::Infallible;

use authn::SessionId;
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sqlx::{self, PgConnection, Row},
};
use service_runtime::database::{Database, sqlx_error};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    Store,
    entity::revocation::{ActiveModel, Column, Entity, Model},
};
use crate::{
    error::Result,
    identifier::new_id,
    revocations::{Revocation, forget_time},
};

/// The doorbell that rings when there are new ones.
const DOORBELL: &str = "duet_revocation";

/// How many rows one statement writes.
const BATCH: usize = 1000;

/// How many rows are read at once.
const PAGE: usize = 5000;

/// Writes down that sessions ended that would have lasted until a later time.
pub(super) async fn record(
    transaction: &DatabaseTransaction,
    ended: impl Iterator<Item = (SessionId, DateTime<Utc>)>,
    end: DateTime<Utc>,
) -> Result<Vec<Revocation>, DbErr> {
    let revocation = |(session, expire_time)| {
        let expire_time = forget_time(expire_time, end);
        Revocation { id: new_id(end), session, expire_time }
    };
    let revocations: Vec<_> = ended.map(revocation).collect();
    for batch in revocations.chunks(BATCH) {
        let rows = batch.iter().map(|revocation| ActiveModel {
            number: NotSet,
            id: Set(revocation.id),
            session_id: Set(revocation.session.as_uuid()),
            expire_time: Set(revocation.expire_time),
        });
        Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(revocations)
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
            SELECT number, id, session_id, expire_time FROM revocation \
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
                expire_time: row.try_get("expire_time").map_err(sqlx_error)?,
            });
        }
    }
    Ok((found, horizon))
}

impl From<Model> for Revocation {
    fn from(row: Model) -> Self {
        Self { id: row.id, session: row.session_id.into(), expire_time: row.expire_time }
    }
}
