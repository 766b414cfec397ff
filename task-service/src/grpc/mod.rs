//! The contract's side: requests in, answers out, no rules.

mod convert;
mod read;
mod task_service;

pub use task_service::TaskGrpc;
