//! Both services as release builds, and Envoy in front of them.

use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use xtask::{
    envoy, http, interrupt,
    log::prefixed,
    process::{Child, Output, Signal},
    scratch::Scratch,
    workspace,
};

use super::{addresses::Addresses, variables::Variables};

/// The packages of the pair.
pub(crate) const SERVICES: [&str; 2] = ["auth-service", "task-service"];
const TICK: Duration = Duration::from_millis(50);
const UNTIL_READY: Duration = Duration::from_secs(60);
/// The services drain for ten seconds at most; all have ended within fifteen.
const UNTIL_ENDED: Duration = Duration::from_secs(13);

/// Builds these packages' programs for release.
///
/// # Errors
/// When cargo does not.
pub(crate) fn build(packages: &[&str]) -> Result<()> {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--bins"]).args(packages.iter().flat_map(|package| ["--package", package]));
    build.current_dir(workspace::root()).env("CARGO_TARGET_DIR", workspace::target_folder());
    let status = Child::spawn_group("cargo", &mut build, Output::Inherit)?.finish()?;
    ensure!(status.success(), "the build failed; cargo says why above");
    Ok(())
}

/// What runs. It ends with [`Pair::end`]; dropped, it is killed.
pub(crate) struct Pair {
    children: Vec<Child>,
    with_envoy: bool,
    /// Envoy's configuration.
    _folder: Scratch,
}

impl Pair {
    /// Starts both services in `folder`, where their data will lie and their `.env` may, and Envoy if it is wanted.
    ///
    /// # Errors
    /// When one of them cannot be started.
    pub(crate) fn start(
        folder: &Path,
        variables: &Variables,
        addresses: &Addresses,
        with_envoy: bool,
        page: Option<&Path>,
    ) -> Result<Self> {
        let configuration = Scratch::create("envoy")?;
        let mut auth = service(folder, variables, "auth-service");
        if variables.get("AUTH_ISSUER").is_none() {
            auth.env("AUTH_ISSUER", format!("http://{}", addresses.envoy.reachable()));
        }
        let mut task = service(folder, variables, "task-service");
        if variables.get("TASK_AUTH_URL").is_none() {
            task.env("TASK_AUTH_URL", format!("http://{}", addresses.auth_internal.reachable()));
        }
        let start =
            |name: &str, command: &mut Command| Child::spawn_group(name, command, Output::Lines(prefixed(name)));
        let mut children = Vec::new();
        if with_envoy {
            children.push(start("envoy", &mut envoy::command(addresses.envoy_ports(), page, configuration.path())?)?);
        }
        children.push(start("task", &mut task)?);
        children.push(start("auth", &mut auth)?);
        Ok(Self { children, with_envoy, _folder: configuration })
    }

    /// Waits until all of it serves. `false` when it was told to end before.
    ///
    /// # Errors
    /// When a part ends by itself, or it takes longer than a minute.
    pub(crate) fn wait_until_ready(&mut self, addresses: &Addresses) -> Result<bool> {
        let begun = Instant::now();
        while !self.is_ready(addresses) {
            if interrupt::happened() {
                return Ok(false);
            }
            self.check_alive()?;
            let patient = begun.elapsed() < UNTIL_READY;
            ensure!(patient, "not ready after {UNTIL_READY:?}; the lines above say what it waits for");
            thread::sleep(TICK);
        }
        Ok(true)
    }

    /// Runs until it is told to end.
    ///
    /// # Errors
    /// When a part ends by itself.
    pub(crate) fn watch(&mut self) -> Result<()> {
        while !interrupt::happened() {
            self.check_alive()?;
            thread::sleep(TICK);
        }
        Ok(())
    }

    fn check_alive(&mut self) -> Result<()> {
        for child in &mut self.children {
            if let Some(status) = child.try_wait()? {
                bail!(
                    "{} has ended ({status}); if it could, it said why above. The others are ended too",
                    child.name()
                );
            }
        }
        Ok(())
    }

    fn is_ready(&self, addresses: &Addresses) -> bool {
        let ports = addresses.envoy_ports();
        http::is_ok(addresses.auth_operations.reachable(), "/readyz")
            && http::is_ok(addresses.task_operations.reachable(), "/readyz")
            && (!self.with_envoy || ports.are_served() && ports.have_healthy_services())
    }

    /// Ends all at once, so that one that drains does not keep the others.
    ///
    /// # Errors
    /// When one of them can be neither ended nor killed.
    pub(crate) fn end(mut self) -> Result<()> {
        let end = Instant::now() + UNTIL_ENDED;
        for child in &mut self.children {
            child.signal(Signal::TERM)?;
        }
        for child in &mut self.children {
            if child.wait(end.saturating_duration_since(Instant::now()))?.is_none() {
                println!("pair  | {} does not end by itself; it is killed", child.name());
                child.kill()?;
            }
        }
        Ok(())
    }
}

fn service(folder: &Path, variables: &Variables, name: &str) -> Command {
    let mut command = Command::new(workspace::release_binary(name));
    command.current_dir(folder);
    variables.give_to(&mut command);
    if variables.get("LOG_FORMAT").is_none() {
        command.env("LOG_FORMAT", "pretty");
    }
    command
}
