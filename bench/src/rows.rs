//! What is compared with what.

use std::net::SocketAddr;

use crate::{calls::Target, server::Server, stage::Stage};

/// Two variants under the same calls. The ratios are the first one's figures by the second one's.
pub struct Row<'a> {
    /// What it tells.
    pub name: &'static str,
    /// The ratios to reach.
    pub goal: &'static str,
    /// What is measured, and what it is compared with.
    pub variants: [Variant<'a>; 2],
}

/// One side of a row.
pub struct Variant<'a> {
    /// What it is.
    pub name: &'static str,
    /// What is called.
    pub target: Target,
    /// Where.
    pub address: SocketAddr,
    /// The servers that work for a call: what it costs is what they spend together.
    pub servers: Vec<(&'static str, &'a Server)>,
    /// Where a server tells how often it was asked to validate a token, if it is not the one called.
    pub validations: Option<SocketAddr>,
}

/// Every row.
pub fn all(stage: &Stage) -> [Row<'_>; 2] {
    [validate_token(stage), get_task(stage)]
}

fn validate_token(stage: &Stage) -> Row<'_> {
    let variant = |name, address, server| Variant {
        name,
        target: Target::ValidateToken { token: stage.token.clone() },
        address,
        servers: vec![(name, server)],
        validations: None,
    };
    Row {
        name: "ValidateToken, warm token / bare tonic echo",
        goal: "calls/s ≥ 0.90",
        variants: [
            variant("auth-service", stage.auth_internal, &stage.auth),
            variant("echo", stage.echo_public, &stage.echo),
        ],
    }
}

fn get_task(stage: &Stage) -> Row<'_> {
    let target = Target::GetTask { token: stage.token.clone(), task_id: stage.task_id.clone() };
    Row {
        name: "GetTask with authentication, warm token / without",
        goal: "calls/s ≥ 0.95, validations per call ≤ 0.001",
        variants: [
            Variant {
                name: "the pair",
                target: target.clone(),
                address: stage.task_public,
                servers: vec![("task-service", &stage.task), ("auth-service", &stage.auth)],
                validations: Some(stage.auth_operations),
            },
            Variant {
                name: "open task-service",
                target,
                address: stage.open_task_public,
                servers: vec![("open task-service", &stage.open_task)],
                validations: None,
            },
        ],
    }
}
