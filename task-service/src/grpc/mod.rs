//! The contract's side: requests in, answers out, no rules.

mod convert;
mod limit;
mod read;
mod task_list_service;
mod task_service;

pub use self::{limit::limit_requests, task_list_service::TaskListGrpc, task_service::TaskGrpc};
