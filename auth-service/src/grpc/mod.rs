//! The services as gRPC has them: each method parses, calls and converts.

mod auth;
mod call;
mod convert;
mod cookie;
mod read;
mod token;
mod verify;
mod watch;

pub(crate) use auth::AuthApi;
pub(crate) use call::Calls;
pub(crate) use convert::rejection_reason;
pub(crate) use cookie::Cookies;
pub(crate) use token::TokenApi;
