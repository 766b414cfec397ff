//! The whole service over its port, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests look behind the service's back")]

mod access;
mod fields;
mod layers;
mod lifecycle;
mod pages;
mod races;
mod repeats;
mod strangers;
mod support;
mod writes;
