//! Everything that can go wrong with a call, and what each is answered with.

use proto::task::v1::ErrorReason;
use sea_orm::DbErr;
use service_runtime::status::{self, Refusal};
use tonic::{Code, Status};

use crate::{id::TaskId, task::State};

/// The `domain` of this service's refusals.
pub const DOMAIN: &str = "task.duet";

/// Why a call failed. No variant shows its source: that is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the caller's.
    #[error("there is no such task")]
    TaskNotFound,
    /// The client chose an id that it has used before.
    #[error("you already have a task with this task_id")]
    TaskExists,
    /// Not made here, for this caller and this listing.
    #[error("the page token is not one of this listing; begin again without one")]
    PageTokenInvalid,
    /// Somebody else was faster.
    #[error("the task has changed since its etag was read; read it again")]
    EtagMismatch,
    /// One id for two requests.
    #[error("the request_id was used with another request; make a new one")]
    RequestIdReused,
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
    /// Nobody waits any more; nothing was committed.
    #[error("the deadline passed before the change could be committed; repeat the request_id")]
    DeadlineExceeded,
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

    /// The code and reason that clients see; none for what the runtime answers by itself.
    fn answer(&self) -> Option<(Code, ErrorReason)> {
        match self {
            Self::TaskNotFound => Some((Code::NotFound, ErrorReason::TaskNotFound)),
            Self::TaskExists => Some((Code::AlreadyExists, ErrorReason::TaskExists)),
            Self::PageTokenInvalid => Some((Code::InvalidArgument, ErrorReason::PageTokenInvalid)),
            Self::EtagMismatch => Some((Code::Aborted, ErrorReason::EtagMismatch)),
            Self::RequestIdReused => Some((Code::InvalidArgument, ErrorReason::RequestIdReused)),
            Self::InvalidTransition { .. } => Some((Code::FailedPrecondition, ErrorReason::InvalidTransition)),
            Self::DeadlineExceeded => Some((Code::DeadlineExceeded, ErrorReason::DeadlineExceeded)),
            Self::Database(_) | Self::Internal(_) => None,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let Some((code, reason)) = error.answer() else {
            return match &error {
                Error::Database(cause) => status::database(DOMAIN, cause),
                Error::Internal(cause) => status::internal(DOMAIN, &**cause),
                other => status::internal(DOMAIN, other),
            };
        };
        let refusal = Refusal::new(DOMAIN, code, reason.reason(), error.to_string());
        match &error {
            Error::InvalidTransition { task, from, .. } => {
                refusal.precondition("STATE", task.to_string(), format!("the task is {}", from.name())).into()
            }
            _ => refusal.into(),
        }
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
        let task = TaskId::from(uuid::Uuid::nil());
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
