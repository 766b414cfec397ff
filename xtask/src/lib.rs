//! What `cargo xtask` does, and what the end-to-end tests and the benches need to run the same real programs.
//!
//! - [`workspace`]: where things are: the project, the target folder, the binaries built.
//! - [`tools`]: Envoy, buf, grpcurl, cargo-deny, PostgreSQL, Node, Better Auth, Chromium and the page, found, built
//!   or installed in pinned versions.
//! - [`process`]: children that end with their owner; [`interrupt`]: Ctrl-C and SIGTERM.
//! - [`postgres`]: a private PostgreSQL server; [`envoy`]: Envoy with the deployed configuration on other ports;
//!   [`page`]: what is built of `web` as routes in it.
//! - [`port`]: free ports; [`http`]: asking whether something is ready; [`scratch`]: folders that vanish.
//! - [`log`]: one terminal for several children; [`summary`]: adding up what `cargo test` says.
#![expect(clippy::print_stderr, reason = "a command for people: its output is the terminal")]

pub mod envoy;
pub mod http;
pub mod interrupt;
pub mod log;
pub mod page;
pub mod port;
pub mod postgres;
pub mod process;
pub mod scratch;
pub mod summary;
pub mod tools;
pub mod workspace;
