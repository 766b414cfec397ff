//! The layer: nobody reaches a handler whom the contract does not let through.

use std::{
    convert::Infallible,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderName, Request, Response, request::Parts};
use service_runtime::deadline::Deadline;
use tonic::Status;
use tower::{Layer, Service};

use crate::{
    AccessRules, Caller, Rule, Unavailable, Validity, Verdict, Verify,
    refusal::{access_denied, auth_unavailable, bearer_token, method_unknown, rejection_status, scope_missing},
};

/// Headers that state an identity begin so. What a client sends under such a name is dropped.
const IDENTITY_PREFIX: &str = "x-duet-";

/// How long a call may wait for the verdict on its token, if its server has given it no deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Services that every port has and anybody may call.
const OPEN_SERVICES: [&str; 3] =
    ["/grpc.health.v1.Health/", "/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"];

/// Wraps routes in [`Authn`].
#[derive(Debug)]
pub struct AuthnLayer<V>(Arc<Gate<V>>);

#[derive(Debug)]
struct Gate<V> {
    rules: Arc<AccessRules>,
    port: Port<V>,
}

#[derive(Debug)]
enum Port<V> {
    Public(V),
    Internal,
}

impl<V: Verify> AuthnLayer<V> {
    /// For a port that anybody can reach: RPCs for users and public ones; internal ones are refused.
    pub fn public(rules: Arc<AccessRules>, verifier: V) -> Self {
        Self(Arc::new(Gate { rules, port: Port::Public(verifier) }))
    }
}

impl AuthnLayer<Nobody> {
    /// For a port that only other services can reach: internal RPCs; all others are refused.
    pub fn internal(rules: Arc<AccessRules>) -> Self {
        Self(Arc::new(Gate { rules, port: Port::Internal }))
    }
}

/// Vouches for nobody.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Verify for Nobody {
    async fn verify(&self, _token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        Err(Unavailable)
    }
}

impl<V> Clone for AuthnLayer<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, V> Layer<S> for AuthnLayer<V> {
    type Service = Authn<S, V>;

    fn layer(&self, inner: S) -> Self::Service {
        Authn { inner, gate: Arc::clone(&self.0) }
    }
}

/// A service behind the layer.
#[derive(Debug)]
pub struct Authn<S, V> {
    inner: S,
    gate: Arc<Gate<V>>,
}

impl<S: Clone, V> Clone for Authn<S, V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), gate: Arc::clone(&self.gate) }
    }
}

impl<S, V, B, R> Service<Request<B>> for Authn<S, V>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default + Send,
    V: Verify,
{
    type Response = Response<R>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone that is ready goes into the future; the other takes its place.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            drop_identity(&mut parts.headers);
            match gate.admit(&parts).await {
                Ok(admitted) => {
                    if let Some((caller, validity)) = admitted {
                        parts.extensions.insert(caller);
                        parts.extensions.insert(validity);
                    }
                    inner.call(Request::from_parts(parts, body)).await
                }
                Err(status) => Ok(status.into_http()),
            }
        })
    }
}

impl<V: Verify> Gate<V> {
    /// Who calls, and for how long, if the RPC asks for it; a status for whoever is not let in. Arguments are not looked
    /// at before.
    async fn admit(&self, request: &Parts) -> Result<Option<(Arc<Caller>, Validity)>, Status> {
        let path = request.uri.path();
        if OPEN_SERVICES.iter().any(|service| path.starts_with(service)) {
            return Ok(None);
        }
        let rule = self.rules.get(path).ok_or_else(method_unknown)?;
        match (rule, &self.port) {
            (Rule::Public, Port::Public(_)) | (Rule::Internal, Port::Internal) => Ok(None),
            (Rule::Scope(scope), Port::Public(verifier)) => {
                let (caller, token) = authenticate(verifier, request).await?;
                if !caller.has_scope(scope) {
                    return Err(scope_missing(scope));
                }
                let validity = verifier.validity(Arc::clone(&caller), token);
                Ok(Some((caller, validity)))
            }
            (Rule::Unstated, Port::Public(verifier)) => {
                authenticate(verifier, request).await?;
                Err(access_denied())
            }
            (Rule::Internal, Port::Public(_)) | (_, Port::Internal) => Err(access_denied()),
        }
    }
}

async fn authenticate<'a>(verifier: &impl Verify, request: &'a Parts) -> Result<(Arc<Caller>, &'a str), Status> {
    let token = bearer_token(&request.headers)?;
    let deadline = request.extensions.get().copied().unwrap_or_else(|| Deadline::within(LONGEST_WAIT));
    match verifier.verify(token, deadline).await {
        Ok(Verdict::Accepted(caller)) => Ok((caller, token)),
        Ok(Verdict::Rejected(reason)) => Err(rejection_status(reason)),
        Err(Unavailable) => Err(auth_unavailable()),
    }
}

fn drop_identity(headers: &mut HeaderMap) {
    let claimed: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(IDENTITY_PREFIX)).cloned().collect();
    for name in claimed {
        headers.remove(name);
    }
}
