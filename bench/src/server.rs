//! A server under measurement: another process, started for the run and ended with it.

use std::{
    env,
    ffi::OsString,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::bail;
use tokio::time::sleep;
use xtask::{
    http,
    port::free_port,
    process::{Child, Output},
};

use crate::cpu::Process;

/// How long a server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the user's own environment says about the services must not change what is measured.
const SETTINGS: [&str; 6] = ["AUTH_", "TASK_", "OTEL_", "RUST_LOG", "RUST_BACKTRACE", "LOG_FORMAT"];
/// How much of its log a server that did not start is quoted with.
const LAST_LINES: usize = 10;

/// A running server.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `command` in `folder`, which takes its log too.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(name: &str, mut command: Command, folder: &Path) -> anyhow::Result<Self> {
        let given: Vec<OsString> = command.get_envs().map(|(variable, _)| variable.to_owned()).collect();
        for (variable, _) in env::vars_os() {
            let setting = SETTINGS.iter().any(|prefix| variable.to_string_lossy().starts_with(prefix));
            if setting && !given.contains(&variable) {
                command.env_remove(variable);
            }
        }
        let log = folder.join(format!("{name}.log"));
        let child = Child::spawn(name, command.current_dir(folder), Output::File(log.clone()))?;
        Ok(Self { child, log })
    }

    /// Waits until `/readyz` of its operations port says so.
    ///
    /// # Errors
    /// When it ends instead, or takes too long; its log says why.
    pub async fn ready(self, operations: SocketAddr) -> anyhow::Result<Self> {
        self.until(|| http::is_ok(operations, "/readyz")).await
    }

    /// Waits until it accepts connections.
    ///
    /// # Errors
    /// When it ends instead, or takes too long; its log says why.
    pub async fn listening(self, address: SocketAddr) -> anyhow::Result<Self> {
        self.until(|| TcpStream::connect(address).is_ok()).await
    }

    async fn until(mut self, condition: impl Fn() -> bool) -> anyhow::Result<Self> {
        let end = Instant::now() + PATIENCE;
        while !condition() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended ({status}):\n{}", self.child.name(), self.last_lines());
            }
            if Instant::now() > end {
                bail!("{} is not ready after {PATIENCE:?}:\n{}", self.child.name(), self.last_lines());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(self)
    }

    /// Whose time it takes.
    pub fn process(&self) -> Process {
        Process::Single(self.child.id())
    }

    fn last_lines(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

/// A free port of this machine.
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}

#[cfg(test)]
mod tests {
    use xtask::scratch::Scratch;

    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_is_quoted() {
        let folder = Scratch::create("bench-test").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo TASK_LISTEN is taken; exit 3"]);
        let server = Server::start("task-service", command, folder.path()).unwrap();
        let error = server.listening(free_address()).await.err().unwrap().to_string();
        assert!(error.starts_with("task-service ended (exit status: 3)"), "{error}");
        assert!(error.ends_with("TASK_LISTEN is taken"), "{error}");
    }
}
