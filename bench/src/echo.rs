//! The ceiling: a bare tonic server as people would write it, which does nothing but answer.

use std::{fs, net::SocketAddr, path::PathBuf};

use anyhow::Context;
use clap::Args;
use prost::Message;
use proto::auth::v1::{
    ValidateTokenRequest, ValidateTokenResponse,
    token_service_server::{TokenService, TokenServiceServer},
};
use tonic::{Request, Response, Status, transport::Server};

/// Serves ValidateToken by one answer.
#[derive(Args, Debug)]
pub struct ServeEcho {
    /// Where
    #[arg(long)]
    listen: SocketAddr,
    /// What to answer everybody
    #[command(flatten)]
    answer: Answer,
}

impl ServeEcho {
    /// Serves until it is killed.
    ///
    /// # Errors
    /// When it cannot begin.
    pub async fn serve(self) -> anyhow::Result<()> {
        let echo = TokenServiceServer::new(Echo(self.answer.read()?));
        Ok(Server::builder().tcp_nodelay(true).add_service(echo).serve(self.listen).await?)
    }
}

/// An answer that auth-service once gave: so every server here answers exactly as much.
#[derive(Args, Debug)]
pub struct Answer {
    /// A file with an encoded ValidateTokenResponse
    #[arg(long = "answer")]
    file: PathBuf,
}

impl Answer {
    /// Reads the file.
    ///
    /// # Errors
    /// When it holds something else.
    pub fn read(&self) -> anyhow::Result<ValidateTokenResponse> {
        let bytes = fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        Ok(ValidateTokenResponse::decode(&*bytes)?)
    }
}

struct Echo(ValidateTokenResponse);

#[tonic::async_trait]
impl TokenService for Echo {
    async fn validate_token(
        &self,
        _request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        Ok(Response::new(self.0.clone()))
    }
}
