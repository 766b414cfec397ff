//! Signs people up, logs them in, keeps their sessions, and says whose a token is.
//!
//! A call comes in through the layer of `authn` to [`grpc`], where requests become domain values and answers protobuf.
//! [`accounts`] holds what people can do: sign up, log in, log out. Each attempt passes the [`limiter`], which counts
//! per [`client`] and per account, and remembers its [`refusals`], before anything else is done for it. An [`email`] and
//! a [`user`]'s name are valid once they exist; a [`password`] meets the policy, and [`hashing`] turns it into a hash in
//! threads of its own, each with a [`hasher`]. A [`stored_hash`] may have been made elsewhere, by another
//! [`hash_scheme`]; [`hash_cost`] sees to it that nobody can tell from the time that a check takes. What comes out is one
//! of the [`sessions`], whose tokens a page of one of the [`browser`] origins may have in a cookie, and a [`token`] signed with one of the [`signing`] keys, which replace each other by themselves and
//! which administrators look after by way of [`keys`]. What else the installation keeps secret is in [`secrets`].
//!
//! The [`judge`] tells other services, and this one's own layer, whose a token is: it reads the strict form of a
//! [`jwt`], checks signature and claims, and remembers what it found. Whether the session lives it knows from the
//! [`revocations`], which hold every session that ended before its tokens did, and which other services may watch.
//! [`jwks`] publishes the keys for whoever would rather check for themselves.
//!
//! [`store`] holds the queries, and writes the audit trail in the transaction of what it tells of; people read theirs
//! through [`trail`], and [`upkeep`] forgets what is old. [`migration`] is the schema; [`identifier`] names things; [`error`] is all that can go wrong, and what callers are told of it.
//!
//! [`app`] builds it once, from [`settings`]; the binary and the tests call [`serve`].

mod accounts;
pub mod app;
pub mod browser;
pub mod client;
pub mod commands;
mod contention;
mod deletions;
pub mod email;
pub mod error;
mod event;
mod grpc;
mod hash_cost;
mod hash_scheme;
mod hasher;
mod hashing;
mod identifier;
mod identities;
mod import;
pub mod issuers;
mod judge;
mod jwks;
pub mod jwt;
mod keys;
mod limiter;
pub mod migration;
mod not_before;
mod pages;
pub mod password;
mod profile;
mod refresh_token;
mod refusals;
mod revocations;
mod rotation;
mod secrets;
mod sessions;
pub mod settings;
mod signing;
mod store;
mod stored_hash;
pub mod token;
mod trail;
mod upkeep;
pub mod user;
mod users;

pub use app::{Listeners, serve};
pub use settings::Settings;
