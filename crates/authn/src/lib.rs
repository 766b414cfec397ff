//! Tells a gRPC service who calls it.
//!
//! A service adds one layer to its routes. For each call the layer reads the RPC's rule from the contract
//! ([`AccessRules`]), has the bearer token judged ([`RemoteVerifier`]), checks the scope, and puts the [`Caller`] where the
//! handler finds it. Whatever it cannot decide, it refuses: an RPC that states no rule, a token that nobody vouches for,
//! an auth-service that does not answer.
//!
//! The verifier remembers what auth-service said of a token, and follows what it revokes: see the crate's README for what
//! that promises. Inside, `remote` puts it together. A call looks a token up in the [`Memory`], which `follow` keeps up to
//! date and `lease` and `freshness` say the age of; if that does not help, it joins or begins a question (`flight`), which
//! `upstream` puts to one of the `endpoints`. A handler whose call lasts awaits the end of its [`Validity`].
//!
//! A service that keeps things for users learns from [`RemoteDeletions`] who is no more.

mod access;
mod backoff;
mod caller;
mod deletions;
mod ended;
mod endpoints;
mod flight;
mod follow;
mod freshness;
mod knowledge;
mod layer;
mod lease;
mod memory;
mod metrics;
mod refusal;
mod remote;
mod staleness;
mod subject;
mod sync;
mod token_hash;
mod upstream;
mod validity;
mod verify;

pub use access::{AccessRules, DescriptorError, Rule};
pub use caller::{Caller, SessionId, UserId};
pub use deletions::{ListUserDeletionsError, RemoteDeletions, UserDeletion, UserDeletions};
pub use endpoints::MalformedAddress;
pub use layer::{Authn, AuthnLayer};
pub use memory::{Memory, MemoryBounds, TokenKey};
pub use refusal::{DOMAIN, bearer_token, rejection_status};
pub use remote::RemoteVerifier;
pub use staleness::{MaxStaleness, StalenessOutOfRange};
pub use subject::Subject;
pub use token_hash::TokenHash;
pub use validity::Validity;
pub use verify::{Unavailable, Verdict, Verify};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
