//! The tables as SeaORM sees them. Private to the store: only its scopes begin a query.

#![expect(unreachable_pub, reason = "SeaORM's macros need what they derive from to be public")]

pub(super) mod deletion_cursor;
pub(super) mod request_record;
pub(super) mod task;
pub(super) mod task_block;
pub(super) mod task_change;
pub(super) mod task_label;
pub(super) mod task_list;
pub(super) mod user_revision;
