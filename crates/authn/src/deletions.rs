//! Learns from auth-service which users are no more.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use proto::auth::v1::{
    ErrorReason, ListUserDeletionsRequest, ListUserDeletionsResponse,
};
use service_runtime::telemetry;
use tokio::time::timeout;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::{
    UserId,
    endpoints::{Endpoints, MalformedAddress, is_trouble},
    refusal,
};

/// How long auth-service may take to answer.
const LONGEST_CALL: Duration = Duration::from_secs(5);

/// How many deletions are asked for at once.
const PAGE_SIZE: i32 = 100;

/// Asks `TokenService.ListUserDeletions`.
#[derive(Clone, Debug)]
pub struct RemoteDeletions(Arc<Endpoints>);

/// A user who is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserDeletion {
    /// Who it was.
    pub user_id: UserId,
    /// Since when.
    pub delete_time: SystemTime,
}

/// Deletions in their order, and where to go on.
#[derive(Clone, Debug)]
pub struct UserDeletions {
    /// At most a hundred; none: there is nothing new.
    pub deletions: Vec<UserDeletion>,
    /// What to ask with the next time.
    pub next_cursor: String,
}

/// Why the deletions could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListUserDeletionsError {
    /// auth-service does not know the cursor: begin again with an empty one.
    #[error("the cursor has expired")]
    CursorExpired,
    /// auth-service did not answer, or made no sense.
    #[error("auth-service could not be asked: {0}")]
    Unavailable(String),
}

impl RemoteDeletions {
    /// Connects to auth-service's internal port, at one of its replicas (`urls` has commas between them), when it is
    /// first needed, and again whenever the connection is lost.
    ///
    /// # Errors
    /// When one of the URLs is not one.
    pub fn connect_lazy(urls: &str) -> Result<Self, MalformedAddress> {
        Ok(Self(Arc::new(Endpoints::parse(urls)?)))
    }

    /// What follows the cursor; an empty one stands before the first deletion.
    ///
    /// # Errors
    /// When the cursor has expired, or auth-service does not answer within 5 s.
    pub async fn list(&self, cursor: &str) -> Result<UserDeletions, ListUserDeletionsError> {
        let message = ListUserDeletionsRequest { cursor: cursor.to_owned(), page_size: PAGE_SIZE };
        let mut request = Request::new(message);
        request.set_timeout(LONGEST_CALL);
        telemetry::inject(request.metadata_mut());
        let turn = self.0.pick(None).ok_or_else(|| unavailable("it did not answer a moment ago"))?;
        let answer = timeout(LONGEST_CALL, turn.client().list_user_deletions(request)).await;
        let answer = answer.unwrap_or_else(|_elapsed| Err(Status::deadline_exceeded("it did not answer in time")));
        match &answer {
            Err(status) if is_trouble(status) => turn.failed(),
            _ => turn.answered(),
        }
        answer.map_err(|status| refused(&status))?.into_inner().try_into()
    }
}

impl TryFrom<ListUserDeletionsResponse> for UserDeletions {
    type Error = ListUserDeletionsError;

    fn try_from(answer: ListUserDeletionsResponse) -> Result<Self, Self::Error> {
        let deletion = |deletion: proto::auth::v1::UserDeletion| {
            let delete_time = SystemTime::try_from(deletion.delete_time?).ok()?;
            Some(UserDeletion { user_id: deletion.user_id.parse().ok()?, delete_time })
        };
        let deletions = answer.deletions.into_iter().map(deletion).collect::<Option<_>>();
        let deletions = deletions.ok_or_else(|| unavailable("its answer cannot be read"))?;
        Ok(Self { deletions, next_cursor: answer.next_cursor })
    }
}

fn refused(status: &Status) -> ListUserDeletionsError {
    let expired = ErrorReason::CursorExpired.reason();
    let says_so = |info: tonic_types::ErrorInfo| info.domain == refusal::DOMAIN && info.reason == expired;
    if status.code() == Code::OutOfRange && status.get_details_error_info().is_some_and(says_so) {
        return ListUserDeletionsError::CursorExpired;
    }
    unavailable(status.to_string())
}

fn unavailable(cause: impl Into<String>) -> ListUserDeletionsError {
    ListUserDeletionsError::Unavailable(cause.into())
}
