//! The locks, in one place, so that a model checker can take theirs.

pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
