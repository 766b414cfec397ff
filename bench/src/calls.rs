//! What is called, and where.

use std::net::SocketAddr;

use anyhow::Context;
use proto::{
    auth::v1::{ValidateTokenRequest, token_service_client::TokenServiceClient, validate_token_response::Verdict},
    task::v1::{GetTaskRequest, task_service_client::TaskServiceClient},
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::{Channel, Endpoint},
};

use crate::load::Call;

/// A call, again and again the same.
#[derive(Clone, Debug)]
pub enum Target {
    /// `TokenService.ValidateToken` of a good token.
    ValidateToken {
        /// The token.
        token: String,
    },
    /// `TaskService.GetTask` of a task of the token's owner.
    GetTask {
        /// The token.
        token: String,
        /// The task.
        task_id: String,
    },
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

/// Asks who shows a token.
pub struct ValidateToken {
    client: TokenServiceClient<Channel>,
    token: String,
}

impl ValidateToken {
    /// Over a connection that others may share.
    pub fn new(channel: Channel, token: &str) -> Self {
        Self { client: TokenServiceClient::new(channel), token: token.to_owned() }
    }
}

impl Call for ValidateToken {
    async fn call(&mut self) -> Result<(), Status> {
        let request = ValidateTokenRequest { token: self.token.clone(), audience: String::new() };
        match self.client.validate_token(request).await?.into_inner().verdict {
            Some(Verdict::Caller(_)) => Ok(()),
            other => Err(Status::internal(format!("the token was not accepted: {other:?}"))),
        }
    }
}

/// Reads a task.
pub struct GetTask {
    client: TaskServiceClient<Channel>,
    authorization: MetadataValue<Ascii>,
    task_id: String,
}

impl GetTask {
    /// Over a connection that others may share.
    ///
    /// # Errors
    /// When the token is none.
    pub fn new(channel: Channel, token: &str, task_id: &str) -> anyhow::Result<Self> {
        let client = TaskServiceClient::new(channel);
        Ok(Self { client, authorization: bearer(token)?, task_id: task_id.to_owned() })
    }
}

impl Call for GetTask {
    async fn call(&mut self) -> Result<(), Status> {
        let mut request = Request::new(GetTaskRequest { task_id: self.task_id.clone() });
        request.metadata_mut().insert("authorization", self.authorization.clone());
        match self.client.get_task(request).await?.into_inner().task {
            Some(task) if task.id == self.task_id => Ok(()),
            other => Err(Status::internal(format!("this is not the task: {other:?}"))),
        }
    }
}
