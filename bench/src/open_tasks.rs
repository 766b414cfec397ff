//! task-service with everything but the question who calls.

use std::sync::Arc;

use anyhow::Context;
use authn::{Caller, Unavailable, Verdict, Verify};
use clap::Args;
use proto::auth::v1::validate_token_response;
use service_runtime::{clock::Clock, deadline::Deadline, service::shutdown_signal, telemetry};
use task_service::{Listeners, Settings, serve_with};

use crate::echo::Answer;

/// Serves the tasks of one user to everybody.
#[derive(Args, Debug)]
pub struct ServeTasksOpen {
    /// Whose tasks
    #[command(flatten)]
    caller: Answer,
    /// As for task-service itself
    #[command(flatten)]
    settings: Settings,
}

impl ServeTasksOpen {
    /// Serves until Ctrl-C or SIGTERM.
    ///
    /// # Errors
    /// When it cannot begin.
    pub async fn serve(self) -> anyhow::Result<()> {
        let _telemetry = telemetry::init("task-service")?;
        let everybody = Everybody(Arc::new(self.caller()?));
        let listeners = Listeners::bind(&self.settings).await?;
        serve_with(listeners, self.settings, Clock::system(), everybody, shutdown_signal()?).await
    }

    fn caller(&self) -> anyhow::Result<Caller> {
        let Some(validate_token_response::Verdict::Caller(caller)) = self.caller.read()?.verdict else {
            anyhow::bail!("the answer names no caller");
        };
        Caller::try_from(caller).ok().context("the answer's caller is malformed")
    }
}

/// Takes everybody for one user, without looking at the token.
#[derive(Clone)]
struct Everybody(Arc<Caller>);

impl Verify for Everybody {
    async fn verify(&self, _token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        Ok(Verdict::Accepted(self.0.clone()))
    }
}
