//! The running pair, tested from outside: two real processes, real databases, a real Envoy.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod access;
mod auth_outage;
mod better_auth;
mod cli;
mod collector;
mod crashes;
mod day;
mod deadlines;
mod deletions;
mod disk_order;
mod doctor;
mod document;
mod drain;
mod edge_web;
mod frames;
mod grpcurl;
mod guide;
mod history;
mod journey;
mod keys;
mod late_news;
mod leaks;
mod limits;
mod linked;
mod outsider;
mod ownership;
mod page_in_use;
mod postgres_outage;
mod replays;
mod replicas;
mod sessions;
mod silence;
mod sqlite_lock;
mod trace;
mod writers;
