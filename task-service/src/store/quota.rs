//! How much one user may keep.

use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, UnionType, WithClause},
};

use super::{
    entity::{task, task_label, task_list, user_revision},
    scope::{Owned, counted},
    write::Write,
};
use crate::error::Error;

/// What the recursion calls the labels that it has found.
const FOUND: &str = "found";

/// The most of each that one user may have, what is in the trash included.
#[derive(Clone, Copy, Debug)]
pub struct Quotas {
    /// Tasks.
    pub tasks: u32,
    /// Lists, the inbox included.
    pub lists: u32,
    /// Different labels.
    pub labels: u32,
}

/// How many rows of each a user has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Counts {
    tasks: i64,
    lists: i64,
}

/// What a write knows of these numbers, and whether it has changed them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tally {
    /// None: the row does not say, because a release that keeps no counts wrote since they were true.
    counts: Option<Counts>,
    changed: bool,
}

impl Tally {
    pub(super) fn of(row: &user_revision::Model) -> Self {
        let kept = row.counted_revision == row.revision;
        let counts = kept.then_some(Counts { tasks: row.task_count, lists: row.list_count });
        Self { counts, changed: false }
    }

    fn set(&mut self, counts: Counts) {
        *self = Self { counts: Some(counts), changed: true };
    }
}

impl Write {
    /// Counts one task more, unless that is more than the user may have.
    pub(super) async fn count_task(&mut self) -> Result<(), Error> {
        let (limit, counts) = (self.quotas().tasks, self.counts().await?);
        if counts.tasks >= i64::from(limit) {
            return Err(Error::QuotaExceeded { what: "tasks", limit });
        }
        self.tally.set(Counts { tasks: counts.tasks + 1, ..counts });
        Ok(())
    }

    /// Counts one list more, unless that is more than the user may have. Nobody can do without an inbox.
    pub(super) async fn count_list(&mut self, inbox: bool) -> Result<(), Error> {
        let (limit, counts) = (self.quotas().lists, self.counts().await?);
        if !inbox && counts.lists >= i64::from(limit) {
            return Err(Error::QuotaExceeded { what: "lists", limit });
        }
        self.tally.set(Counts { lists: counts.lists + 1, ..counts });
        Ok(())
    }

    /// Counts what has been removed for good.
    pub(super) fn discount(&mut self, tasks: u64, lists: u64) {
        if let Some(before) = self.tally.counts {
            let counts = Counts {
                tasks: before.tasks.saturating_sub_unsigned(tasks),
                lists: before.lists.saturating_sub_unsigned(lists),
            };
            self.tally.set(counts);
        }
    }

    /// Writes the numbers down that have changed.
    pub(super) async fn keep_counts(&self) -> Result<(), Error> {
        use user_revision::Column::{CountedRevision, ListCount, TaskCount};
        let Tally { counts: Some(Counts { tasks, lists }), changed: true } = self.tally else { return Ok(()) };
        let update = self.scope().update::<user_revision::Entity>();
        let update = update.col_expr(TaskCount, tasks.into()).col_expr(ListCount, lists.into());
        update.col_expr(CountedRevision, self.moment().revision.into()).exec(self.transaction()).await?;
        Ok(())
    }

    async fn counts(&mut self) -> Result<Counts, Error> {
        if let Some(counts) = self.tally.counts {
            return Ok(counts);
        }
        let tasks = self.count(self.scope().select::<task::Entity>()).await?;
        let lists = self.count(self.scope().select::<task_list::Entity>()).await?;
        self.tally.set(Counts { tasks, lists });
        Ok(Counts { tasks, lists })
    }

    async fn count<E: Owned>(&self, rows: Select<E>) -> Result<i64, Error> {
        let query = rows.select_only().expr_as(Expr::cust("COUNT(*)"), "number").into_query();
        Ok(counted(self.transaction(), &query).await?)
    }

    /// Refuses labels that would make it more different ones than the user may have. They are all in use already.
    pub(super) async fn check_label_quota(&self) -> Result<(), Error> {
        let limit = self.quotas().labels;
        let over = counted(self.transaction(), &self.label_count()).await? > i64::from(limit);
        if over { Err(Error::QuotaExceeded { what: "labels", limit }) } else { Ok(()) }
    }

    /// The number of different labels. Each is sought behind the one before, so that it does not matter how many tasks
    /// have it.
    fn label_count(&self) -> SelectStatement {
        use task_label::{Column, Entity};
        let least = || self.scope().select::<Entity>().select_only().column_as(Column::Label.min(), "label");
        let found = || Expr::col((FOUND, "label"));
        let next = least().filter(Expr::col((Entity, Column::Label)).gt(found())).into_query();
        let next = Query::select()
            .expr_as(Expr::SubQuery(None, Box::new(next.into())), Alias::new("label"))
            .from(FOUND)
            .and_where(found().is_not_null())
            .to_owned();
        let labels = least().into_query().union(UnionType::All, next).to_owned();
        let labels = CommonTableExpression::new().table_name(FOUND).column("label").query(labels).to_owned();
        Query::select()
            .expr_as(found().count(), "number")
            .from(FOUND)
            .with_cte(WithClause::new().recursive(true).cte(labels).to_owned())
            .to_owned()
    }
}
