//! What a call costs, told as ratios: the real services beside something that shows what would be possible, in turn, in
//! one run, on one machine.
//!
//! [`stage`] starts the programs that are measured ([`server`]): both services, and this program again as the
//! [`echo`] or as [`open_tasks`]. [`rows`] says what is compared with what, [`calls`] what is called. [`rounds`] lets
//! the variants of a row take turns under the same [`load`], reads what the servers spent ([`cpu`]), and [`report`]
//! prints the ratios ([`statistics`]) and the [`machine`] they were measured on.

pub mod calls;
pub mod cpu;
pub mod echo;
pub mod load;
pub mod machine;
pub mod open_tasks;
pub mod options;
pub mod report;
pub mod rounds;
pub mod rows;
pub mod server;
pub mod stage;
pub mod statistics;

use std::io::{Write, stderr, stdout};

use anyhow::{Context, bail};

use crate::{machine::Machine, options::Options, report::Report, stage::Stage};

/// Measures every row and prints the report.
///
/// # Errors
/// When a server does not start, a call fails, or the run is interrupted.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let interrupted = service_runtime::service::shutdown_signal()?;
    tokio::select! {
        measured = measure(options) => measured,
        () = interrupted.cancelled() => bail!("interrupted"),
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let machine = Machine::look();
    machine.warnings().iter().for_each(|warning| progress(warning));
    progress("starting the servers");
    let stage = Stage::set(options).await?;
    let mut rows = Vec::new();
    for row in rows::all(&stage) {
        rows.push(rounds::measure(&row, options).await.with_context(|| format!("cannot measure {}", row.name))?);
    }
    let report = Report::new(machine, options, rows);
    let text = if options.json { report.to_json()? } else { report.to_table() };
    writeln!(stdout(), "{text}").context("cannot print the report")
}

/// One line for whoever waits. The report alone goes to standard output.
fn progress(line: &str) {
    // Nobody may be there to read it, which is no reason to stop.
    let _ = writeln!(stderr(), "bench: {line}");
}
