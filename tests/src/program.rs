//! One service as a process.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    time::Duration,
};

use tokio::task::spawn_blocking;
use xtask::{
    http,
    port::free_port,
    process::{Child, Output, Signal},
    workspace,
};

use crate::{eventually, web};

/// Far longer than a debug build takes on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(30);
/// A service ends within 10 s of SIGTERM; tests that are about that measure it.
const END: Duration = Duration::from_secs(20);

/// The program of one service, with its settings; it can be started, ended and started again. It is killed on drop.
pub struct Program {
    name: &'static str,
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    operations: SocketAddr,
    tracer: Option<(PathBuf, PathBuf)>,
    child: Option<Child>,
}

impl Program {
    pub(crate) fn new(
        name: &'static str,
        folder: &Path,
        settings: BTreeMap<String, String>,
        operations: SocketAddr,
    ) -> Self {
        Self { name, folder: folder.to_owned(), settings, operations, tracer: None, child: None }
    }

    /// Another one with the same settings, but with ports of its own, which these settings name; not started yet.
    pub(crate) fn replica(&self, ports: &[&str], operations: &str) -> Self {
        let mut replica = Self::new(self.name, &self.folder, self.settings.clone(), free_address());
        for port in ports {
            replica.set(port, &free_address().to_string());
        }
        replica.set(operations, &replica.operations.to_string());
        replica
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready, or runs already.
    pub async fn start(&mut self) {
        self.spawn();
        self.wait_until_ready().await;
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started, or runs already.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let child = Child::spawn(self.name, &mut self.command(), Output::File(self.log_file()));
        self.child = Some(child.expect("to start the service"));
    }

    /// The command that runs it: nothing of this process's environment reaches it.
    pub fn command(&self) -> Command {
        let mut command = match &self.tracer {
            None => Command::new(binary(self.name)),
            Some((strace, log)) => traced(strace, log, &binary(self.name)),
        };
        command.env_clear().envs(&self.settings).current_dir(&self.folder);
        command
    }

    /// Waits until it says that it is ready.
    ///
    /// # Panics
    /// When it ends, or is not ready within half a minute.
    pub async fn wait_until_ready(&mut self) {
        let address = self.operations;
        let what = format!("{} is ready", self.name);
        let ended = async || {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().expect("to ask for its end"));
            assert_eq!(ended, None, "{} ended:\n{}", self.name, self.log());
            spawn_blocking(move || http::is_ok(address, "/readyz")).await.expect("to ask").then_some(())
        };
        eventually(&what, START, ended).await;
    }

    /// Ends it as a crash does (`kill -9`).
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        self.child.take().expect("a running service").kill().expect("to kill the service");
    }

    /// Ends it in order (SIGTERM), and says how and how fast it ended.
    ///
    /// # Panics
    /// When it does not run, or does not end.
    pub async fn stop(&mut self) -> (ExitStatus, Duration) {
        self.signal(Signal::TERM);
        let mut child = self.child.take().expect("a running service");
        let ended = async || child.try_wait().expect("to ask for its end");
        eventually(&format!("the end of {}", self.name), END, ended).await
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&mut self, signal: Signal) {
        self.child.as_mut().expect("a running service").signal(signal).expect("to signal the service");
    }

    /// Stops it where it is (SIGSTOP), until SIGCONT. None of its threads runs any more when this returns.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn freeze(&mut self) {
        self.signal(Signal::STOP);
        let threads = format!("/proc/{}/task", self.child.as_ref().expect("a running service").id());
        let frozen = async || stand_still(&threads).then_some(());
        eventually("all threads stand still", END, frozen).await;
    }

    /// Has strace write down into this file what it writes to files and sockets, and when it waits for the disk, from
    /// its next start on.
    pub fn trace(&mut self, strace: PathBuf, log: PathBuf) {
        self.tracer = Some((strace, log));
    }

    /// Changes one of its settings, from its next start on.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.settings.insert(variable.to_owned(), value.to_owned());
    }

    /// One of its settings.
    ///
    /// # Panics
    /// When it is not set.
    pub fn setting(&self, variable: &str) -> &str {
        self.settings.get(variable).expect("a setting that is set")
    }

    /// The port of a listening address among its settings.
    ///
    /// # Panics
    /// When it is not set.
    pub fn address(&self, variable: &str) -> SocketAddr {
        self.setting(variable).parse().expect("an address")
    }

    /// Where it answers `/readyz` and `/metrics`.
    pub fn operations(&self) -> SocketAddr {
        self.operations
    }

    /// The sum of its metrics whose lines begin so; 0 if there are none.
    ///
    /// # Panics
    /// When it does not show its metrics.
    pub async fn metric(&self, beginning: &str) -> f64 {
        let metrics = web::request(self.operations, "GET", "/metrics", &[], b"").await.text();
        let lines = metrics.lines().filter(|line| line.starts_with(beginning));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    /// All that it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join(format!("{}-{}.log", self.name, self.operations.port()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // At once, also when it is stopped by SIGSTOP: its folder goes with it.
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
        }
        if std::thread::panicking() {
            eprintln!("---- log of {}\n{}", self.name, self.log());
        }
    }
}

/// Where nothing listens yet.
pub(crate) fn free_address() -> SocketAddr {
    ([127, 0, 0, 1], free_port()).into()
}

/// The tracer is a grandchild, so that the child is the service itself and takes its signals.
fn traced(strace: &Path, log: &Path, program: &Path) -> Command {
    let mut command = Command::new(strace);
    command.args(["-D", "-f", "-yy", "-s", "65536", "-e", "signal=none"]);
    command.args(["-e", "trace=write,writev,pwrite64,pwritev,sendto,sendmsg,fdatasync,fsync"]);
    command.arg("-o").arg(log).arg(program);
    command
}

/// The program of that name, built with the same profile as this test.
///
/// # Panics
/// When it is not built.
pub fn binary(name: &str) -> PathBuf {
    let path = workspace::binary(name);
    assert!(path.is_file(), "{} is not built; run `cargo xtask test`, or `cargo build --bins` first", path.display());
    path
}

/// Whether each of these threads is stopped: its state stands behind its name (proc_pid_stat(5)).
fn stand_still(threads: &str) -> bool {
    let threads = fs::read_dir(threads).expect("the threads of a process");
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    stats.filter_map(|stat| stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with('T'))).all(|stopped| stopped)
}
