//! Subtasks: who is above a task and who is below.

#![expect(clippy::disallowed_methods, reason = "a recursive query: it begins at the user's scope at every step")]

use sea_orm::{
    ColumnTrait, ConnectionTrait, JoinType, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{CommonTableExpression, Condition, Expr, ExprTrait, Query, SelectStatement, UnionType, WithClause},
};
use uuid::Uuid;

use super::{
    entity::task::{Column, Entity},
    write::{CHUNK, Write},
};
use crate::{
    error::Error,
    id::{TaskId, TaskListId},
    task::Task,
};

/// What the recursion calls the tasks that it has found.
const LINE: &str = "line";

#[derive(Clone, Copy, Eq, PartialEq)]
enum Direction {
    Up,
    Down,
}

impl Write {
    /// The task, the one that it is under, and so on up to the top.
    pub async fn line_above(&self, task: TaskId) -> Result<Vec<TaskId>, Error> {
        Ok(self.line(task, Direction::Up).await?.into_iter().map(|(id, _)| id).collect())
    }

    /// How many levels there are from the task down to its deepest subtask: 1 without subtasks.
    pub async fn height(&self, task: TaskId) -> Result<usize, Error> {
        Ok(self.line(task, Direction::Down).await?.last().map_or(1, |(_, depth)| depth + 1))
    }

    /// The task and everything under it, in the trash or not, the deepest last.
    pub(super) async fn subtree(&self, task: TaskId) -> Result<Vec<TaskId>, Error> {
        Ok(self.line(task, Direction::Down).await?.into_iter().map(|(id, _)| id).collect())
    }

    /// Takes everything under a task along to another list.
    pub async fn take_along(&mut self, task: TaskId, list: TaskListId) -> Result<(), Error> {
        let below: Vec<_> = self.subtree(task).await?.into_iter().filter(|id| *id != task).collect();
        for some in below.chunks(CHUNK) {
            let update = self.touch(some).col_expr(Column::TaskListId, list.as_uuid().into());
            update.exec(self.transaction()).await?;
            self.log_updated(some);
        }
        Ok(())
    }

    async fn line(&self, task: TaskId, direction: Direction) -> Result<Vec<(TaskId, usize)>, Error> {
        let query = self.line_query(task, direction);
        let rows = self.transaction().query_all(&query).await?;
        let read = |row: &sea_orm::QueryResult| -> Result<_, Error> {
            let (id, depth): (Uuid, i32) = (row.try_get("", "id")?, row.try_get("", "depth")?);
            Ok((id.into(), usize::try_from(depth).unwrap_or_default()))
        };
        rows.iter().map(read).collect()
    }

    fn line_query(&self, task: TaskId, direction: Direction) -> SelectStatement {
        let columns = || self.scope().select::<Entity>().select_only().columns([Column::Id, Column::ParentId]);
        let mut first = columns().filter(Column::Id.eq(task.as_uuid())).into_query();
        first.expr_as(Expr::val(0), "depth");
        let found = |column: &'static str| Expr::col((LINE, column));
        let step = match direction {
            Direction::Up => Expr::col((Entity, Column::Id)).eq(found("parent_id")),
            Direction::Down => Expr::col((Entity, Column::ParentId)).eq(found("id")),
        };
        // No deeper than tasks can be: whatever the rows say, it comes to an end.
        let step = Condition::all().add(step).add(found("depth").lt(Task::MAX_LEVELS as i32));
        let mut next = columns().into_query();
        next.expr_as(found("depth").add(1), "depth").join(JoinType::InnerJoin, LINE, step);
        first.union(UnionType::All, next);
        let line =
            CommonTableExpression::new().table_name(LINE).columns(["id", "parent_id", "depth"]).query(first).to_owned();
        Query::select()
            .columns(["id", "depth"])
            .from(LINE)
            .order_by("depth", sea_orm::Order::Asc)
            .with_cte(WithClause::new().recursive(true).cte(line).to_owned())
            .to_owned()
    }
}
