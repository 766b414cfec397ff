//! The binary of auth-service.

use std::process::ExitCode;

use auth_service::{
    Listeners, app, commands,
    settings::{Command, CommandLine},
};
use service_runtime::{clock::Clock, service, settings, telemetry};

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
            let _telemetry = telemetry::init("auth-service")?;
            let listeners = Listeners::bind(&settings).await?;
            app::serve(listeners, settings, Clock::system(), service::shutdown_signal()?).await?;
        }
        Command::Migrate => app::migrate(&settings).await.map(drop)?,
        Command::Healthcheck => service::healthcheck(settings.listen.public).await?,
        Command::Doctor(options) => return commands::doctor(&settings, options).await,
        Command::Users(command) => return commands::run(&command, &settings).await,
        Command::Keys(command) => return commands::run_keys(&command, &settings).await,
        Command::NotBefore(command) => return commands::run_not_before(&command, &settings).await,
    }
    Ok(ExitCode::SUCCESS)
}
