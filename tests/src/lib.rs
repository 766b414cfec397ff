//! Runs the real programs as a pair and lets tests call them from outside.
//!
//! A test asks for a [`Pair`] on one [`Engine`]: both services as processes of their own, on free ports, with a new
//! database each, and Envoy in front of them if the test wants it. [`Clients`] call them as a [`Person`] or as nobody;
//! [`Refusal`] is what an answer that is not OK says. [`web`] speaks plain HTTP, [`eventually`] waits. A [`Proxy`] is a
//! link that can fail, and a [`History`] judges what was asked and answered meanwhile. [`BetterAuth`] is an application
//! that has its users there. [`browse`] uses the page as a person would, in Chromium. What a pair started ends with it, and
//! if its test fails, the logs are printed.
//!
//! The programs and tools come from `cargo xtask test`: what is missing fails the test that needs it.
#![expect(clippy::expect_used, reason = "a test that cannot have what it needs must fail")]
#![expect(clippy::print_stderr, reason = "the logs of a failed test belong to its output")]

mod better_auth;
mod browser;
mod clients;
mod engine;
mod history;
mod pair;
mod program;
mod proxy;
mod refusal;
mod wait;
pub mod web;

pub use better_auth::{BetterAuth, Member, OauthTokens, RESOURCE};
pub use browser::browse;
pub use clients::{Clients, PROMPT, Person};
pub use engine::{Engine, connect};
pub use history::{History, Outcome, SessionNumber, Tally, Violation};
pub use pair::{Builder, Pair};
pub use program::{Program, binary};
pub use proxy::Proxy;
pub use refusal::Refusal;
pub use wait::eventually;

/// The value of a variable that `cargo xtask test` sets.
///
/// # Panics
/// When it is not set: a test never passes for want of a tool.
pub fn provided(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set; run `cargo xtask test`, which sets it"))
}
