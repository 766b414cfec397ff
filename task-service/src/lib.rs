//! Keeps each user's tasks.
//!
//! A call comes in through the layer of `authn`, which knows who calls, to [`grpc`]: requests are read into domain
//! values there, and answers written. [`tasks`] is what a caller can do with them; the rules of a [`task`] and of its
//! parts ([`task_text`], [`task_time`], [`position`], [`etag`]) stand in files of their own, and know neither gRPC nor
//! SQL. [`store`] holds the queries: one scope for each user, and one way to write, which gives every change a
//! revision, a place in the log and an answer to remember ([`intent`]). [`page`] leads through listings. [`migration`]
//! is the schema, [`purge`] the housekeeping, [`error`] what all this can refuse.
//!
//! [`app`] builds it once, from [`settings`]; the binary and the tests call [`serve`].

pub mod app;
pub mod error;
pub mod etag;
pub mod grpc;
pub mod id;
pub mod intent;
pub mod migration;
pub mod page;
pub mod position;
pub mod purge;
pub mod settings;
pub mod store;
pub mod task;
pub mod task_text;
pub mod task_time;
pub mod tasks;

pub use app::{Listeners, serve, serve_with};
pub use settings::Settings;
