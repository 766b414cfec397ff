//! What a call costs, told as ratios: the real services beside something that shows what would be possible, in turn, in
//! one run, on one machine.
//!
//! [`stage`] starts the programs that are measured ([`server`]): both services, and this program again as the
//! [`echo`] or as [`open_tasks`]. [`rows`] says what is compared with what, and [`task_rows`] what
//! task-service's storage is compared with; [`calls`] what is called, [`database`]
//! where it is kept. [`rounds`] lets
//! the variants of a row take turns under the same [`load`], some of them in a [`storm`] of logins, and reads what the
//! servers spent ([`cpu`]). [`timing`] looks for differences in time that would tell who has an account. [`report`] prints
//! the ratios ([`statistics`]) and the [`machine`] they were measured on.

pub mod calls;
pub mod cpu;
pub mod database;
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
pub mod storm;
pub mod task_rows;
pub mod timing;

use std::io::{Write, stderr, stdout};

use anyhow::{Context, bail, ensure};

use crate::{machine::Machine, options::Options, report::Report};

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
    let mut measured = rows::measure(options).await?;
    measured.extend(task_rows::measure(options).await?);
    let mut timings = Vec::new();
    for (hashes, logins) in [(timing::CHEAP, options.timing_logins), (timing::REAL, options.timing_logins / 5)] {
        if logins > 0 && options.wants(timing::NAME) {
            timings.push(timing::measure(hashes, logins, options).await.context("cannot time logins")?);
        }
    }
    ensure!(!(measured.is_empty() && timings.is_empty()), "no row that can be measured here has that in its name");
    let report = Report::new(machine, options, measured, timings);
    let text = if options.json { report.to_json()? } else { report.to_table() };
    writeln!(stdout(), "{text}").context("cannot print the report")
}

/// One line for whoever waits. The report alone goes to standard output.
fn progress(line: &str) {
    // Nobody may be there to read it, which is no reason to stop.
    let _ = writeln!(stderr(), "bench: {line}");
}
