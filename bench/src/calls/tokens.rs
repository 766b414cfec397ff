//! The calls of auth-service.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use proto::auth::v1::{
    LoginRequest, ValidateTokenRequest, auth_service_client::AuthServiceClient,
    token_service_client::TokenServiceClient, validate_token_response::Verdict,
};
use tonic::{Status, transport::Channel};

use super::{BadToken, Credentials};
use crate::{load::Call, mint::Tokens};

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
        judge(&mut self.client, self.token.clone(), accepted).await
    }
}

/// Asks who shows a token, of another token each time.
pub struct ValidateEach {
    client: TokenServiceClient<Channel>,
    tokens: Arc<Tokens>,
}

impl ValidateEach {
    /// Over a connection that others may share. The streams of a load share the tokens.
    pub fn new(channel: Channel, tokens: Arc<Tokens>) -> Self {
        Self { client: TokenServiceClient::new(channel), tokens }
    }
}

impl Call for ValidateEach {
    async fn call(&mut self) -> Result<(), Status> {
        let token = self.tokens.next().ok_or_else(|| Status::internal("there are no more tokens"))?;
        judge(&mut self.client, token, accepted).await
    }
}

/// Asks about a token that is not good.
pub struct Refused {
    client: TokenServiceClient<Channel>,
    token: BadToken,
}

impl Refused {
    /// Over a connection that others may share.
    pub fn new(channel: Channel, token: &BadToken) -> Self {
        Self { client: TokenServiceClient::new(channel), token: token.clone() }
    }
}

impl Call for Refused {
    async fn call(&mut self) -> Result<(), Status> {
        let token = self.token.next();
        judge(&mut self.client, token, |verdict| matches!(verdict, Some(Verdict::Rejection(_)))).await
    }
}

impl BadToken {
    /// The one to show now.
    pub fn next(&self) -> String {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        match self {
            Self::One(token) => token.clone(),
            Self::Each(before, after) => format!("{before}{:016}{after}", NUMBER.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

fn accepted(verdict: Option<&Verdict>) -> bool {
    matches!(verdict, Some(Verdict::Caller(_)))
}

async fn judge(
    client: &mut TokenServiceClient<Channel>,
    token: String,
    expected: impl Fn(Option<&Verdict>) -> bool,
) -> Result<(), Status> {
    let request = ValidateTokenRequest { token, audience: String::new() };
    let answer = client.validate_token(request).await?.into_inner();
    match answer.verdict {
        verdict if expected(verdict.as_ref()) => Ok(()),
        other => Err(Status::internal(format!("the token was judged otherwise: {other:?}"))),
    }
}

/// Logs in.
pub struct Login {
    client: AuthServiceClient<Channel>,
    credentials: Credentials,
}

impl Login {
    /// Over a connection that others may share.
    pub fn new(channel: Channel, credentials: &Credentials) -> Self {
        Self { client: AuthServiceClient::new(channel), credentials: credentials.clone() }
    }
}

impl Call for Login {
    async fn call(&mut self) -> Result<(), Status> {
        let Credentials { email, password } = self.credentials.clone();
        match self.client.login(LoginRequest { email, password, ..LoginRequest::default() }).await?.into_inner().tokens
        {
            Some(_) => Ok(()),
            None => Err(Status::internal("a login without tokens")),
        }
    }
}
