//! The binary: reads its settings and does as told.

use std::process::ExitCode;

use service_runtime::{clock::Clock, service, settings, telemetry};
use task_service::{
    Listeners, app,
    doctor::doctor,
    settings::{Command, CommandLine},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    run().await.unwrap_or_else(|error| service::exit_code(Err(error)))
}

async fn run() -> anyhow::Result<ExitCode> {
    let CommandLine { command, settings } = settings::parse()?;
    match command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let _telemetry = telemetry::init("task-service")?;
            let listeners = Listeners::bind(&settings).await?;
            app::serve(listeners, settings, Clock::system(), service::shutdown_signal()?).await?;
        }
        Command::Migrate => app::migrate(&settings).await.map(drop)?,
        Command::Healthcheck => service::healthcheck(settings.listen).await?,
        Command::Doctor(options) => return doctor(&settings, options).await,
    }
    Ok(ExitCode::SUCCESS)
}
