//! Others whose tokens are accepted here.

mod profile;

pub use profile::{KeyAlgorithm, KeySource, Payload, Profile};
