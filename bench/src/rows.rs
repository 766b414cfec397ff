//! What is compared with what.

use std::net::SocketAddr;

use crate::{
    calls::{Credentials, Target},
    options::Options,
    progress,
    rounds::{self, Measured},
    server::Server,
    stage::Stage,
};

/// Two variants under the same calls. The ratios are the first one's figures by the second one's.
pub struct Row<'a> {
    /// What it tells.
    pub name: String,
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
    /// How many calls are made in a second; as many as are answered, unless it is said.
    pub calls_per_second: Option<f64>,
    /// How many calls are in flight; as many as the options say, unless it is said.
    pub streams: Option<u16>,
    /// The logins that come meanwhile.
    pub storm: Option<StormShape>,
}

/// One server, which takes every call that it can answer.
pub fn plain<'a>(name: &'static str, target: Target, address: SocketAddr, server: &'a Server) -> Variant<'a> {
    let servers = vec![(name, server)];
    Variant { name, target, address, servers, validations: None, calls_per_second: None, streams: None, storm: None }
}

/// How hard a storm is.
pub struct StormShape {
    /// Where it goes.
    pub address: SocketAddr,
    /// Who logs in.
    pub credentials: Credentials,
    /// How often.
    pub logins_per_second: f64,
}

/// How much more than can be hashed a storm brings.
const STORM: f64 = 10.0;

const VALIDATE_TOKEN: &str = "ValidateToken, warm token / bare tonic echo";
const GET_TASK: &str = "GetTask with authentication, warm token / without";
const LOGIN: &str = "Login / bare argon2id";
const IN_A_STORM: &str = "ValidateToken at half load, in a login storm / without";

/// Measures those of the pair's rows that are wanted. The storm is as hard as two others say: they are measured with it.
///
/// # Errors
/// When a server does not start, a call fails or a server is gone.
pub async fn measure(options: &Options) -> anyhow::Result<Vec<Measured>> {
    let storm = options.wants(IN_A_STORM);
    let wanted = |name: &str| options.wants(name) || (storm && name != GET_TASK);
    if ![VALIDATE_TOKEN, GET_TASK, LOGIN].into_iter().any(wanted) {
        return Ok(Vec::new());
    }
    progress("starting the servers");
    let stage = Stage::set(options).await?;
    let mut measured = Vec::new();
    for row in [validate_token(&stage), get_task(&stage), login(&stage)] {
        if wanted(&row.name) {
            measured.push(rounds::measure(&row, options).await?);
        }
    }
    if storm {
        let rate =
            |name: &str| measured.iter().find(|row| row.name == name).map_or(f64::NAN, Measured::calls_per_second);
        let row = during_a_storm(&stage, rate(VALIDATE_TOKEN), rate(LOGIN));
        measured.push(rounds::measure(&row, options).await?);
    }
    Ok(measured)
}

/// ValidateToken at half of what it can do, while logins come at ten times what can be hashed.
fn during_a_storm(stage: &Stage, validations_per_second: f64, logins_per_second: f64) -> Row<'_> {
    let variant = |name, storm| Variant {
        calls_per_second: Some(validations_per_second / 2.0),
        storm,
        ..plain(name, validation(stage), stage.auth_internal, &stage.auth)
    };
    let storm = StormShape {
        address: stage.auth_public,
        credentials: stage.credentials.clone(),
        logins_per_second: logins_per_second * STORM,
    };
    Row {
        name: IN_A_STORM.to_owned(),
        goal: "p99 ≤ 1.5, calls/s ≥ 0.95, logins ≥ 10 % of bare argon2id, refusals ≤ 50 ms",
        variants: [variant("in a storm", Some(storm)), variant("in peace", None)],
    }
}

fn validation(stage: &Stage) -> Target {
    Target::ValidateToken { token: stage.token.clone() }
}

fn validate_token(stage: &Stage) -> Row<'_> {
    Row {
        name: VALIDATE_TOKEN.to_owned(),
        goal: "calls/s ≥ 0.90",
        variants: [
            plain("auth-service", validation(stage), stage.auth_internal, &stage.auth),
            plain("echo", validation(stage), stage.echo_public, &stage.echo),
        ],
    }
}

fn get_task(stage: &Stage) -> Row<'_> {
    let target = Target::GetTask { token: stage.token.clone(), task_id: stage.task_id.clone() };
    Row {
        name: GET_TASK.to_owned(),
        goal: "calls/s ≥ 0.95, validations per call ≤ 0.001",
        variants: [
            Variant {
                servers: vec![("task-service", &stage.task), ("auth-service", &stage.auth)],
                validations: Some(stage.auth_operations),
                ..plain("the pair", target.clone(), stage.task_public, &stage.task)
            },
            plain("open task-service", target, stage.open_task_public, &stage.open_task),
        ],
    }
}

fn login(stage: &Stage) -> Row<'_> {
    Row {
        name: LOGIN.to_owned(),
        goal: "calls/s ≥ 0.95, memory ≤ threads × arena + fixed",
        variants: [
            plain("auth-service", Target::Login(stage.credentials.clone()), stage.auth_public, &stage.auth),
            plain("argon2id", validation(stage), stage.hashing_public, &stage.hashing),
        ],
    }
}
