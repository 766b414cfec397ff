//! Listings: one query for a page, which begins behind the last task of the page before.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, DbBackend, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement, Value,
    sea_query::{Expr, ExprTrait, Order as Direction},
};

use super::{
    block::is_blocked,
    condition::condition,
    entity::task::{Column, Entity},
    scope::UserScope,
    task::UserStore,
    task_row::Found,
};
use crate::{
    error::Error,
    listing::{Bookmark, Listing},
    order::{Key, OrderField, Rank},
    task::Task,
};

#[cfg(test)]
mod tests;

impl UserStore {
    /// What time it is: what `now()` in a filter means.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.store().clock.now()
    }

    /// Up to `count` tasks of the listing, as it is at `now`, from behind the place on.
    pub async fn page(
        &self,
        listing: &Listing,
        now: DateTime<Utc>,
        behind: Option<&Bookmark>,
        count: usize,
    ) -> Result<Vec<Task>, Error> {
        let reader = self.reader();
        let mut rows: Vec<Found> = Vec::new();
        for statement in statements(self.scope(), listing, now, behind, count, reader.get_database_backend()) {
            rows.extend(self.scope().select::<Entity>().from_raw_sql(statement).into_model().all(reader).await?);
            if rows.len() >= count {
                break;
            }
        }
        rows.truncate(count);
        rows.into_iter().map(Task::try_from).collect()
    }
}

/// What is to be asked until there are enough tasks: once, but at a place where the order changes its direction. Each
/// statement is answered from an index up to where it stops; OR would have it read everything before the place too.
fn statements(
    scope: UserScope,
    listing: &Listing,
    now: DateTime<Utc>,
    behind: Option<&Bookmark>,
    count: usize,
    backend: DbBackend,
) -> Vec<Statement> {
    let mut query = scope.select::<Entity>().expr_as(is_blocked(scope), "blocked");
    if let Some(list) = listing.task_list {
        query = query.filter(Column::TaskListId.eq(list.as_uuid()));
    }
    if !listing.show_deleted {
        query = query.filter(Column::DeleteTime.is_null());
    }
    query = query.filter(condition(&listing.filter, &listing.viewpoint(now), scope, backend));
    for key in listing.order.keys() {
        query = query.order_by(column(key.field), direction(key));
    }
    let parts =
        behind.map_or_else(|| vec![Condition::all()], |place| behind_place(listing.order.keys(), place.ranks()));
    let parts = parts.into_iter().map(|part| {
        let mut statement = query.clone().filter(part).build(backend);
        // Written and not bound: for a bound one SQLite prepares the statement anew at every call.
        statement.sql.push_str(&format!(" LIMIT {count}"));
        statement
    });
    parts.collect()
}

fn column(field: OrderField) -> Column {
    match field {
        OrderField::Title => Column::Title,
        OrderField::State => Column::StateRank,
        OrderField::Priority => Column::Priority,
        OrderField::Due => Column::DueOrder,
        OrderField::Start => Column::StartOrder,
        OrderField::Position => Column::Position,
        OrderField::Id => Column::Id,
        OrderField::CreateTime => Column::CreateTime,
        OrderField::UpdateTime => Column::UpdateTime,
        OrderField::CompleteTime => Column::CompleteOrder,
    }
}

fn direction(key: &Key) -> Direction {
    if key.descending == key.field.greatest_first() { Direction::Asc } else { Direction::Desc }
}

/// The place of the last task by one key. None of these columns can be NULL.
struct Bound {
    column: Expr,
    ascending: bool,
    value: Expr,
}

impl Bound {
    fn new(key: &Key, rank: &Rank) -> Self {
        let value = match rank.clone() {
            Rank::Text(text) => Value::from(text),
            Rank::Number(number) => Value::from(number),
            Rank::Time(time) => Value::from(time),
            Rank::Id(id) => Value::from(id),
        };
        let column = Expr::col((Entity, column(key.field)));
        Self { column, ascending: direction(key) == Direction::Asc, value: value.into() }
    }
}

/// What stands behind the place, part by part in the order in which it comes. Keys of one direction are compared
/// together: first what is equal by all keys but the last of these groups, then what is equal by all but the last two.
fn behind_place(keys: &[Key], ranks: &[Rank]) -> Vec<Condition> {
    let bounds: Vec<_> = keys.iter().zip(ranks).map(|(key, rank)| Bound::new(key, rank)).collect();
    let mut equal = Condition::all();
    let mut parts = Vec::new();
    for group in bounds.chunk_by(|one, next| one.ascending == next.ascending) {
        parts.push(equal.clone().add(beyond(group)));
        for Bound { column, value, .. } in group {
            equal = equal.add(column.clone().eq(value.clone()));
        }
    }
    parts.reverse();
    parts
}

fn beyond(group: &[Bound]) -> Expr {
    let columns = Expr::tuple(group.iter().map(|key| key.column.clone()));
    let values = Expr::tuple(group.iter().map(|key| key.value.clone()));
    if group.iter().all(|key| key.ascending) { columns.gt(values) } else { columns.lt(values) }
}
