//! The whole service over its ports, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod account_limit;
mod accounts;
mod cookies;
mod deletion;
mod forged_tokens;
mod identities;
mod issuers;
mod keys;
mod limits;
mod memory;
mod passwords;
mod profile;
mod refresh;
mod refresh_races;
mod revocations;
mod sessions;
mod silence;
mod start;
mod support;
mod tokens;
mod trail;
mod upkeep;
mod users;
mod watch;
