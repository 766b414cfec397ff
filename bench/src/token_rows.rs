//! What it costs to know a caller: rows on the pair of the [`Stage`], and beside it what would be possible.

mod asked;
mod cold;
mod first_use;
mod sampled;
mod storm;

use crate::{
    calls::Target,
    curve,
    options::Options,
    progress,
    results::Results,
    rounds::{self, Measured},
    rows::{Row, Variant},
    stage::Stage,
};

const VALIDATE_TOKEN: &str = "ValidateToken, warm token / bare tonic echo";
const GET_TASK: &str = "GetTask with authentication, warm token / without";
const BY_STREAMS: &str = "ValidateToken and bare echo, throughput by calls in flight";
const LOGIN: &str = "Login / bare argon2id";

/// Measures those of the rows that are wanted. The storm is as hard as two others say: they are measured with it.
///
/// # Errors
/// When a server of the stage does not start.
pub async fn measure(options: &Options, results: &mut Results) -> anyhow::Result<()> {
    let storm = options.wants(storm::NAME);
    let wants = |name: &str| options.wants(name) || (storm && [VALIDATE_TOKEN, LOGIN].contains(&name));
    let all = [VALIDATE_TOKEN, sampled::NAME, cold::COLD, cold::MALFORMED, cold::REPEATED, GET_TASK, first_use::NAME];
    if !all.into_iter().chain([asked::NAME, LOGIN, BY_STREAMS]).any(wants) && !storm {
        return Ok(());
    }
    progress("starting the servers");
    let stage = &Stage::set(options).await?;
    macro_rules! add {
        ($name:expr, $measured:expr) => {
            if wants($name) {
                results.add($name, $measured.await);
            }
        };
    }
    add!(VALIDATE_TOKEN, validate_token(stage, options));
    add!(sampled::NAME, sampled::measure(stage, options));
    add!(cold::COLD, cold::cold(stage, options));
    add!(cold::MALFORMED, cold::malformed(stage, options));
    add!(cold::REPEATED, cold::repeated(stage, options));
    add!(GET_TASK, get_task(stage, options));
    add!(first_use::NAME, first_use::measure(stage, options));
    add!(asked::NAME, asked::measure(stage, options));
    add!(BY_STREAMS, curve::measure(BY_STREAMS, warm(stage), options));
    add!(LOGIN, login(stage, options));
    let rate = |name| results.row(name).map(Measured::calls_per_second);
    if let (true, Some(validations), Some(logins)) = (storm, rate(VALIDATE_TOKEN), rate(LOGIN)) {
        results.add(storm::NAME, storm::measure(stage, validations, logins, options).await);
    }
    Ok(())
}

fn validation(stage: &Stage) -> Target {
    Target::ValidateToken { token: stage.token.clone() }
}

/// auth-service's internal port.
fn auth(name: &'static str, target: Target, stage: &Stage) -> Variant {
    Variant::plain(name, target, stage.auth.internal, stage.auth.server.process())
}

/// One good token again and again, at auth-service and at the echo.
fn warm(stage: &Stage) -> [Variant; 2] {
    [auth("auth-service", validation(stage), stage), Variant::of("echo", validation(stage), &stage.echo)]
}

async fn validate_token(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let row = Row { name: VALIDATE_TOKEN.to_owned(), goal: "calls/s ≥ 0.90", variants: warm(stage) };
    rounds::measure(&row, options).await
}

async fn get_task(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let target = Target::GetTask { token: stage.token.clone(), task_id: stage.task_id.clone() };
    let servers =
        [("task-service", stage.task.server.process()), ("auth-service", stage.auth.server.process())].to_vec();
    let row = Row {
        name: GET_TASK.to_owned(),
        goal: "calls/s ≥ 0.95, questions per 1,000 calls ≤ 1",
        variants: [
            Variant {
                servers,
                validations: Some(stage.auth.operations),
                ..Variant::of("the pair", target.clone(), &stage.task)
            },
            Variant::of("open task-service", target, &stage.open_task),
        ],
    };
    rounds::measure(&row, options).await
}

async fn login(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let login = Target::Login(stage.credentials.clone());
    let row = Row {
        name: LOGIN.to_owned(),
        goal: "calls/s ≥ 0.95, memory ≤ threads × arena + fixed",
        variants: [
            Variant::plain("auth-service", login, stage.auth.public, stage.auth.server.process()),
            Variant::of("argon2id", validation(stage), &stage.hashing),
        ],
    };
    rounds::measure(&row, options).await
}
