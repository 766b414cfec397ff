//! The only place where queries begin. A scope adds whose rows are meant, so that no query can forget it.

#![expect(clippy::disallowed_methods, reason = "the one place where a query begins, and it adds the user")]

use authn::UserId;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, DeleteMany, EntityTrait, Insert, InsertMany, QueryFilter,
    Select, UpdateMany, Value, sea_query::SelectStatement,
};
use uuid::Uuid;

use super::entity::{
    deletion_cursor, request_record, task, task_block, task_change, task_label, task_list, user_revision,
};

/// A table whose rows belong to users.
pub(super) trait Owned: EntityTrait {
    /// The column that says to whom.
    const OWNER: Self::Column;
}

impl Owned for user_revision::Entity {
    const OWNER: Self::Column = user_revision::Column::UserId;
}

impl Owned for task_list::Entity {
    const OWNER: Self::Column = task_list::Column::UserId;
}

impl Owned for task::Entity {
    const OWNER: Self::Column = task::Column::UserId;
}

impl Owned for task_label::Entity {
    const OWNER: Self::Column = task_label::Column::UserId;
}

impl Owned for task_block::Entity {
    const OWNER: Self::Column = task_block::Column::UserId;
}

impl Owned for task_change::Entity {
    const OWNER: Self::Column = task_change::Column::UserId;
}

impl Owned for request_record::Entity {
    const OWNER: Self::Column = request_record::Column::UserId;
}

/// The rows of one user.
#[derive(Clone, Copy, Debug)]
pub(super) struct UserScope(UserId);

impl UserScope {
    pub(super) fn new(user: UserId) -> Self {
        Self(user)
    }

    pub(super) fn user(self) -> UserId {
        self.0
    }

    pub(super) fn select<E: Owned>(self) -> Select<E> {
        E::find().filter(E::OWNER.eq(self.id()))
    }

    pub(super) fn update<E: Owned>(self) -> UpdateMany<E> {
        E::update_many().filter(E::OWNER.eq(self.id()))
    }

    pub(super) fn delete<E: Owned>(self) -> DeleteMany<E> {
        E::delete_many().filter(E::OWNER.eq(self.id()))
    }

    /// Inserts a row as the user's, whatever it says of its owner.
    pub(super) fn insert<E: Owned, A: ActiveModelTrait<Entity = E>>(self, row: A) -> Insert<A> {
        E::insert(self.own(row))
    }

    /// Inserts rows as the user's, whatever they say of their owner.
    pub(super) fn insert_many<E: Owned, A: ActiveModelTrait<Entity = E>>(
        self,
        rows: impl IntoIterator<Item = A>,
    ) -> InsertMany<A> {
        E::insert_many(rows.into_iter().map(|row| self.own(row)))
    }

    fn own<E: Owned, A: ActiveModelTrait<Entity = E>>(self, mut row: A) -> A {
        row.set(E::OWNER, Value::from(self.id()));
        row
    }

    fn id(self) -> Uuid {
        self.0.as_uuid()
    }
}

/// The `number` that a query answers which begins at a scope.
pub(super) async fn counted(connection: &impl ConnectionTrait, query: &SelectStatement) -> Result<i64, DbErr> {
    let row = connection.query_one(query).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("number".to_owned()))?.try_get("", "number")
}

/// The rows of every user, for work that belongs to no caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemScope;

impl SystemScope {
    pub(super) fn delete<E: Owned>(self) -> DeleteMany<E> {
        E::delete_many()
    }

    pub(super) fn select<E: Owned>(self) -> Select<E> {
        E::find()
    }

    /// The only row of a table that belongs to nobody.
    pub(super) fn deletion_cursor(self) -> Select<deletion_cursor::Entity> {
        deletion_cursor::Entity::find()
    }

    pub(super) fn move_deletion_cursor(self) -> UpdateMany<deletion_cursor::Entity> {
        deletion_cursor::Entity::update_many()
    }
}
