//! `cargo xtask bench` builds everything with `--release` and runs this.

use bench::options::{Command, CommandLine};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let CommandLine { command, options } = CommandLine::parse();
    match command {
        None => bench::run(&options).await,
        Some(Command::ServeEcho(echo)) => echo.serve().await,
        Some(Command::ServeEchoTask(echo)) => echo.serve().await,
        Some(Command::ServeTasksOpen(tasks)) => tasks.serve().await,
        Some(Command::ServeTasksRaw(tasks)) => tasks.serve().await,
    }
}
