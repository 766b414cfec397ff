//! task-service with everything but the question who calls.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use authn::{Caller, SessionId, Unavailable, UserId, Verdict, Verify};
use clap::Args;
use proto::auth::v1::{RejectionReason, validate_token_response};
use service_runtime::{clock::Clock, deadline::Deadline, service::shutdown_signal, telemetry};
use task_service::{Listeners, Settings, serve_with};

use crate::echo::read_answer;

/// How long a caller's token is good: longer than any run.
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Serves tasks to everybody.
#[derive(Args, Debug)]
pub struct ServeTasksOpen {
    /// A file with an encoded ValidateTokenResponse that says whose tasks; without it, those of the user whose id the
    /// token is
    #[arg(long)]
    answer: Option<PathBuf>,
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
        let believer = match &self.answer {
            Some(answer) => Believer::Everybody(Arc::new(caller(answer)?)),
            None => Believer::AtTheirWord,
        };
        let listeners = Listeners::bind(&self.settings).await?;
        serve_with(listeners, self.settings, Clock::system(), believer, shutdown_signal()?).await
    }
}

fn caller(answer: &Path) -> anyhow::Result<Caller> {
    let Some(validate_token_response::Verdict::Caller(caller)) = read_answer(answer)?.verdict else {
        anyhow::bail!("the answer names no caller");
    };
    Caller::try_from(caller).ok().context("the answer's caller is malformed")
}

/// Believes every token.
#[derive(Clone)]
pub enum Believer {
    /// Takes everybody for one user, without looking at the token.
    Everybody(Arc<Caller>),
    /// Takes each for the user whose id the token is.
    AtTheirWord,
}

impl Verify for Believer {
    async fn verify(&self, token: &str, _deadline: Deadline) -> Result<Verdict, Unavailable> {
        Ok(match self {
            Self::Everybody(caller) => Verdict::Accepted(caller.clone()),
            Self::AtTheirWord => match token.parse() {
                Ok(user_id) => Verdict::Accepted(Arc::new(user(user_id))),
                Err(_) => Verdict::Rejected(RejectionReason::Malformed),
            },
        })
    }
}

fn user(user_id: UserId) -> Caller {
    let now = SystemTime::from(Clock::system().now());
    Caller {
        user_id,
        session_id: Some(SessionId::from(user_id.as_uuid())),
        issuer: String::new(),
        subject: user_id.to_string(),
        client_id: String::new(),
        key_id: String::new(),
        scopes: ["tasks.read", "tasks.write"].map(str::to_owned).to_vec(),
        issue_time: now,
        expire_time: now + LIFETIME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_token_is_taken_at_its_word_or_refused() {
        let deadline = Deadline::within(Duration::from_secs(1));
        let user = "0190a6b0-7f3a-7000-8000-0000000000aa";
        let Ok(Verdict::Accepted(caller)) = Believer::AtTheirWord.verify(user, deadline).await else {
            panic!("a user's id must be good");
        };
        assert_eq!(caller.user_id.to_string(), user);
        let refused = Believer::AtTheirWord.verify("nobody", deadline).await;
        assert_eq!(refused, Ok(Verdict::Rejected(RejectionReason::Malformed)));
    }
}
