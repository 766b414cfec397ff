//! What a client wants of one change: whether it may be repeated, whether it is only to be checked, and until when it
//! is waited for.

use aws_lc_rs::digest::{SHA256, digest};
use service_runtime::deadline::Deadline;
use uuid::Uuid;

macro_rules! methods {
    ($($name:ident),+) => {
        /// An RPC that changes something. The names are stored with remembered answers: they never change.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Method {
            $(#[doc = concat!("The RPC ", stringify!($name), ".")] $name,)+
        }

        impl Method {
            /// The RPC's name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }
        }
    };
}

methods!(
    CreateTask,
    UpdateTask,
    ModifyTaskLabels,
    StartTask,
    CompleteTask,
    ReopenTask,
    CancelTask,
    BatchCreateTasks,
    BatchUpdateTasks,
    BatchDeleteTasks,
    MoveTask,
    DeleteTask,
    UndeleteTask,
    PurgeTasks,
    CreateTaskList,
    UpdateTaskList,
    MoveTaskList,
    DeleteTaskList,
    UndeleteTaskList
);

/// Tells payloads apart without keeping them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PayloadHash([u8; 32]);

impl PayloadHash {
    /// The SHA-256 of what a client asked for.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, payload).as_ref());
        Self(hash)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The terms on which a change is asked for.
#[derive(Clone, Debug)]
pub struct Intent {
    /// What is asked for.
    pub method: Method,
    /// Under this id the same request takes effect once.
    pub request_id: Option<Uuid>,
    /// What makes it the same request.
    pub payload: PayloadHash,
    /// Check only; change nothing.
    pub validate_only: bool,
    /// No commit begins after it.
    pub deadline: Deadline,
}
