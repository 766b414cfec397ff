//! The layer alone, over handlers that let everybody in: whatever is refused here, the layer refused.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use authn::{AccessRules, AuthnLayer, Caller, DescriptorError, Rule, Unavailable, Verdict, Verify};
use axum::{Extension, Router, body::Body};
use http::{HeaderMap, Request};
use prost::Message;
use prost_types::FileDescriptorSet;
use proto::auth::v1::RejectionReason;
use service_runtime::deadline::Deadline;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tower::ServiceExt;
use uuid::Uuid;

/// Takes `scopes:a b` for a good token with these scopes.
#[derive(Clone)]
struct ByName;

impl Verify for ByName {
    async fn verify(&self, token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        match token {
            "expired" => Ok(Verdict::Rejected(RejectionReason::Expired)),
            "revoked" => Ok(Verdict::Rejected(RejectionReason::Revoked)),
            "forged" => Ok(Verdict::Rejected(RejectionReason::BadSignature)),
            "unavailable" => Err(Unavailable),
            good => Ok(Verdict::Accepted(Arc::new(caller(good.strip_prefix("scopes:").unwrap())))),
        }
    }
}

fn caller(scopes: &str) -> Caller {
    Caller {
        user_id: Uuid::from_u128(1).into(),
        session_id: Some(Uuid::from_u128(2).into()),
        issuer: "issuer".to_owned(),
        subject: "subject".to_owned(),
        client_id: "client".to_owned(),
        key_id: "key".to_owned(),
        scopes: scopes.split(' ').map(str::to_owned).collect(),
        issue_time: SystemTime::UNIX_EPOCH,
        expire_time: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
    }
}

fn rules() -> Arc<AccessRules> {
    Arc::new(AccessRules::from_descriptors(proto::ALL_DESCRIPTORS).unwrap())
}

/// Answers OK to everything, and tells who it thinks called and what identity headers came through.
fn open_routes() -> Router {
    Router::new().fallback(|caller: Option<Extension<Arc<Caller>>>, headers: HeaderMap| async move {
        let mut answer = HeaderMap::new();
        if let Some(Extension(caller)) = caller {
            answer.insert("called-by", caller.user_id.to_string().parse().unwrap());
        }
        if headers.keys().any(|name| name.as_str().starts_with("x-duet-")) {
            answer.insert("identity-came-through", "yes".parse().unwrap());
        }
        answer
    })
}

async fn call(routes: Router, path: &str, headers: &[(&'static str, &str)]) -> Result<HeaderMap, Status> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = routes.oneshot(request.body(Body::from("no protobuf")).unwrap()).await.unwrap();
    match Status::from_header_map(response.headers()) {
        Some(status) => Err(status),
        None => Ok(response.headers().clone()),
    }
}

fn public() -> Router {
    open_routes().layer(AuthnLayer::public(rules(), ByName))
}

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, "auth.duet");
    info.reason.clone()
}

#[tokio::test]
async fn every_rpc_states_who_may_call_it_and_the_layer_holds_to_it() {
    let mut seen = [0; 3];
    for (path, rule) in rules().iter() {
        if path.starts_with("/google.") || path.starts_with("/grpc.") {
            continue;
        }
        let without = call(public(), path, &[]).await;
        match rule {
            Rule::Public => {
                seen[0] += 1;
                assert!(without.is_ok(), "{path} is public");
            }
            Rule::Internal => {
                seen[1] += 1;
                assert_eq!(reason(&without.unwrap_err()), "ACCESS_DENIED", "{path} is internal");
            }
            Rule::Scope(scope) => {
                seen[2] += 1;
                let status = without.unwrap_err();
                assert_eq!(
                    (status.code(), reason(&status)),
                    (Code::Unauthenticated, "TOKEN_MISSING".to_owned()),
                    "{path}"
                );
                let token = format!("Bearer scopes:other {scope}");
                let with = call(public(), path, &[("authorization", &token)]).await.unwrap();
                assert_eq!(with["called-by"], Uuid::from_u128(1).to_string(), "{path}");
                let status = call(public(), path, &[("authorization", "Bearer scopes:other")]).await.unwrap_err();
                assert_eq!(
                    (status.code(), reason(&status)),
                    (Code::PermissionDenied, "SCOPE_MISSING".to_owned()),
                    "{path}"
                );
                assert_eq!(&status.get_error_details().error_info().unwrap().metadata["scope"], scope);
            }
            Rule::Unstated => panic!("{path} does not state who may call it"),
        }
    }
    assert!(seen.iter().all(|count| *count > 0), "the walk has seen rules of every kind: {seen:?}");
}

/// The contract without its access options, which prost does not keep.
fn unstated() -> AccessRules {
    let contract = FileDescriptorSet::decode(proto::ALL_DESCRIPTORS).unwrap();
    AccessRules::from_descriptors(&contract.encode_to_vec()).unwrap()
}

#[tokio::test]
async fn an_rpc_that_states_nothing_is_refused_even_with_a_token() {
    let routes = open_routes().layer(AuthnLayer::public(Arc::new(unstated()), ByName));
    for path in ["/duet.task.v1.TaskService/GetTask", "/duet.auth.v1.AuthService/Login"] {
        assert_eq!(unstated().get(path), Some(&Rule::Unstated), "{path}");
        let without = call(routes.clone(), path, &[]).await.unwrap_err();
        assert_eq!(without.code(), Code::Unauthenticated, "{path}");
        let token = [("authorization", "Bearer scopes:account tasks.read")];
        let with = call(routes.clone(), path, &token).await.unwrap_err();
        assert_eq!((with.code(), reason(&with)), (Code::PermissionDenied, "ACCESS_DENIED".to_owned()), "{path}");
    }
}

#[test]
fn a_contract_that_knows_no_access_rules_is_refused_at_start() {
    let other = AccessRules::from_descriptors(tonic_types::pb::FILE_DESCRIPTOR_SET).unwrap_err();
    assert!(matches!(other, DescriptorError::NoAccessOption), "{other}");
    let garbage = AccessRules::from_descriptors(b"garbage").unwrap_err();
    assert!(matches!(garbage, DescriptorError::Unreadable(_)), "{garbage}");
}

#[tokio::test]
async fn a_path_outside_the_contract_never_reaches_a_handler() {
    for path in
        ["/duet.task.v1.TaskService/Unknown", "/other.Service/Method", "/", "//duet.task.v1.TaskService/GetTask"]
    {
        let status = call(public(), path, &[("authorization", "Bearer scopes:tasks.read")]).await.unwrap_err();
        assert_eq!((status.code(), reason(&status)), (Code::Unimplemented, "METHOD_UNKNOWN".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn health_and_reflection_are_open_by_name() {
    let paths = ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"];
    for path in paths {
        assert!(call(public(), path, &[]).await.is_ok(), "{path}");
    }
}

#[tokio::test]
async fn each_verdict_has_its_answer_and_trouble_of_ours_is_never_unauthenticated() {
    let path = "/duet.task.v1.TaskService/GetTask";
    for (token, code, expected) in [
        ("expired", Code::Unauthenticated, "TOKEN_EXPIRED"),
        ("revoked", Code::Unauthenticated, "TOKEN_REVOKED"),
        ("forged", Code::Unauthenticated, "TOKEN_INVALID"),
        ("unavailable", Code::Unavailable, "AUTH_UNAVAILABLE"),
    ] {
        let status = call(public(), path, &[("authorization", &format!("Bearer {token}"))]).await.unwrap_err();
        assert_eq!((status.code(), reason(&status)), (code, expected.to_owned()));
        assert_eq!(status.get_error_details().retry_info().is_some(), code == Code::Unavailable);
    }
}

#[tokio::test]
async fn an_internal_port_serves_internal_rpcs_only() {
    let internal = open_routes().layer(AuthnLayer::internal(rules()));
    assert!(call(internal.clone(), "/duet.auth.v1.TokenService/ValidateToken", &[]).await.is_ok());
    for path in ["/duet.auth.v1.AuthService/Login", "/duet.task.v1.TaskService/GetTask"] {
        let token = [("authorization", "Bearer scopes:account tasks.read")];
        assert_eq!(reason(&call(internal.clone(), path, &token).await.unwrap_err()), "ACCESS_DENIED", "{path}");
    }
}

#[tokio::test]
async fn an_identity_that_a_client_claims_is_dropped() {
    let headers = [("authorization", "Bearer scopes:tasks.read"), ("x-duet-user-id", "somebody else")];
    for path in ["/duet.task.v1.TaskService/GetTask", "/duet.auth.v1.AuthService/Login"] {
        let answer = call(public(), path, &headers).await.unwrap();
        assert!(!answer.contains_key("identity-came-through"), "{path}");
    }
}
