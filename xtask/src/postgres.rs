//! A private PostgreSQL server, as durable as a real one.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    port::free_port,
    process::{Child, Output, Signal},
    scratch::Scratch,
    tools,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A server on 127.0.0.1 with a data folder of its own, both gone on drop. Run as root it belongs to the user
/// `postgres` or `nobody`, because PostgreSQL refuses root.
pub struct Postgres {
    process: Option<Child>,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    port: u16,
    folder: Scratch,
}

impl Postgres {
    /// Makes a server on a free port and starts it.
    ///
    /// # Errors
    /// When PostgreSQL is missing or does not start; the message ends with what its log says.
    pub fn create() -> Result<Self> {
        let programs = tools::postgres()?;
        let owner = rustix::process::geteuid().is_root().then(unprivileged_user).transpose()?;
        let folder = Scratch::create("postgres")?;
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).context("cannot give PostgreSQL its folder")?;
        }
        let mut server = Self { process: None, programs, owner, port: free_port(), folder };
        server.make_cluster()?;
        server.start()?;
        Ok(server)
    }

    /// The URL of one of its databases. Its superuser is `postgres`, without a password.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on, before and after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again on the same data and port, and waits until it accepts connections.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "PostgreSQL runs already");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", "fsync=on"];
        for setting in settings {
            command.args(["-c", setting]);
        }
        let mut process = Child::spawn("postgres", &mut command, Output::File(self.log()))?;
        let end = Instant::now() + PATIENCE;
        while !self.accepts_connections()? {
            if process.try_wait()?.is_some() || Instant::now() > end {
                bail!("PostgreSQL does not start: {}", last_lines(&self.log()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        Ok(())
    }

    /// Stops it as `pg_ctl stop -m immediate` does: at once, without a checkpoint, to recover at the next start.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop_immediate(&mut self) -> Result<()> {
        self.stop(Signal::QUIT)
    }

    /// Stops it in order, ending its connections.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn stop_fast(&mut self) -> Result<()> {
        self.stop(Signal::INT)
    }

    fn stop(&mut self, signal: Signal) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.signal(signal)?;
        process.wait(PATIENCE)?.map(drop).context("PostgreSQL does not stop")
    }

    fn make_cluster(&self) -> Result<()> {
        let arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C"];
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.data()).args(arguments);
        let status = Child::spawn("initdb", &mut command, Output::File(self.log()))?.finish()?;
        ensure!(status.success(), "initdb failed: {}", last_lines(&self.log()));
        Ok(())
    }

    fn accepts_connections(&self) -> Result<bool> {
        let mut command = self.command("pg_isready");
        command.args(["--quiet", "--host=127.0.0.1", "--username=postgres", "--port", &self.port.to_string()]);
        Ok(Child::spawn("pg_isready", &mut command, Output::File(self.log()))?.finish()?.success())
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        for variable in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGDATA", "PGOPTIONS", "PGSERVICE"] {
            command.env_remove(variable);
        }
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // What it holds goes with it: there is nothing to write back.
        let _ = self.stop_immediate();
    }
}

/// User and group id of `postgres`, else of `nobody`.
fn unprivileged_user() -> Result<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| ids_of(name, &users))
        .context("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

fn ids_of(name: &str, users: &str) -> Option<(u32, u32)> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2);
    Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
}

fn last_lines(log: &Path) -> String {
    let mut text = String::new();
    let read = File::open(log).and_then(|mut file| file.read_to_string(&mut text));
    let lines: Vec<&str> = text.lines().collect();
    match read {
        Ok(_) => lines[lines.len().saturating_sub(5)..].join(" / "),
        Err(error) => format!("it left no log ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_user_and_group_ids() {
        let users = "root:x:0:0:root:/root:/bin/bash\npostgresql:x:7:8::/:\npostgres:x:105:110:,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(ids_of("postgres", users), Some((105, 110)));
        assert_eq!(ids_of("nobody", users), None);
    }

    #[test]
    fn comes_back_on_the_same_port_after_a_crash() {
        let mut server = Postgres::create().expect("a server");
        assert!(server.accepts_connections().expect("asked"));
        server.stop_immediate().expect("stopped");
        assert!(!server.accepts_connections().expect("asked"));
        server.start().expect("started again");
        assert!(server.accepts_connections().expect("asked"));
        let folder = server.folder.path().to_owned();
        drop(server);
        assert!(!folder.exists());
    }
}
