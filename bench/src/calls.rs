//! What is called, and where.

mod tasks;
mod tokens;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use tonic::{
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

pub use self::{
    tasks::{CreateTask, GetTask, ListTasks},
    tokens::{Login, Refused, ValidateEach, ValidateToken},
};
use crate::{mint::Mint, pgbench::Script};

/// What is to be done in the tasks that are made.
pub const TITLE: &str = "Measure what a commit costs";

/// A call, again and again the same.
#[derive(Clone, Debug)]
pub enum Target {
    /// `TokenService.ValidateToken` of a good token.
    ValidateToken {
        /// The token.
        token: String,
    },
    /// The same of good tokens, each of which is shown once and then never again.
    ValidateFresh(Arc<Mint>),
    /// The same of the good tokens that were last made, again and again.
    ValidateMany(Arc<Mint>),
    /// The same of a token that is not good.
    Refused(BadToken),
    /// `TaskService.GetTask` of a task of the token's owner.
    GetTask {
        /// The token.
        token: String,
        /// The task.
        task_id: String,
    },
    /// `AuthService.Login`.
    Login(Credentials),
    /// `TaskService.ListTasks`, a page of the usual size.
    ListTasks {
        /// The token.
        token: String,
        /// What leads to the page; empty for the first one.
        page_token: String,
    },
    /// `TaskService.CreateTask`, where a token is the id of its user: each stream as a user of its own, who has not been
    /// there before.
    CreateTask,
    /// Transactions of a PostgreSQL server, by pgbench.
    Transaction(Script),
}

/// What is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// The same one again and again.
    One(String),
    /// Another one each time: a number of 16 digits stands between these two.
    Each(String, String),
}

/// What somebody logs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Credentials {
    /// What somebody of this name logs in with.
    pub fn of(name: &str) -> Self {
        Self { email: format!("{name}@example.com"), password: "Xk4mPq9z".to_owned() }
    }
}

/// A connection to a server of this machine.
///
/// # Errors
/// When nobody listens there.
pub async fn connect(address: SocketAddr) -> anyhow::Result<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    endpoint.connect().await.with_context(|| format!("cannot connect to {address}"))
}

/// `authorization` for a token.
///
/// # Errors
/// When the token is none.
pub fn bearer(token: &str) -> anyhow::Result<MetadataValue<Ascii>> {
    Ok(format!("Bearer {token}").parse()?)
}
