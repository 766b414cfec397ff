//! How often auth-service is asked when a thousand calls come with a token that nobody has seen before.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use tokio::{sync::Barrier, task::JoinSet, time::sleep};
use tonic::transport::Channel;

use crate::{
    calls::{GetTask, connect},
    figure::{Figure, Line},
    load::Call,
    options::Options,
    progress,
    rounds::validations,
    stage::Stage,
    statistics::Spread,
};

pub(super) const NAME: &str = "1,000 first uses of a token at once: questions to auth-service";

const CALLS: usize = 1000;
/// So many that no call waits for a stream.
const CONNECTIONS: usize = 16;
/// A verifier that has just started has to hear from auth-service first.
const SETTLED: Duration = Duration::from_secs(2);

pub(super) async fn measure(stage: &Stage, options: &Options) -> anyhow::Result<Figure> {
    progress(NAME);
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(connect(stage.task.address).await?);
    }
    sleep(SETTLED).await;
    let mut questions = Vec::new();
    for round in 1..=options.rounds {
        let token = stage.auth.log_in(&stage.credentials).await?.access_token;
        let before = validations(stage.auth.operations)?;
        use_at_once(&connections, &token, &stage.task_id).await?;
        let asked = validations(stage.auth.operations)? - before;
        progress(&format!("  round {round}/{}: {asked}", options.rounds));
        questions.push(asked);
    }
    let Spread { median, min, max } = Spread::of(questions);
    let line = Line::new("one task-service", [("median", median), ("least", min), ("most", max)]);
    Ok(Figure { name: NAME.to_owned(), goal: "1 per replica", lines: vec![line] })
}

async fn use_at_once(connections: &[Channel], token: &str, task_id: &str) -> anyhow::Result<()> {
    let (together, mut calls) = (Arc::new(Barrier::new(CALLS)), JoinSet::new());
    for channel in connections.iter().cycle().take(CALLS) {
        let mut call = GetTask::new(channel.clone(), token, task_id)?;
        let together = Arc::clone(&together);
        calls.spawn(async move {
            together.wait().await;
            call.call().await
        });
    }
    while let Some(answer) = calls.join_next().await {
        answer?.context("a first use failed")?;
    }
    Ok(())
}
