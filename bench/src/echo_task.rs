//! The ceiling of a service that knows its callers: a bare tonic server that answers GetTask, and the same behind a layer
//! that asks auth-service on every call.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context;
use authn::{AccessRules, AuthnLayer, Caller, Unavailable, Verdict, Verify};
use clap::Args;
use prost::Message;
use proto::{
    auth::v1::{ValidateTokenRequest, token_service_client::TokenServiceClient, validate_token_response},
    task::v1::{GetTaskRequest, GetTaskResponse},
};
use service_runtime::deadline::Deadline;
use tonic::{
    Request, Response, Status,
    service::Routes,
    transport::{Channel, Endpoint, Server},
};

use crate::unary::{self, GET_TASK};

/// Serves GetTask by one answer.
#[derive(Args, Debug)]
pub struct ServeEchoTask {
    /// Where
    #[arg(long)]
    listen: SocketAddr,
    /// A file with what to answer everybody, an encoded GetTaskResponse
    #[arg(long)]
    answer: PathBuf,
    /// The internal port of an auth-service that is asked who calls, on every call anew
    #[arg(long)]
    ask: Option<SocketAddr>,
}

impl ServeEchoTask {
    /// Serves until it is killed.
    ///
    /// # Errors
    /// When it cannot begin.
    pub async fn serve(self) -> anyhow::Result<()> {
        let answer = fs::read(&self.answer).with_context(|| format!("cannot read {}", self.answer.display()))?;
        let answer = GetTaskResponse::decode(&*answer)?;
        let echo = move |_: Request<GetTaskRequest>| {
            let answer = answer.clone();
            async move { Ok::<_, Status>(Response::new(answer)) }
        };
        let mut routes = unary::route(GET_TASK, echo);
        if let Some(auth) = self.ask {
            let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
            routes = routes.layer(AuthnLayer::public(rules, AskEachTime::connect(auth)?));
        }
        Ok(Server::builder().tcp_nodelay(true).add_routes(Routes::from(routes)).serve(self.listen).await?)
    }
}

/// Remembers nothing.
#[derive(Clone)]
struct AskEachTime(TokenServiceClient<Channel>);

impl AskEachTime {
    fn connect(auth: SocketAddr) -> Result<Self, tonic::transport::Error> {
        let channel = Endpoint::from_shared(format!("http://{auth}"))?.tcp_nodelay(true).connect_lazy();
        Ok(Self(TokenServiceClient::new(channel)))
    }
}

impl Verify for AskEachTime {
    async fn verify(&self, token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        let request = ValidateTokenRequest { token: token.to_owned(), audience: String::new() };
        let answer = self.0.clone().validate_token(request).await.map_err(|_status| Unavailable)?.into_inner();
        match answer.verdict.ok_or(Unavailable)? {
            validate_token_response::Verdict::Caller(caller) => {
                Ok(Verdict::Accepted(Arc::new(Caller::try_from(caller).map_err(|_malformed| Unavailable)?)))
            }
            validate_token_response::Verdict::Rejection(rejection) => Ok(Verdict::Rejected(rejection.reason())),
        }
    }
}
