//! What a revocation is about.

use std::sync::Arc;

use crate::{Caller, SessionId};

/// What is good no longer, and with it every token that it touches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A session.
    Session(SessionId),
    /// A signing key, by its `kid`.
    Key(Arc<str>),
}

impl Subject {
    /// All that a caller's token depends on.
    pub(crate) fn all_of(caller: &Caller) -> [Self; 2] {
        [Self::Session(caller.session_id), Self::Key(caller.key_id.as_str().into())]
    }
}
