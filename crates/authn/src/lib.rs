//! Tells a gRPC service who calls it.
//!
//! A service adds one layer to its routes. For each call the layer reads the RPC's rule from the contract
//! ([`AccessRules`]), has the bearer token judged by auth-service ([`RemoteVerifier`]), checks the scope, and puts the
//! [`Caller`] where the handler finds it. Whatever it cannot decide, it refuses: an RPC that states no rule, a token
//! that nobody vouches for, an auth-service that does not answer.
//!
//! A service that keeps things for users learns from [`RemoteDeletions`] who is no more.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let routes: service_runtime::Router = service_runtime::Router::new();
//! use std::sync::Arc;
//! use authn::{AccessRules, AuthnLayer, RemoteVerifier};
//!
//! let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
//! let verifier = RemoteVerifier::connect_lazy("http://127.0.0.1:50061")?;
//! let routes = routes.layer(AuthnLayer::public(rules, verifier));
//! # Ok(())
//! # }
//! ```

mod access;
mod caller;
mod deletions;
mod layer;
mod memory;
mod refusal;
mod remote;
mod sync;
mod verify;

pub use access::{AccessRules, DescriptorError, Rule};
pub use caller::{Caller, SessionId, UserId};
pub use deletions::{ListUserDeletionsError, RemoteDeletions, UserDeletion, UserDeletions};
pub use layer::{Authn, AuthnLayer};
pub use memory::{Memory, MemoryBounds, TokenKey};
pub use refusal::{DOMAIN, bearer_token, rejection_status};
pub use remote::RemoteVerifier;
pub use verify::{Unavailable, Verdict, Verify};
