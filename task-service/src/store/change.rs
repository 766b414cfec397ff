//! The log of changes: what a client that was away has to read again.

use sea_orm::ActiveValue::{NotSet, Set};
use uuid::Uuid;

use super::entity::task_change;
use crate::{
    id::{TaskId, TaskListId},
    task::Moment,
};

/// What was done to a resource.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Create,
    Update,
    /// Into the trash.
    Delete,
    /// For good.
    Purge,
}

/// One resource that a write has changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    kind: &'static str,
    operation: Operation,
    resource: Uuid,
}

impl Change {
    pub(super) fn task(operation: Operation, id: TaskId) -> Self {
        Self { kind: "TASK", operation, resource: id.as_uuid() }
    }

    pub(super) fn task_list(operation: Operation, id: TaskListId) -> Self {
        Self { kind: "TASK_LIST", operation, resource: id.as_uuid() }
    }

    /// The row of the `n`th change of one revision.
    pub(super) fn row(self, n: i32, at: Moment) -> task_change::ActiveModel {
        let operation = match self.operation {
            Operation::Create => "CREATE",
            Operation::Update => "UPDATE",
            Operation::Delete => "DELETE",
            Operation::Purge => "PURGE",
        };
        task_change::ActiveModel {
            user_id: NotSet,
            revision: Set(at.revision),
            n: Set(n),
            kind: Set(self.kind.to_owned()),
            operation: Set(operation.to_owned()),
            resource_id: Set(self.resource),
            create_time: Set(at.time),
        }
    }
}
