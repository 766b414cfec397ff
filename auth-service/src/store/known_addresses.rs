//! From which addresses accounts have been logged in, as keyed hashes.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{ExprTrait, OnConflict},
};

use super::entity::known_address::{ActiveModel, Column, Entity};
use crate::limiter::Address;

/// How many addresses are remembered of one account, the newest ones.
pub(super) const MOST_OF_AN_ACCOUNT: u64 = 32;

/// Whether the account was logged in from the address after that time, in microseconds since 1970.
pub(super) async fn is_known(
    transaction: &DatabaseTransaction,
    address: &Address,
    oldest_micros: i64,
) -> Result<bool, DbErr> {
    let known = Entity::find_by_id((address.account.clone(), address.client.clone()))
        .filter(Column::NewestMicros.gt(oldest_micros))
        .count(transaction)
        .await?;
    Ok(known > 0)
}

/// Remembers that the account is logged in from the address now.
pub(super) async fn remember(
    transaction: &DatabaseTransaction,
    address: &Address,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        account: Set(address.account.clone()),
        client: Set(address.client.clone()),
        newest_micros: Set(now.timestamp_micros()),
    };
    let again = OnConflict::columns([Column::Account, Column::Client]).update_column(Column::NewestMicros).to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(transaction).await?;
    let first_too_many = Entity::find()
        .select_only()
        .column(Column::NewestMicros)
        .filter(Column::Account.eq(&address.account))
        .order_by_desc(Column::NewestMicros)
        .limit(1)
        .offset(MOST_OF_AN_ACCOUNT);
    Entity::delete_many()
        .filter(Column::Account.eq(&address.account))
        .filter(Column::Client.ne(&address.client))
        .filter(Column::NewestMicros.into_expr().lte(first_too_many.into_query()))
        .exec(transaction)
        .await
        .map(drop)
}

/// Forgets all addresses of an account, and tells which they were.
pub(super) async fn forget(transaction: &DatabaseTransaction, account: &str) -> Result<Vec<String>, DbErr> {
    let forgotten = Entity::delete_many().filter(Column::Account.eq(account)).exec_with_returning(transaction).await?;
    Ok(forgotten.into_iter().map(|row| row.client).collect())
}
