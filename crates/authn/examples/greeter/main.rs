//! A service that knows its callers. With auth-service at its default address:
//!
//! ```sh
//! cargo run -p authn --example greeter
//! ```
//!
//! `serve` is all that it takes; `service` is an ordinary gRPC service, whose handlers find the caller in the request.

pub(crate) mod service;

use std::{error::Error, sync::Arc};

use authn::{AccessRules, AuthnLayer, MaxStaleness, RemoteVerifier};
use service_runtime::clock::Clock;
use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Server, server::TcpIncoming},
};

/// Serves until it is dropped, asking auth-service at `auth_urls` who calls.
pub(crate) async fn serve(listener: TcpListener, auth_urls: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let rules = Arc::new(AccessRules::from_descriptors(&service::descriptors()?)?);
    let verifier = RemoteVerifier::start(auth_urls, MaxStaleness::default(), Clock::system())?;
    let routes = service::routes().layer(AuthnLayer::public(rules, verifier));

    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(Server::builder().add_routes(Routes::from(routes)).serve_with_incoming(incoming).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    serve(TcpListener::bind("127.0.0.1:50053").await?, "http://127.0.0.1:50061").await
}
