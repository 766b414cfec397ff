//! Signs people up, logs them in, keeps their sessions, and says whose a token is.
//!
//! A call comes in through the layer of `authn` to [`grpc`], where requests become domain values and answers protobuf.
//! [`accounts`] holds what people can do: sign up, log in, log out. Each attempt passes the [`limiter`], which counts
//! per [`client`], before anything else is done for it. An [`email`] and a [`user`]'s name are valid once they exist; a
//! [`password`] meets the policy, and [`hashing`] turns it into a hash in threads of its own, by means of a
//! [`hasher`]. What comes out is a session, and a [`token`] signed with one of the [`signing`] keys.
//!
//! The [`judge`] tells other services, and this one's own layer, whose a token is: it reads the strict form of a
//! [`jwt`], checks signature and claims in memory, and asks the database whether the session lives. [`jwks`] publishes
//! the keys for whoever would rather check for themselves.
//!
//! [`store`] holds the queries, and writes the audit trail in the transaction of what it tells of; [`migration`] is
//! the schema; [`identifier`] names things; [`error`] is all that can go wrong, and what callers are told of it.
//!
//! [`app`] builds it once, from [`settings`]; the binary and the tests call [`serve`].

mod accounts;
pub mod app;
pub mod client;
pub mod email;
pub mod error;
mod grpc;
mod hasher;
mod hashing;
mod identifier;
mod judge;
mod jwks;
mod jwt;
mod limiter;
pub mod migration;
pub mod password;
pub mod settings;
mod signing;
mod store;
pub mod token;
pub mod user;

pub use app::{Listeners, serve};
pub use settings::Settings;
