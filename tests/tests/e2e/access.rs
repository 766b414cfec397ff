//! The contract's access rules, RPC by RPC, at the ports of the running pair.

use bytes::{Buf, BufMut};
use e2e::{Engine, Pair, Refusal};
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::Channel,
};

/// Bytes as they are.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

async fn call(channel: &Channel, path: &str, body: &[u8], token: Option<&str>) -> Result<Vec<u8>, Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("a connection");
    let mut request = Request::new(body.to_vec());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    client.unary(request, path.parse().unwrap(), Raw).await.map(tonic::Response::into_inner)
}

#[derive(Debug, PartialEq, Eq)]
enum Rule {
    Public,
    Internal,
    Scope(String),
}

/// Every RPC of the contract and the one rule that it must state.
fn contract() -> Vec<(String, Rule)> {
    let pool = DescriptorPool::decode(proto::ALL_DESCRIPTORS).unwrap();
    let option = pool.get_extension_by_name("duet.access.v1.access").unwrap();
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let rules = methods.map(|method| {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let options: DynamicMessage = method.options();
        let access = options.get_extension(&option).into_owned();
        let stated: Vec<_> =
            access.as_message().unwrap().fields().map(|(f, v)| (f.name().to_owned(), v.clone())).collect();
        let rule = match stated.as_slice() {
            [(name, Value::Bool(true))] if name == "public" => Rule::Public,
            [(name, Value::Bool(true))] if name == "internal" => Rule::Internal,
            [(name, Value::String(scope))] if name == "scope" && !scope.is_empty() => Rule::Scope(scope.clone()),
            other => panic!("{path} states {other:?}"),
        };
        (path, rule)
    });
    rules.collect()
}

/// Arguments that mean nothing, everything, or are no protobuf at all.
const ARGUMENTS: [&[u8]; 4] = [b"", &[0xff; 64], b"\x0a\x03abc", &[0x0a, 0x7f]];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_every_rpc_that_needs_one_is_refused_before_its_arguments_are_read() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let contract = contract();
    assert!(contract.len() >= 11, "{contract:?}");
    let (mut guarded, mut internal) = (0, 0);
    for (path, rule) in &contract {
        let own = if path.starts_with("/duet.auth.") { "AUTH_LISTEN" } else { "TASK_LISTEN" };
        for (port, channel) in [(own, pair.channel(own)), ("Envoy", pair.edge_channel())] {
            for body in ARGUMENTS {
                match rule {
                    Rule::Public => {
                        // Whatever it says to garbage, it says it in the one shape.
                        let answer = call(&channel, path, body, None).await;
                        let _ = answer.map_err(|status| Refusal::of(&status));
                    }
                    Rule::Scope(_) => {
                        guarded += 1;
                        let refusal = Refusal::expect(call(&channel, path, body, None).await);
                        refusal.assert(Code::Unauthenticated, "TOKEN_MISSING");
                        let refusal = Refusal::expect(call(&channel, path, body, Some("no.such.token")).await);
                        refusal.assert(Code::Unauthenticated, "TOKEN_INVALID");
                    }
                    Rule::Internal => {
                        internal += 1;
                        let refusal = Refusal::expect(call(&channel, path, body, None).await);
                        let refused = [Code::PermissionDenied, Code::Unimplemented].contains(&refusal.code);
                        assert!(refused, "{path} at {port}: {refusal:?}");
                    }
                }
            }
        }
    }
    assert!(guarded > 0 && internal > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_token_opens_neither_internal_rpcs_nor_users_rpcs_on_the_internal_port() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let person = pair.direct().sign_up().await;
    let token = Some(person.token.as_str());
    for (path, rule) in contract() {
        let mut refusing = Vec::new();
        match rule {
            Rule::Internal => refusing.extend([pair.channel("AUTH_LISTEN"), pair.edge_channel()]),
            Rule::Public | Rule::Scope(_) => refusing.push(pair.channel("AUTH_INTERNAL_LISTEN")),
        }
        for channel in refusing {
            let refusal = Refusal::expect(call(&channel, &path, b"", token).await);
            let refused = [Code::PermissionDenied, Code::Unimplemented].contains(&refusal.code);
            assert!(refused, "{path}: {refusal:?}");
        }
        if rule == Rule::Internal {
            let answer = call(&pair.channel("AUTH_INTERNAL_LISTEN"), &path, b"", None).await;
            if path.ends_with("/WatchRevocations") {
                // An empty message begins no stream.
                Refusal::expect(answer).assert(Code::InvalidArgument, "REQUEST_MALFORMED");
            } else {
                answer.expect("its own port serves it");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_in_the_contract_is_unimplemented_with_a_reason() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let token = pair.direct().sign_up().await.token;
    let unknown = [
        "/duet.task.v1.TaskService/DropTables",
        "/duet.auth.v1.AuthService/GetYou",
        "/duet.task.v1.NoService/GetTask",
        "/duet.task.v1.TaskService/gettask",
    ];
    for path in unknown {
        for channel in [pair.channel("AUTH_LISTEN"), pair.channel("TASK_LISTEN"), pair.edge_channel()] {
            for token in [None, Some(token.as_str())] {
                let refusal = Refusal::expect(call(&channel, path, b"", token).await);
                refusal.assert(Code::Unimplemented, "METHOD_UNKNOWN");
            }
        }
    }
}
