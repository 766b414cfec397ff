//! The gRPC service. Its messages and routes are written by hand here, so that the example needs no build script; where
//! tonic generates them, nothing else changes.

use std::{pin::Pin, time::Duration};

use authn::{Caller, Validity};
use axum::{Router, body::Body, routing::post};
use prost::Message;
use protox::file::{ChainFileResolver, DescriptorSetFileResolver, File, FileResolver};
use tokio::{sync::mpsc, time::interval};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, server::Grpc};
use tonic_prost::ProstCodec;
use tower::service_fn;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GreetRequest {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Greeting {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

type Greetings = Pin<Box<dyn Stream<Item = Result<Greeting, Status>> + Send>>;

async fn greet(request: Request<GreetRequest>) -> Result<Response<Greeting>, Status> {
    Ok(Response::new(greeting(&*Caller::of(&request)?)))
}

/// A call that lasts awaits the end of its caller's validity beside whatever it waits for.
async fn keep_greeting(request: Request<GreetRequest>) -> Result<Response<Greetings>, Status> {
    let (caller, validity) = (Caller::of(&request)?, Validity::of(&request)?);
    let (greetings, sent) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut time = interval(Duration::from_millis(20));
        let status = loop {
            tokio::select! {
                status = validity.ended() => break status,
                () = greetings.closed() => return,
                _ = time.tick() => { let _ = greetings.try_send(Ok(greeting(&caller))); }
            }
        };
        let _ = greetings.send(Err(status)).await;
    });
    Ok(Response::new(Box::pin(ReceiverStream::new(sent))))
}

fn greeting(caller: &Caller) -> Greeting {
    Greeting { text: format!("Hello, {}", caller.user_id) }
}

pub(crate) fn routes() -> Router {
    let once = |request: http::Request<Body>| async {
        Grpc::new(ProstCodec::default()).unary(service_fn(greet), request).await
    };
    let again = |request: http::Request<Body>| async {
        Grpc::new(ProstCodec::default()).server_streaming(service_fn(keep_greeting), request).await
    };
    Router::new().route("/example.v1.Greeter/Greet", post(once)).route("/example.v1.Greeter/KeepGreeting", post(again))
}

/// The contract, encoded: it says who may call what.
pub(crate) fn descriptors() -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    const NAME: &str = "greeter.proto";
    struct Own;
    impl FileResolver for Own {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            match name {
                NAME => File::from_source(name, include_str!("greeter.proto")),
                _ => Err(protox::Error::file_not_found(name)),
            }
        }
    }
    let mut resolver = ChainFileResolver::new();
    resolver.add(Own);
    resolver.add(DescriptorSetFileResolver::decode(proto::PUBLIC_DESCRIPTORS)?);
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).open_file(NAME)?;
    Ok(compiler.encode_file_descriptor_set())
}
