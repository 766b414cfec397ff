//! Places among siblings: the tasks of one list under one parent, or a user's lists.

use sea_orm::{
    ColumnTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{
    change::{Change, Operation},
    entity::{task, task_list},
    scope::Owned,
    write::Write,
};
use crate::{
    error::Error,
    id::{TaskId, TaskListId},
    place::Place,
    position::Position,
};

/// How many siblings on either side give way at first when there is no place left between two.
const FEW: usize = 32;

/// Siblings that gave way leave enough room once their positions are no longer than this.
const ROOMY_BYTES: usize = 64;

/// Rows that stand in an order which their user can change.
pub(super) trait Placed: Owned {
    const ID: Self::Column;
    const POSITION: Self::Column;
    const UPDATE_TIME: Self::Column;
    const REVISION: Self::Column;
    /// What a neighbour of it is called in a request, behind `before_` and `after_`.
    const NEIGHBOUR: &'static str;

    fn moved(id: Uuid) -> Change;
}

impl Placed for task::Entity {
    const ID: task::Column = task::Column::Id;
    const POSITION: task::Column = task::Column::Position;
    const UPDATE_TIME: task::Column = task::Column::UpdateTime;
    const REVISION: task::Column = task::Column::Revision;
    const NEIGHBOUR: &'static str = "task_id";

    fn moved(id: Uuid) -> Change {
        Change::task(Operation::Update, id.into())
    }
}

impl Placed for task_list::Entity {
    const ID: task_list::Column = task_list::Column::Id;
    const POSITION: task_list::Column = task_list::Column::Position;
    const UPDATE_TIME: task_list::Column = task_list::Column::UpdateTime;
    const REVISION: task_list::Column = task_list::Column::Revision;
    const NEIGHBOUR: &'static str = "task_list_id";

    fn moved(id: Uuid) -> Change {
        Change::task_list(Operation::Update, id.into())
    }
}

/// One sibling: siblings that share a position are told apart by their ids.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Sibling {
    position: Position,
    id: Uuid,
}

/// On which side of a gap.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Side {
    Before,
    Behind,
}

impl Write {
    /// A place for a task among those of a list under one parent, those in the trash included: they may come back.
    pub async fn place_task(
        &mut self,
        task: TaskId,
        list: TaskListId,
        parent: Option<TaskId>,
        place: Place<TaskId>,
    ) -> Result<Position, Error> {
        let of_list = self.scope().select::<task::Entity>().filter(task::Column::TaskListId.eq(list.as_uuid()));
        let siblings = match parent {
            Some(parent) => of_list.filter(task::Column::ParentId.eq(parent.as_uuid())),
            None => of_list.filter(task::Column::ParentId.is_null()),
        };
        self.place(siblings, task.as_uuid(), place.map(TaskId::as_uuid)).await
    }

    /// A place for a list among the user's.
    pub async fn place_list(&mut self, list: TaskListId, place: Place<TaskListId>) -> Result<Position, Error> {
        let siblings = self.scope().select::<task_list::Entity>();
        self.place(siblings, list.as_uuid(), place.map(TaskListId::as_uuid)).await
    }

    async fn place<E: Placed>(&mut self, siblings: Select<E>, id: Uuid, place: Place<Uuid>) -> Result<Position, Error> {
        // What moves leaves its own place free.
        let others = siblings.filter(E::ID.ne(id));
        let (lower, upper) = self.gap(&others, place).await?;
        let position = |sibling: &Option<Sibling>| sibling.as_ref().map(|sibling| sibling.position.clone());
        match Position::between(position(&lower).as_ref(), position(&upper).as_ref()) {
            Some(position) => Ok(position),
            None => self.make_room(&others, lower, upper).await,
        }
    }

    /// The siblings that a place lies between.
    async fn gap<E: Placed>(
        &self,
        others: &Select<E>,
        place: Place<Uuid>,
    ) -> Result<(Option<Sibling>, Option<Sibling>), Error> {
        let gap = match place {
            Place::First => (None, self.next(others, None, Side::Behind, 1).await?.pop()),
            Place::Last => (self.next(others, None, Side::Before, 1).await?.pop(), None),
            Place::Before(anchor) => {
                let anchor = self.anchor(others, anchor, "before").await?;
                (self.next(others, Some(&anchor), Side::Before, 1).await?.pop(), Some(anchor))
            }
            Place::After(anchor) => {
                let anchor = self.anchor(others, anchor, "after").await?;
                let upper = self.next(others, Some(&anchor), Side::Behind, 1).await?.pop();
                (Some(anchor), upper)
            }
        };
        Ok(gap)
    }

    /// Moves the siblings around a gap apart, as few as will do, and answers the place between them.
    async fn make_room<E: Placed>(
        &mut self,
        others: &Select<E>,
        lower: Option<Sibling>,
        upper: Option<Sibling>,
    ) -> Result<Position, Error> {
        let mut few = FEW;
        loop {
            let (mut before, outer_lower) = self.neighbours(others, &lower, Side::Before, few).await?;
            let (behind, outer_upper) = self.neighbours(others, &upper, Side::Behind, few).await?;
            before.reverse();
            let count = before.len() + 1 + behind.len();
            let places = Position::spread(outer_lower.as_ref(), outer_upper.as_ref(), count);
            let all = outer_lower.is_none() && outer_upper.is_none();
            let roomy = |places: &Vec<Position>| all || places.iter().all(|at| at.as_str().len() <= ROOMY_BYTES);
            if let Some(mut places) = places.filter(roomy) {
                let place = places.remove(before.len());
                for (sibling, position) in before.into_iter().chain(behind).zip(places) {
                    self.move_to::<E>(&sibling, &position).await?;
                }
                return Ok(place);
            }
            if all {
                return Err(Error::corrupt("siblings have no order"));
            }
            few *= 2;
        }
    }

    /// Up to `count` siblings from the edge of a gap on, nearest first, and the position of the one beyond them.
    async fn neighbours<E: Placed>(
        &self,
        others: &Select<E>,
        edge: &Option<Sibling>,
        side: Side,
        count: usize,
    ) -> Result<(Vec<Sibling>, Option<Position>), Error> {
        let Some(edge) = edge else { return Ok((Vec::new(), None)) };
        let mut siblings = vec![edge.clone()];
        siblings.extend(self.next(others, Some(edge), side, count).await?);
        let beyond = if siblings.len() > count { siblings.pop() } else { None };
        Ok((siblings, beyond.map(|sibling| sibling.position)))
    }

    async fn anchor<E: Placed>(&self, others: &Select<E>, id: Uuid, side: &str) -> Result<Sibling, Error> {
        let found = self.siblings(others.clone().filter(E::ID.eq(id))).await?.pop();
        found.ok_or_else(|| Error::Invalid {
            field: format!("{side}_{}", E::NEIGHBOUR),
            fault: "must be another one with the same list and parent".to_owned(),
        })
    }

    /// Up to `count` siblings on one side of another, nearest first; without another, from the end of all on.
    async fn next<E: Placed>(
        &self,
        others: &Select<E>,
        from: Option<&Sibling>,
        side: Side,
        count: usize,
    ) -> Result<Vec<Sibling>, Error> {
        let mut query = others.clone();
        if let Some(Sibling { position, id }) = from {
            let place = Expr::tuple([Expr::col(E::POSITION), Expr::col(E::ID)]);
            let edge = Expr::tuple([position.as_str().into(), (*id).into()]);
            query = query.filter(if side == Side::Before { place.lt(edge) } else { place.gt(edge) });
        }
        let order = if side == Side::Before { Order::Desc } else { Order::Asc };
        self.siblings(query.order_by(E::POSITION, order.clone()).order_by(E::ID, order).limit(count as u64)).await
    }

    async fn siblings<E: Placed>(&self, query: Select<E>) -> Result<Vec<Sibling>, Error> {
        let query = query.select_only().column(E::POSITION).column(E::ID);
        let rows: Vec<(String, Uuid)> = query.into_tuple().all(self.transaction()).await?;
        let sibling = |(position, id)| Sibling { position: Position::from_stored(position), id };
        Ok(rows.into_iter().map(sibling).collect())
    }

    async fn move_to<E: Placed>(&mut self, sibling: &Sibling, position: &Position) -> Result<(), Error> {
        if sibling.position != *position {
            let at = self.moment();
            let update = self
                .scope()
                .update::<E>()
                .col_expr(E::POSITION, position.as_str().into())
                .col_expr(E::UPDATE_TIME, at.time.into())
                .col_expr(E::REVISION, at.revision.into())
                .filter(E::ID.eq(sibling.id));
            update.exec(self.transaction()).await?;
            self.log(E::moved(sibling.id));
        }
        Ok(())
    }
}
