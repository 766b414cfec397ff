//! The contract's side: requests in, answers out, no rules; and the one question that is asked of auth-service itself.

mod convert;
mod limit;
mod probe;
mod read;
mod task_list_service;
mod task_service;

pub(crate) use self::probe::judges_tokens;
pub use self::{limit::limit_requests, task_list_service::TaskListGrpc, task_service::TaskGrpc};
