//! `cargo xtask bench`.

use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use clap::Args;
use xtask::{
    process::{Child, Output},
    workspace,
};

/// Measure the services beside their ceilings; one table at the end
#[derive(Args)]
pub(crate) struct Bench {
    /// Passed on to the bench; `cargo xtask bench -- --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let packages = ["auth-service", "task-service", "bench"];
        let mut build = Command::new("cargo");
        build.args(["build", "--release", "--bins"]).current_dir(workspace::root());
        build.env("CARGO_TARGET_DIR", workspace::target_folder());
        packages.iter().for_each(|package| {
            build.args(["--package", package]);
        });
        ensure!(Child::spawn_group("cargo", &mut build, Output::Inherit)?.finish()?.success(), "the build failed");
        let mut bench = Command::new(workspace::release_binary("bench"));
        bench.args(&self.arguments).current_dir(workspace::root());
        let status = Child::spawn_group("bench", &mut bench, Output::Inherit)?.finish()?;
        ensure!(status.success(), "the bench failed ({status})");
        Ok(ExitCode::SUCCESS)
    }
}
