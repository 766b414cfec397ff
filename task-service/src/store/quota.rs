//! How much one user may keep.

use sea_orm::{
    EntityTrait, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Expr, Query},
};

use super::{
    entity::{task, task_label, task_list},
    scope::counted,
    write::Write,
};
use crate::error::Error;

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

impl Write {
    /// Refuses one task more than the user may have.
    pub(super) async fn check_task_quota(&self) -> Result<(), Error> {
        let limit = self.quotas().tasks;
        let full = self.reaches(self.scope().select::<task::Entity>(), task::Column::Id, limit).await?;
        if full { Err(Error::QuotaExceeded { what: "tasks", limit }) } else { Ok(()) }
    }

    /// Refuses one list more than the user may have.
    pub(super) async fn check_list_quota(&self) -> Result<(), Error> {
        let limit = self.quotas().lists;
        let full = self.reaches(self.scope().select::<task_list::Entity>(), task_list::Column::Id, limit).await?;
        if full { Err(Error::QuotaExceeded { what: "lists", limit }) } else { Ok(()) }
    }

    /// Refuses labels that would make it more different ones than the user may have. They are all in use already.
    pub(super) async fn check_label_quota(&self) -> Result<(), Error> {
        let limit = self.quotas().labels;
        let labels = self.scope().select::<task_label::Entity>().distinct();
        let over = self.reaches(labels, task_label::Column::Label, limit.saturating_add(1)).await?;
        if over { Err(Error::QuotaExceeded { what: "labels", limit }) } else { Ok(()) }
    }

    /// Whether there are so many rows. More than that are not counted.
    async fn reaches<E: EntityTrait>(&self, rows: Select<E>, column: E::Column, count: u32) -> Result<bool, Error> {
        let rows = rows.select_only().column(column).limit(u64::from(count)).into_query();
        let query = Query::select()
            .expr_as(Expr::cust("COUNT(*)"), "number")
            .from_subquery(rows, Alias::new("counted"))
            .to_owned();
        Ok(counted(self.transaction(), &query).await? >= i64::from(count))
    }
}
