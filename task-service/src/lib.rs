//! Keeps each user's tasks.
//!
//! A call comes in through the layer of `authn`, which knows who calls, to [`grpc`]: requests are read into domain
//! values there, and answers written. [`tasks`] is what a caller can do with them; the rules of a [`task`] and of its
//! parts ([`task_text`], [`task_time`], [`position`], [`etag`]) stand in files of their own, and know neither gRPC nor
//! SQL. [`store`] holds the queries: one scope for each user, and one way to write, which gives every change a
//! revision, a place in the log and an answer to remember ([`intent`]). A [`listing`] has a [`filter`] and an
//! [`order`], and is led through by [`page`]. [`request_limit`] bounds what one user may ask for in a second. [`migration`] is the schema, [`purge`] and [`deletions`] are the
//! housekeeping, [`error`] what all this can refuse; [`doctor`] finds what is wrong with an installation.
//!
//! [`app`] builds it once, from [`settings`]; the binary and the tests call [`serve`].

pub mod app;
pub mod deletions;
pub mod doctor;
pub mod error;
pub mod etag;
pub mod filter;
pub mod grpc;
pub mod id;
pub mod intent;
pub mod listing;
pub mod lists;
pub mod migration;
pub mod order;
pub mod page;
pub mod place;
pub mod position;
pub mod purge;
pub mod request_limit;
pub mod settings;
pub mod store;
pub mod task;
pub mod task_annotation;
pub mod task_batches;
pub mod task_blockers;
pub mod task_draft;
pub mod task_list;
pub mod task_moves;
pub mod task_reminder;
pub mod task_state;
pub mod task_text;
pub mod task_time;
pub mod task_trash;
pub mod tasks;

pub use app::{Listeners, serve, serve_with};
pub use settings::Settings;
