//! `cargo xtask test`.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use xtask::{
    envoy, interrupt,
    log::Sink,
    postgres::Postgres,
    process::{Child, Output},
    scratch::Scratch,
    summary::Summary,
    tools, workspace,
};

use super::variables::forget_settings;

/// Check and test everything: on SQLite, on a PostgreSQL started for it, through real Envoy, grpcurl, Better Auth and Chromium
///
/// Tools that are missing are installed under the target folder first. Every step runs, whatever failed before it.
/// The last line says how many tests passed and failed; a step that fails without tests of its own counts as one.
#[derive(Args)]
pub(crate) struct Test {
    /// Only this step; may be given several times
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
/// What a first run writes below the target folder.
const ROOM_GIB: f64 = 4.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// cargo fmt --check
    Fmt,
    /// cargo clippy, every warning an error
    Clippy,
    /// buf lint of proto/
    Buf,
    /// Envoy's own check of deploy/envoy/envoy.yaml
    Envoy,
    /// cargo deny: bans, licences and sources (advisories need their database from the network)
    Deny,
    /// The page: its types, lints and format, and its build
    Web,
    /// cargo test --workspace
    Test,
}

/// What one step came to.
struct Outcome {
    step: Step,
    took: Duration,
    failure: Option<String>,
}

impl Test {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let wanted = |step: &Step| self.only.is_empty() || self.only.contains(step);
        let steps: Vec<Step> = Step::value_variants().iter().copied().filter(wanted).collect();
        tell_of_room();
        let provisioning = provision(&steps);
        let summary = Arc::new(Mutex::new(Summary::default()));
        let mut outcomes = Vec::new();
        for step in steps.iter().copied().take_while(|_| !interrupt::happened()) {
            outcomes.push(run_step(step, &summary));
        }
        provisioning.into_iter().for_each(|thread| drop(thread.join()));
        ensure!(!interrupt::happened(), "interrupted");
        let summary = *summary.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(report(&outcomes, summary))
    }
}

/// A linker that finds no room dies without saying why.
#[expect(clippy::cast_precision_loss, reason = "gigabytes with one digit")]
fn tell_of_room() {
    if let Some(free) = workspace::free_bytes().map(|bytes| bytes as f64 / GIB) {
        let enough = if free < ROOM_GIB { ", which may not be enough" } else { "" };
        println!("{free:.1} GiB are free for the target folder; a first run takes about {ROOM_GIB} GiB{enough}");
    }
}

/// Installs what is missing while cargo builds. A failure is reported by the step that needs the tool.
fn provision(steps: &[Step]) -> Vec<thread::JoinHandle<()>> {
    let mut threads = Vec::new();
    let mut install = |step: Step, tool: fn() -> Result<PathBuf>| {
        if steps.contains(&step) {
            threads.push(thread::spawn(move || drop(tool())));
        }
    };
    install(Step::Envoy, tools::envoy);
    install(Step::Test, tools::envoy);
    install(Step::Buf, tools::buf);
    install(Step::Test, tools::grpcurl);
    install(Step::Test, tools::postgres);
    install(Step::Test, tools::strace);
    install(Step::Test, tools::better_auth);
    install(Step::Test, tools::chromium);
    install(Step::Deny, tools::cargo_deny);
    install(Step::Web, tools::page);
    threads
}

fn run_step(step: Step, summary: &Arc<Mutex<Summary>>) -> Outcome {
    println!("\n==> {}", step.name());
    let begun = Instant::now();
    let failure = step.run(summary).err().map(|error| format!("{error:#}"));
    let took = begun.elapsed();
    match &failure {
        None => println!("==> {}: ok in {:.1} s", step.name(), took.as_secs_f64()),
        Some(failure) => println!("==> {}: FAILED in {:.1} s: {failure}", step.name(), took.as_secs_f64()),
    }
    Outcome { step, took, failure }
}

/// Prints what each step came to, and the closing line.
fn report(outcomes: &[Outcome], mut summary: Summary) -> ExitCode {
    println!();
    for Outcome { step, took, failure } in outcomes {
        let failure = failure.as_ref().map_or_else(String::new, |failure| format!(": {failure}"));
        let word = if failure.is_empty() { "ok" } else { "FAILED" };
        println!("{word:6} {:7} {:7.1} s{failure}", step.name(), took.as_secs_f64());
    }
    let counted = |outcome: &&Outcome| outcome.step == Step::Test && summary.failed > 0;
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some());
    summary.failed += u64::try_from(failed.filter(|outcome| !counted(outcome)).count()).unwrap_or(u64::MAX);
    println!("\n{summary}");
    if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, summary: &Arc<Mutex<Summary>>) -> Result<()> {
        match self {
            Self::Fmt => run(cargo(&["fmt", "--all", "--check"]), Output::Inherit),
            Self::Clippy => {
                run(cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]), Output::Inherit)
            }
            Self::Buf => {
                let mut lint = Command::new(tools::buf()?);
                lint.args(["lint", "proto"]).current_dir(workspace::root());
                run(lint, Output::Inherit)
            }
            Self::Envoy => {
                let mut validation = envoy::validation()?;
                validation.current_dir(workspace::root());
                run(validation, Output::Inherit)
            }
            Self::Deny => {
                let mut deny = Command::new(tools::cargo_deny()?);
                deny.args(["check", "bans", "licenses", "sources"]).current_dir(workspace::root());
                run(deny, Output::Inherit)
            }
            Self::Web => {
                tools::page()?;
                run(tools::page_script("check")?, Output::Inherit)
            }
            Self::Test => test(summary),
        }
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(workspace::root()).env("CARGO_TARGET_DIR", workspace::target_folder());
    command
}

fn run(mut command: Command, output: Output) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let name = name.rsplit('/').next().unwrap_or(&name).to_owned();
    let status = Child::spawn_group(&name, &mut command, output)?.finish()?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

/// Every test of the workspace, with the programs and the server that they need.
fn test(summary: &Arc<Mutex<Summary>>) -> Result<()> {
    run(cargo(&["build", "--workspace", "--bins"]), Output::Inherit)?;
    let postgres = Postgres::create();
    let programs = [
        ("DUET_ENVOY", tools::envoy()),
        ("DUET_GRPCURL", tools::grpcurl()),
        ("DUET_STRACE", tools::strace()),
        ("DUET_NODE", tools::node()),
        ("DUET_BETTER_AUTH", tools::better_auth()),
        ("DUET_CHROMIUM", tools::chromium()),
        ("DUET_PAGE", tools::page()),
    ];
    let scratch = Scratch::create("test")?;
    let mut tests = cargo(&["test", "--workspace", "--no-fail-fast"]);
    // What the tests leave behind when they are interrupted goes with this folder.
    tests.env("TMPDIR", scratch.path());
    // The settings of whoever runs the tests are not the tests' own.
    forget_settings(&mut tests);
    if let Ok(postgres) = &postgres {
        tests.env("DUET_TEST_POSTGRES_URL", postgres.url("postgres"));
    }
    for (variable, program) in
        programs.iter().filter_map(|(variable, program)| Some((variable, program.as_ref().ok()?)))
    {
        tests.env(variable, program);
    }
    let summary = Arc::clone(summary);
    let sink: Sink = Arc::new(move |line| {
        println!("{line}");
        summary.lock().unwrap_or_else(PoisonError::into_inner).read(line);
    });
    let tested = run(tests, Output::StdoutLines(sink));
    // Only now: the tests that need nothing of what is missing have run.
    postgres?;
    programs.into_iter().try_for_each(|(_, program)| program.map(drop))?;
    tested
}
