//! The whole service over its port, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_methods, reason = "tests look behind the service's back")]

mod access;
mod batches;
mod blockers;
mod deletions;
mod fields;
mod filtering_guide;
mod filters;
mod groups;
mod layers;
mod lifecycle;
mod lists;
mod migrations;
mod model;
mod moves;
mod orders;
mod pages;
mod places;
mod queries;
mod quotas;
mod races;
mod repeats;
mod request_limit;
mod states;
mod storms;
mod strangers;
mod subtasks;
mod support;
mod trash;
mod writes;
