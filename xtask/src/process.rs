//! Children that end with their owner, and nothing else that does.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{self, Command, ExitStatus, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process_group};

use crate::{interrupt, log::Sink};

const TICK: Duration = Duration::from_millis(10);
/// How long a dropped child may take to end before it is killed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Where a child's output goes.
pub enum Output {
    /// To this process's own.
    Inherit,
    /// Both streams to one file, at its end.
    File(PathBuf),
    /// Both streams, line by line.
    Lines(Sink),
    /// Its standard output line by line; its standard error to this process's own.
    StdoutLines(Sink),
}

/// A running child, with no input. Dropped, it is ended: SIGTERM, and SIGKILL after five seconds.
pub struct Child {
    name: String,
    process: process::Child,
    readers: Vec<JoinHandle<()>>,
    leads_group: bool,
}

impl Child {
    /// Starts `command`, to be signalled alone.
    ///
    /// # Errors
    /// When it cannot be started; the message names it.
    pub fn spawn(name: &str, command: &mut Command, output: Output) -> Result<Self> {
        Self::start(name, command, output, false)
    }

    /// Starts `command` in a process group of its own, to be signalled together with what it starts; Ctrl-C at the
    /// terminal does not reach it by itself.
    ///
    /// # Errors
    /// When it cannot be started; the message names it.
    pub fn spawn_group(name: &str, command: &mut Command, output: Output) -> Result<Self> {
        Self::start(name, command.process_group(0), output, true)
    }

    fn start(name: &str, command: &mut Command, output: Output, leads_group: bool) -> Result<Self> {
        command.stdin(Stdio::null());
        let sinks = redirect(command, output)?;
        let mut process = command
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", command.get_program().to_string_lossy()))?;
        let mut readers = Vec::new();
        if let (Some(sink), Some(stream)) = (sinks.0, process.stdout.take()) {
            readers.push(thread::spawn(move || forward(stream, &sink)));
        }
        if let (Some(sink), Some(stream)) = (sinks.1, process.stderr.take()) {
            readers.push(thread::spawn(move || forward(stream, &sink)));
        }
        Ok(Self { name: name.to_owned(), process, readers, leads_group })
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        self.process.try_wait().with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Waits for its end, at most until `limit` has passed.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let end = Instant::now() + limit;
        loop {
            match self.try_wait()? {
                None if Instant::now() < end => thread::sleep(TICK),
                ended => return Ok(ended),
            }
        }
    }

    /// Sends a signal, unless it has ended.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.try_wait()?.is_some() {
            return Ok(());
        }
        let sent = match (self.pid(), self.leads_group) {
            (None, _) => return Ok(()),
            (Some(pid), true) => kill_process_group(pid, signal),
            (Some(pid), false) => kill_process(pid, signal),
        };
        sent.with_context(|| format!("cannot signal {}", self.name))
    }

    /// Ends it as a crash does (`kill -9`), and waits until it has ended.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::KILL)?;
        self.process.wait().with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Asks it to end (SIGTERM); after `limit` it is killed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn stop(&mut self, limit: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        match self.wait(limit)? {
            Some(status) => Ok(status),
            None => self.kill(),
        }
    }

    /// Waits for its end however long that takes; ends it when this process is interrupted.
    ///
    /// # Errors
    /// When this process is interrupted.
    pub fn finish(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.wait(5 * TICK)? {
                self.readers.drain(..).for_each(|reader| drop(reader.join()));
                return Ok(status);
            }
            if interrupt::happened() {
                self.stop(LAST_WORDS)?;
                bail!("interrupted");
            }
        }
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.process.id()).ok().and_then(Pid::from_raw)
    }

    /// Ends what a leader that has ended may have left running.
    fn end_orphans(&self) {
        let Some(group) = self.pid().filter(|_| self.leads_group) else { return };
        let end = Instant::now() + LAST_WORDS;
        let _ = kill_process_group(group, Signal::TERM);
        while test_kill_process_group(group).is_ok() && Instant::now() < end {
            thread::sleep(TICK);
        }
        let _ = kill_process_group(group, Signal::KILL);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; there is nobody left to tell of anything else.
        let _ = self.stop(LAST_WORDS);
        self.end_orphans();
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }
}

/// Connects a command's streams; says who reads its standard output and its standard error.
fn redirect(command: &mut Command, output: Output) -> Result<(Option<Sink>, Option<Sink>)> {
    match output {
        Output::Inherit => Ok((None, None)),
        Output::File(path) => {
            let file = File::options().create(true).append(true).open(&path);
            let file = file.with_context(|| format!("cannot write {}", path.display()))?;
            command.stdout(file.try_clone()?).stderr(file);
            Ok((None, None))
        }
        Output::Lines(sink) => {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            Ok((Some(sink.clone()), Some(sink)))
        }
        Output::StdoutLines(sink) => {
            command.stdout(Stdio::piped());
            Ok((Some(sink), None))
        }
    }
}

fn forward(stream: impl Read, sink: &Sink) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        sink(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
}

#[cfg(test)]
mod tests;
