//! Statements that a service sends, sent by PostgreSQL's own load generator.

mod log;
mod script;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use service_runtime::clock::Clock;
use tokio::time::sleep;
use xtask::{
    process::{Child, Output},
    scratch::Scratch,
};

pub use self::script::{Known, USER, write};
use crate::load::Load;

/// How much longer than it is measured it runs, so that it does not end meanwhile.
const MARGIN: Duration = Duration::from_secs(1);
/// How long it may take to end then.
const PATIENCE: Duration = Duration::from_secs(30);

/// Transactions, and where they go.
#[derive(Clone)]
pub struct Script {
    /// The program.
    pub program: PathBuf,
    /// The database.
    pub url: String,
    /// What a transaction does, in pgbench's language.
    pub text: Arc<str>,
}

impl fmt::Debug for Script {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Script").field("text", &self.text).finish_non_exhaustive()
    }
}

impl Script {
    /// Keeps `clients` busy with it. `edge` is called where the measured time begins and where it ends.
    ///
    /// # Errors
    /// When pgbench ends early, or a transaction fails.
    pub async fn run(
        &self,
        clients: u16,
        warm_up: Duration,
        measured: Duration,
        mut edge: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Load> {
        let folder = Scratch::create("bench-pgbench")?;
        let output = folder.path().join("output");
        let mut pgbench = Child::spawn(
            "pgbench",
            &mut self.command(clients, (warm_up + measured + MARGIN).as_secs_f64(), folder.path())?,
            Output::File(output.clone()),
        )?;
        let said = || fs::read_to_string(&output).unwrap_or_default();
        self.connected(clients, folder.path(), &mut pgbench).await.with_context(said)?;
        sleep(warm_up).await;
        edge()?;
        let (begin, begun) = (now(), Instant::now());
        sleep(measured).await;
        let (end, elapsed) = (now(), begun.elapsed());
        edge()?;
        ensure!(pgbench.try_wait()?.is_none(), "pgbench ended early: {}", said());
        let status = tokio::task::spawn_blocking(move || pgbench.wait(PATIENCE)).await??;
        ensure!(status.is_some_and(|status| status.success()), "pgbench failed: {}", said());
        Ok(Load { elapsed, latencies: log::read(folder.path(), begin..end)? })
    }

    fn command(&self, clients: u16, seconds: f64, folder: &Path) -> anyhow::Result<Command> {
        let script = folder.join("script.sql");
        fs::write(&script, &*self.text)?;
        let mut command = Command::new(&self.program);
        // Tasks have numbers that no run before has given.
        command.args(["--no-vacuum", "--protocol=prepared", "--log", "--define"]).arg(format!("task={}", now()));
        command.args([format!("--client={clients}"), format!("--time={:.0}", seconds.ceil())]);
        command.arg("--file").arg(script).arg(&self.url).current_dir(folder);
        Ok(command)
    }

    /// Waits for the first transaction: it takes a while until all are connected.
    async fn connected(&self, clients: u16, folder: &Path, pgbench: &mut Child) -> anyhow::Result<()> {
        let begun = Instant::now();
        while log::is_empty(folder)? {
            ensure!(pgbench.try_wait()?.is_none(), "pgbench ended at once");
            ensure!(begun.elapsed() < PATIENCE, "pgbench does not come to connect {clients} clients");
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }
}

/// Microseconds since 1970, as in pgbench's log.
fn now() -> i64 {
    Clock::system().now().timestamp_micros()
}
