//! `cargo xtask up | test | bench | page`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people: its output is the terminal")]

mod commands {
    pub(crate) mod addresses;
    pub(crate) mod bench;
    pub(crate) mod page;
    pub(crate) mod pair;
    pub(crate) mod test;
    pub(crate) mod up;
    pub(crate) mod variables;
}

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::{bench::Bench, page::Page, test::Test, up::Up};
use xtask::interrupt;

/// Runs, tests and measures Duet
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(Up),
    Test(Test),
    Bench(Bench),
    Page(Page),
}

fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    let outcome = interrupt::watch().and_then(|()| match command {
        Command::Up(up) => up.run(),
        Command::Test(test) => test.run(),
        Command::Bench(bench) => bench.run(),
        Command::Page(page) => page.run(),
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}
