//! `cargo xtask bench`.

use std::{
    env,
    process::{Command, ExitCode},
};

use anyhow::{Result, ensure};
use clap::Args;
use xtask::{
    postgres::Postgres,
    process::{Child, Output},
    workspace,
};

use super::pair;

/// The variable that names a PostgreSQL server to the bench.
const POSTGRES: &str = "BENCH_POSTGRES_URL";

/// Measure the services beside their ceilings; one table at the end
///
/// PostgreSQL is started for it on a free port, unless BENCH_POSTGRES_URL names a server. Without its server programs the
/// rows that need it are left out.
#[derive(Args)]
pub(crate) struct Bench {
    /// Passed on to the bench; `cargo xtask bench -- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let [auth, task] = pair::SERVICES;
        pair::build(&[auth, task, "bench"])?;
        let mut bench = Command::new(workspace::release_binary("bench"));
        bench.args(&self.arguments).current_dir(workspace::root());
        // Until the bench has ended.
        let postgres = if env::var_os(POSTGRES).is_none() { start_postgres() } else { None };
        if let Some(postgres) = &postgres {
            bench.env(POSTGRES, postgres.url("postgres"));
        }
        let status = Child::spawn_group("bench", &mut bench, Output::Inherit)?.finish()?;
        ensure!(status.success(), "the bench failed ({status})");
        Ok(ExitCode::SUCCESS)
    }
}

fn start_postgres() -> Option<Postgres> {
    match Postgres::create() {
        Ok(postgres) => Some(postgres),
        Err(error) => {
            eprintln!("bench: measuring without PostgreSQL: {error:#}");
            None
        }
    }
}
