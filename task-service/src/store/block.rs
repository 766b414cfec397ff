//! Which task waits for which.

#![expect(clippy::disallowed_methods, reason = "a recursive query: it begins at the user's scope at every step")]

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, JoinType, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Alias, CommonTableExpression, Expr, ExprTrait, Query, SelectStatement, UnionType, WithClause},
};
use uuid::Uuid;

use super::{
    entity::{
        task,
        task_block::{ActiveModel, Column, Entity},
    },
    scope::UserScope,
    write::Write,
};
use crate::{
    error::Error,
    id::TaskId,
    task::{State, Task},
};

/// What the recursion calls the tasks that it has found.
const WAITED_FOR: &str = "waited_for";

/// Whether the task of the row is blocked, for a few rows.
///
/// Blockers are counted, 50 at most: of EXISTS PostgreSQL may look up every blocked task of the user for the sake of a
/// page.
pub(super) fn is_blocked(scope: UserScope) -> Expr {
    let mut waits = in_the_way(scope);
    waits
        .expr(Expr::cust("COUNT(*)"))
        .and_where(Expr::col((Entity, Column::TaskId)).eq(Expr::col((task::Entity, task::Column::Id))));
    Expr::SubQuery(None, Box::new(waits.into())).gt(0)
}

/// The ids of all tasks that are blocked, to seek among them.
pub(super) fn blocked(scope: UserScope) -> SelectStatement {
    in_the_way(scope).column((Entity, Column::TaskId)).to_owned()
}

/// Each task that another waits for, unless it is over or in the trash; nothing is selected yet.
///
/// The user is named here too: from the row alone PostgreSQL may conclude to read what everybody's tasks wait for.
fn in_the_way(scope: UserScope) -> SelectStatement {
    let blocker = Alias::new("blocker");
    let of = |column: task::Column| Expr::col((blocker.clone(), column));
    let open = [State::NeedsAction, State::InProcess].map(State::name);
    let joined = of(task::Column::UserId)
        .eq(Expr::col((Entity, Column::UserId)))
        .and(of(task::Column::Id).eq(Expr::col((Entity, Column::BlockerId))));
    Query::select()
        .from(Entity)
        .join_as(JoinType::InnerJoin, task::Entity, blocker.clone(), joined)
        .and_where(Expr::col((Entity, Column::UserId)).eq(scope.user().as_uuid()))
        .and_where(of(task::Column::DeleteTime).is_null())
        .and_where(of(task::Column::State).is_in(open))
        .to_owned()
}

impl Write {
    /// The task with what it waits for looked up anew, as it is to be answered.
    pub async fn answer(&self, task: Task) -> Result<Task, Error> {
        let blocked = !task.blocked_by.is_empty() && self.any_task(task.id).await?.blocked;
        Ok(Task { blocked, ..task })
    }

    /// Keeps what has changed of what a task waits for, unless it would wait for itself.
    pub(super) async fn block(&self, before: Option<&Task>, task: &Task) -> Result<(), Error> {
        let was = |id: &TaskId| before.is_some_and(|before| before.blocked_by.contains(id));
        let old: Vec<Uuid> = before.into_iter().flat_map(|before| before.blocked_by.iter()).map(uuid).collect();
        let old: Vec<Uuid> = old.into_iter().filter(|id| !task.blocked_by.contains(&TaskId::from(*id))).collect();
        if !old.is_empty() {
            let delete = self.scope().delete::<Entity>().filter(Column::TaskId.eq(task.id.as_uuid()));
            delete.filter(Column::BlockerId.is_in(old)).exec(self.transaction()).await?;
        }
        let new: Vec<TaskId> = task.blocked_by.iter().filter(|id| !was(id)).collect();
        if new.is_empty() {
            return Ok(());
        }
        if new.contains(&task.id) {
            return Err(Error::BlockCycle { task: task.id });
        }
        for blocker in &new {
            self.task(*blocker).await?;
        }
        self.refuse_cycle(task.id, &new).await?;
        let row = |id: &TaskId| ActiveModel {
            user_id: NotSet,
            task_id: Set(task.id.as_uuid()),
            blocker_id: Set(id.as_uuid()),
        };
        let insert = self.scope().insert_many::<Entity, _>(new.iter().map(row));
        insert.exec_without_returning(self.transaction()).await?;
        Ok(())
    }

    async fn refuse_cycle(&self, task: TaskId, blockers: &[TaskId]) -> Result<(), Error> {
        let query = self.waited_for(task, blockers);
        let found = self.transaction().query_all(&query).await?;
        if found.is_empty() { Ok(()) } else { Err(Error::BlockCycle { task }) }
    }

    /// A row if one of the blockers waits for the task, itself or through others.
    fn waited_for(&self, task: TaskId, blockers: &[TaskId]) -> SelectStatement {
        let edges = || self.scope().select::<Entity>().select_only().column(Column::BlockerId);
        let mut first = edges().filter(Column::TaskId.is_in(blockers.iter().copied().map(uuid))).into_query();
        let mut next = edges().into_query();
        let step = Expr::col((Entity, Column::TaskId)).eq(Expr::col((WAITED_FOR, "id")));
        next.join(JoinType::InnerJoin, WAITED_FOR, step);
        // Each task is met once: it comes to an end.
        first.union(UnionType::Distinct, next);
        let found = CommonTableExpression::new().table_name(WAITED_FOR).column("id").query(first).to_owned();
        Query::select()
            .column("id")
            .from(WAITED_FOR)
            .and_where(Expr::col("id").eq(task.as_uuid()))
            .with_cte(WithClause::new().recursive(true).cte(found).to_owned())
            .to_owned()
    }

    /// Has no task wait any longer for those that are about to be removed.
    pub(super) async fn unblock(&mut self, removed: &[TaskId]) -> Result<(), Error> {
        let waiting =
            self.scope().select::<Entity>().filter(Column::BlockerId.is_in(removed.iter().copied().map(uuid)));
        let waiting = waiting.select_only().column(Column::TaskId).distinct();
        let waiting: Vec<Uuid> = waiting.into_tuple().all(self.transaction()).await?;
        for id in waiting.into_iter().map(TaskId::from).filter(|id| !removed.contains(id)) {
            let before = self.any_task(id).await?;
            let mut task = before.clone();
            task.forget_blockers(removed, self.moment());
            self.update_task(&before, &task).await?;
        }
        Ok(())
    }
}

fn uuid(id: TaskId) -> Uuid {
    id.as_uuid()
}
