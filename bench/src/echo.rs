//! The ceiling: a bare tonic server as people would write it, which does nothing but answer, or hash or verify
//! once before that.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
};

use anyhow::{Context, bail};
use argon2::{Argon2, Block};
use clap::Args;
use jsonwebtoken::{Algorithm, DecodingKey, jwk::JwkSet};
use prost::Message;
use proto::auth::v1::{
    ListUserDeletionsRequest, ListUserDeletionsResponse, ValidateTokenRequest, ValidateTokenResponse,
    WatchRevocationsRequest, WatchRevocationsResponse,
    token_service_server::{TokenService, TokenServiceServer},
};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status, Streaming, codegen::BoxStream, transport::Server};
use xtask::http;

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
    /// Verify each token's signature by the key of auth-service at this public port, before each answer
    #[arg(long)]
    verify: Option<SocketAddr>,
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
            key: self.verify.map(public_key).transpose()?,
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
    key: Option<DecodingKey>,
}

/// The one key that auth-service publishes.
fn public_key(auth: SocketAddr) -> anyhow::Result<DecodingKey> {
    let answer = http::get(auth, "/.well-known/jwks.json").context("auth-service does not tell its keys")?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
    let keys: JwkSet = serde_json::from_str(body)?;
    let [key] = &*keys.keys else { bail!("auth-service has {} keys", keys.keys.len()) };
    Ok(DecodingKey::from_jwk(key)?)
}

/// Nothing but the signature is looked at.
fn is_signed(token: &str, key: &DecodingKey) -> bool {
    let Some((message, signature)) = token.rsplit_once('.') else { return false };
    jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, Algorithm::EdDSA).unwrap_or(false)
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
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        if self.key.as_ref().is_some_and(|key| !is_signed(&request.get_ref().token, key)) {
            return Err(Status::internal("the signature is not good"));
        }
        if let Some(hashes) = &self.hashes {
            let (answer, answered) = oneshot::channel();
            hashes.send(answer).map_err(|_| Status::internal("no thread hashes"))?;
            answered.await.map_err(|_| Status::internal("no hash was made"))?;
        }
        Ok(Response::new(self.answer.clone()))
    }

    type WatchRevocationsStream = BoxStream<WatchRevocationsResponse>;

    async fn watch_revocations(
        &self,
        _request: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        Err(Status::unimplemented("nobody is measured by this"))
    }

    async fn list_user_deletions(
        &self,
        _request: Request<ListUserDeletionsRequest>,
    ) -> Result<Response<ListUserDeletionsResponse>, Status> {
        Err(Status::unimplemented("nobody is measured by this"))
    }
}
