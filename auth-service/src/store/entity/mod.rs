//! The tables as SeaORM sees them. Only the store knows them.

pub(super) mod attempt;
pub(super) mod attempt_window;
pub(super) mod auth_event;
pub(super) mod former_identity;
pub(super) mod hash_scheme;
pub(super) mod identity;
pub(super) mod known_address;
pub(super) mod revocation;
pub(super) mod secret;
pub(super) mod session;
pub(super) mod signing_key;
pub(super) mod user_account;
pub(super) mod user_deletion;
pub(super) mod user_deletion_counter;
