//! What it costs to remember nothing: a service whose layer asks auth-service on every call.

use std::fs;

use prost::Message;
use proto::task::v1::{GetTaskRequest, task_service_client::TaskServiceClient};
use tonic::Request;

use crate::{
    calls::{Target, bearer, connect},
    options::Options,
    programs::Served,
    rounds::{self, Measured},
    rows::{Row, Variant},
    stage::Stage,
};

pub(super) const NAME: &str = "An echo that asks auth-service each time / bare tonic echo";

pub(super) async fn measure(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let answer = stage.folder().join("task-answer");
    let mut request = Request::new(GetTaskRequest { task_id: stage.task_id.clone() });
    request.metadata_mut().insert("authorization", bearer(&stage.token)?);
    let task = TaskServiceClient::new(connect(stage.task.address).await?).get_task(request).await?.into_inner();
    fs::write(&answer, task.encode_to_vec())?;
    let arguments = ["serve-echo-task", "--ask", &stage.auth.internal.to_string()];
    let asking = Served::echo("asking-echo", &arguments, stage.folder(), &answer).await?;
    let echo = Served::echo("task-echo", &arguments[..1], stage.folder(), &answer).await?;
    let target = Target::GetTask { token: stage.token.clone(), task_id: stage.task_id.clone() };
    let servers = vec![("echo", asking.server.process()), ("auth-service", stage.auth.server.process())];
    let row = Row {
        name: NAME.to_owned(),
        goal: "calls/s ≥ 0.25",
        variants: [
            Variant {
                servers,
                validations: Some(stage.auth.operations),
                ..Variant::of("asking echo", target.clone(), &asking)
            },
            Variant::of("echo", target, &echo),
        ],
    };
    rounds::measure(&row, options).await
}
