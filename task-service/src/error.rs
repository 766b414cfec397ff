//! Everything that can go wrong with a call, and what each is answered with.

use std::time::Duration;

use proto::{auth::v1::RejectionReason, task::v1::ErrorReason};
use sea_orm::DbErr;
use service_runtime::{
    database::WriteError,
    status::{self, Refusal},
};
use tonic::{Code, Status};

use uuid::Uuid;

use crate::{
    filter::FilterError,
    id::{TaskId, TaskListId},
    task::{State, Task},
};

/// The `domain` of this service's refusals.
pub const DOMAIN: &str = "task.duet";

/// When one who was refused for too many changes may try again: by then most of those that waited are done.
const OVERLOAD_PAUSE: Duration = Duration::from_millis(500);

/// Why a call failed. No variant shows its source: that is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the caller's.
    #[error("there is no such task")]
    TaskNotFound,
    /// As `TaskNotFound`, of a list.
    #[error("there is no such task list")]
    TaskListNotFound,
    /// The client chose an id that it has used before.
    #[error("you already have a task with this task_id")]
    TaskExists,
    /// As `TaskExists`, of a list.
    #[error("you already have a task list with this task_list_id")]
    TaskListExists,
    /// Not made here, for this caller and this listing.
    #[error("the page token is not one of this listing; begin again without one")]
    PageTokenInvalid,
    /// No filter that the service knows how to ask.
    #[error(transparent)]
    FilterInvalid(#[from] FilterError),
    /// Somebody else was faster.
    #[error("it has changed since its etag was read; read it again")]
    EtagMismatch,
    /// One id for two requests.
    #[error("the request_id was used with another request; make a new one")]
    RequestIdReused,
    /// A rule that only shows against what is stored.
    #[error("the request breaks a rule in: {field}")]
    Invalid {
        /// The field of the request.
        field: String,
        /// What it must be.
        fault: String,
    },
    /// Only what is in the trash can leave it.
    #[error("it is not in the trash")]
    NotDeleted {
        /// Which task or list.
        id: Uuid,
    },
    /// Tasks of which nothing else is said need a place to go.
    #[error("the inbox cannot be deleted")]
    InboxUndeletable {
        /// Which list.
        id: TaskListId,
    },
    /// A task would come to be above itself.
    #[error("a task cannot be a subtask of itself or of one of its subtasks")]
    ParentCycle {
        /// Which task.
        task: TaskId,
    },
    /// A task would come to wait for itself.
    #[error("a task cannot wait for itself, nor for one that waits for it")]
    BlockCycle {
        /// Which task.
        task: TaskId,
    },
    /// A task would come to be too far below the top.
    #[error("there are at most {} levels of tasks", Task::MAX_LEVELS)]
    TooDeep {
        /// Which task.
        task: TaskId,
    },
    /// The state does not allow this step.
    #[error("a task in the state {} cannot become {}", from.name(), to.name())]
    InvalidTransition {
        /// Which task.
        task: TaskId,
        /// The state that it is in.
        from: State,
        /// The state that was asked for.
        to: State,
    },
    /// There is no room for more.
    #[error("you may have at most {limit} {what}, those in the trash included")]
    QuotaExceeded {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: u32,
    },
    /// Why one of several failed, and with it all of them.
    #[error("{field}[{index}]: {cause}")]
    OfItem {
        /// The field that holds the several.
        field: &'static str,
        /// Which of them, from 0 on.
        index: usize,
        /// Why.
        cause: Box<Error>,
    },
    /// Nobody waits any more; nothing was committed.
    #[error("the deadline passed before the change could be committed; repeat the request_id")]
    DeadlineExceeded,
    /// The user is no more: whoever calls has a token that auth-service refuses from now on, and is told the same here.
    #[error("the user was deleted")]
    UserDeleted,
    /// Somebody else's deadline passed, and what was done together with this was undone. It is done anew as long as
    /// there is time, so that callers learn only of their own deadline.
    #[error("the deadline passed before the change could be committed; repeat the request_id")]
    GroupUndone,
    /// As many changes wait as may.
    #[error("too many changes wait to be written; try again")]
    Overloaded,
    /// The caller asks for more in a second than anybody may.
    #[error("you may make at most {limit} requests a second; try again after the delay")]
    RateLimited {
        /// How many requests.
        limit: u32,
        /// When the next one is let in.
        wait: Duration,
    },
    /// What had been done could not be committed.
    #[error("the database could not commit")]
    NotCommitted(#[source] DbErr),
    /// The database failed or cannot be reached.
    #[error("the database failed")]
    Database(#[from] DbErr),
    /// Our own fault.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// What the store holds makes no sense.
    pub(crate) fn corrupt(what: &'static str) -> Self {
        Self::Internal(what.into())
    }

    /// The same failure, of one of several.
    pub(crate) fn of_item(self, field: &'static str, index: usize) -> Self {
        match self {
            // Neither is about the one item.
            Self::Database(_) | Self::Internal(_) => self,
            cause => Self::OfItem { field, index, cause: Box::new(cause) },
        }
    }

    /// The code and reason that clients see; none for what another crate answers.
    fn answer(&self) -> Option<(Code, ErrorReason)> {
        match self {
            Self::TaskNotFound => Some((Code::NotFound, ErrorReason::TaskNotFound)),
            Self::TaskListNotFound => Some((Code::NotFound, ErrorReason::TaskListNotFound)),
            Self::TaskListExists => Some((Code::AlreadyExists, ErrorReason::TaskListExists)),
            Self::NotDeleted { .. } => Some((Code::FailedPrecondition, ErrorReason::NotDeleted)),
            Self::InboxUndeletable { .. } => Some((Code::FailedPrecondition, ErrorReason::InboxUndeletable)),
            Self::ParentCycle { .. } | Self::BlockCycle { .. } => Some((Code::FailedPrecondition, ErrorReason::Cycle)),
            Self::TooDeep { .. } => Some((Code::FailedPrecondition, ErrorReason::TooDeep)),
            Self::TaskExists => Some((Code::AlreadyExists, ErrorReason::TaskExists)),
            Self::PageTokenInvalid => Some((Code::InvalidArgument, ErrorReason::PageTokenInvalid)),
            Self::FilterInvalid(_) => Some((Code::InvalidArgument, ErrorReason::FilterInvalid)),
            Self::EtagMismatch => Some((Code::Aborted, ErrorReason::EtagMismatch)),
            Self::RequestIdReused => Some((Code::InvalidArgument, ErrorReason::RequestIdReused)),
            Self::Invalid { .. } => Some((Code::InvalidArgument, ErrorReason::ValidationFailed)),
            Self::InvalidTransition { .. } => Some((Code::FailedPrecondition, ErrorReason::InvalidTransition)),
            Self::QuotaExceeded { .. } => Some((Code::ResourceExhausted, ErrorReason::QuotaExceeded)),
            Self::OfItem { cause, .. } => cause.answer(),
            Self::DeadlineExceeded | Self::GroupUndone => Some((Code::DeadlineExceeded, ErrorReason::DeadlineExceeded)),
            Self::Overloaded => Some((Code::ResourceExhausted, ErrorReason::Overloaded)),
            Self::RateLimited { .. } => Some((Code::ResourceExhausted, ErrorReason::RateLimited)),
            Self::UserDeleted | Self::NotCommitted(_) | Self::Database(_) | Self::Internal(_) => None,
        }
    }
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Overloaded => Self::Overloaded,
            WriteError::DeadlineExceeded => Self::DeadlineExceeded,
            WriteError::GroupUndone => Self::GroupUndone,
            WriteError::GroupLost(cause) => Self::NotCommitted(cause),
            WriteError::Database(cause) => Self::Database(cause),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let Some((code, reason)) = error.answer() else {
            return match &error {
                Error::UserDeleted => authn::rejection_status(RejectionReason::Revoked),
                Error::Database(cause) => status::database(DOMAIN, cause),
                Error::NotCommitted(cause) => status::unavailable(DOMAIN, cause),
                Error::Internal(cause) => status::internal(DOMAIN, &**cause),
                other => status::internal(DOMAIN, other),
            };
        };
        let refusal = Refusal::new(DOMAIN, code, reason.reason(), error.to_string());
        details(refusal, &error, "").into()
    }
}

/// What a client can read of it besides the reason. `within` names the item that it is about.
fn details(refusal: Refusal, error: &Error, within: &str) -> Refusal {
    let told = error.to_string();
    match error {
        Error::OfItem { field, index, cause } => {
            details(refusal.metadata("index", index.to_string()), cause, &format!("{field}[{index}]."))
        }
        Error::InvalidTransition { task, from, .. } => {
            refusal.precondition("STATE", task.to_string(), format!("the task is {}", from.name()))
        }
        Error::QuotaExceeded { what, .. } => refusal.quota(*what, told),
        Error::NotDeleted { id } => refusal.precondition("TRASH", id.to_string(), told),
        Error::InboxUndeletable { id } => refusal.precondition("INBOX", id.to_string(), told),
        Error::ParentCycle { task } | Error::BlockCycle { task } => {
            refusal.precondition("CYCLE", task.to_string(), told)
        }
        Error::TooDeep { task } => refusal.precondition("DEPTH", task.to_string(), told),
        Error::FilterInvalid(error) => {
            refusal.metadata("position", error.position().to_string()).violation("filter", error.rule())
        }
        Error::Invalid { field, fault } => refusal.violation(format!("{within}{field}"), fault),
        Error::Overloaded => refusal.retry_after(OVERLOAD_PAUSE),
        Error::RateLimited { wait, .. } => refusal.retry_after(*wait),
        _ => refusal,
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn a_refusal_names_its_reason_and_domain() {
        let status = Status::from(Error::TaskNotFound);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(
            (status.code(), info.reason.as_str(), info.domain.as_str()),
            (Code::NotFound, "TASK_NOT_FOUND", DOMAIN)
        );
    }

    #[test]
    fn a_step_that_is_not_allowed_says_what_is_in_its_way() {
        let task = TaskId::from(Uuid::nil());
        let status = Status::from(Error::InvalidTransition { task, from: State::Cancelled, to: State::Completed });
        let failure = status.get_details_precondition_failure().unwrap();
        assert_eq!(failure.violations[0].subject, task.to_string());
        assert_eq!(status.message(), "a task in the state CANCELLED cannot become COMPLETED");
    }

    #[test]
    fn our_own_fault_shows_nothing_of_its_cause() {
        for error in [Error::corrupt("table task"), Error::Database(DbErr::Custom("SELECT secret".to_owned()))] {
            let status = Status::from(error);
            assert_eq!((status.code(), status.message()), (Code::Internal, "internal error"));
        }
    }
}
