//! The ceiling: a bare tonic server as people would write it, which does nothing but answer, or nothing but hash.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
};

use anyhow::Context;
use argon2::{Argon2, Block};
use clap::Args;
use prost::Message;
use proto::auth::v1::{
    ListUserDeletionsRequest, ListUserDeletionsResponse, ValidateTokenRequest, ValidateTokenResponse,
    token_service_server::{TokenService, TokenServiceServer},
};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status, transport::Server};

/// Serves ValidateToken by one answer.
#[derive(Args, Debug)]
pub struct ServeEcho {
    /// Where
    #[arg(long)]
    listen: SocketAddr,
    /// A file with what to answer everybody, an encoded ValidateTokenResponse
    #[arg(long)]
    answer: PathBuf,
    /// Hash once with auth-service's default parameters (argon2id, 19 MiB, 2 passes) before each answer, in so many
    /// threads
    #[arg(long, default_value_t = 0)]
    hash_threads: usize,
}

impl ServeEcho {
    /// Serves until it is killed.
    ///
    /// # Errors
    /// When it cannot begin.
    pub async fn serve(self) -> anyhow::Result<()> {
        let echo = Echo {
            answer: read_answer(&self.answer)?,
            hashes: (self.hash_threads > 0).then(|| hash_in(self.hash_threads)),
        };
        let echo = TokenServiceServer::new(echo);
        Ok(Server::builder().tcp_nodelay(true).add_service(echo).serve(self.listen).await?)
    }
}

/// Reads an answer that auth-service once gave: so every server here answers exactly as much.
///
/// # Errors
/// When the file holds something else.
pub fn read_answer(file: &Path) -> anyhow::Result<ValidateTokenResponse> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(ValidateTokenResponse::decode(&*bytes)?)
}

struct Echo {
    answer: ValidateTokenResponse,
    hashes: Option<Sender<oneshot::Sender<()>>>,
}

/// Threads that do nothing but hash, each in memory that it uses again and again.
fn hash_in(threads: usize) -> Sender<oneshot::Sender<()>> {
    let (queue, waiting) = std::sync::mpsc::channel::<oneshot::Sender<()>>();
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..threads {
        let waiting = Arc::clone(&waiting);
        std::thread::spawn(move || {
            let argon2 = Argon2::default();
            let mut arena = vec![Block::default(); argon2.params().block_count()];
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(answer) = next else { return };
                let mut hash = [0; 32];
                let hashed = argon2.hash_password_into_with_memory(b"Xk4mPq9z", &[7; 16], &mut hash, &mut arena);
                if hashed.is_ok() {
                    // Whoever asked may have gone.
                    let _ = answer.send(());
                }
            }
        });
    }
    queue
}

#[tonic::async_trait]
impl TokenService for Echo {
    async fn validate_token(
        &self,
        _request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        if let Some(hashes) = &self.hashes {
            let (answer, answered) = oneshot::channel();
            hashes.send(answer).map_err(|_| Status::internal("no thread hashes"))?;
            answered.await.map_err(|_| Status::internal("no hash was made"))?;
        }
        Ok(Response::new(self.answer.clone()))
    }

    async fn list_user_deletions(
        &self,
        _request: Request<ListUserDeletionsRequest>,
    ) -> Result<Response<ListUserDeletionsResponse>, Status> {
        Err(Status::unimplemented("nobody is measured by this"))
    }
}
