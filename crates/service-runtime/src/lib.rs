//! What both services need to run, and nothing of what they do.
//!
//! A binary reads its [`settings`], starts [`telemetry`], connects its [`database`] and hands its gRPC routes to
//! [`service::serve`], which wraps them in everything a port on a network needs: the [`connection`] limits, one
//! [`deadline`] and one span per call, metrics, health and reflection, refusals in one shape, and a drain that ends.
//! Handlers find what is known of a call in its extensions ([`request`]), refuse with a [`status::Refusal`], read the
//! time from a [`clock::Clock`] and keep what must not be read by others [`sealed`]. What is wrong with an installation,
//! the [`doctor`] says.

pub mod clock;
pub mod connection;
pub mod database;
pub mod deadline;
pub mod doctor;
pub mod health;
mod middleware;
pub mod operations;
pub mod page;
pub mod request;
pub mod sealed;
pub mod service;
pub mod settings;
pub mod status;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

pub use axum::Router;
pub use tokio_util::sync::CancellationToken;
