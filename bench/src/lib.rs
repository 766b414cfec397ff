//! What a call costs, told as ratios: the real services beside something that shows what would be possible, in turn, in
//! one run, on one machine.
//!
//! [`programs`] are started as [`server`]s: both services, and this program again as the [`echo`], the [`echo_task`], as
//! [`open_tasks`] or [`raw_tasks`] (with [`unary`], for a server of one RPC). [`stage`] is the pair on which
//! [`token_rows`] are measured; [`replica_rows`] and [`task_rows`] have servers and [`database`]s of their own. [`rows`]
//! are what is compared with what, [`figure`]s what is compared with nothing.
//!
//! [`rounds`] lets the variants of a row take turns under the same [`load`] of [`calls`], or of [`pgbench`], some of them
//! in a [`storm`] of logins or with tokens fresh from the [`mint`], and reads what the servers spent ([`cpu`]). [`tap`]
//! reads along what a service sends to PostgreSQL. [`curve`] measures and plots throughput by streams, [`timing`] looks
//! for differences in time that would tell who has an account. What comes of it are [`results`]; [`report`] prints the
//! ratios ([`statistics`]) and the [`machine`] they were measured on.

pub mod calls;
pub mod cpu;
pub mod curve;
pub mod database;
pub mod echo;
pub mod echo_task;
pub mod figure;
pub mod load;
pub mod machine;
pub mod mint;
pub mod open_tasks;
pub mod options;
pub mod pgbench;
pub mod programs;
pub mod raw_tasks;
pub mod replica_rows;
pub mod report;
pub mod results;
pub mod rounds;
pub mod rows;
pub mod server;
pub mod stage;
pub mod statistics;
pub mod storm;
pub mod tap;
pub mod task_rows;
pub mod timing;
pub mod token_rows;
pub mod unary;

use std::io::{Write, stderr, stdout};

use anyhow::{Context, bail, ensure};

use crate::{machine::Machine, options::Options, report::Report, results::Results};

/// Measures every row and prints the report.
///
/// # Errors
/// When a row cannot be measured, which is said after the report of the others, or the run is interrupted.
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
    let mut results = Results::default();
    token_rows::measure(options, &mut results).await?;
    replica_rows::measure(options, &mut results).await;
    task_rows::measure(options, &mut results).await;
    for (hashes, logins) in [(timing::CHEAP, options.timing_logins), (timing::REAL, options.timing_logins / 5)] {
        if logins > 0 && options.wants(timing::NAME) {
            results.add(timing::NAME, timing::measure(hashes, logins, options).await);
        }
    }
    ensure!(!results.is_empty(), "no row that can be measured here has that in its name");
    let failed: Vec<_> = results.failures.iter().map(|(name, _)| name.clone()).collect();
    let report = Report::new(machine, options, results);
    let text = if options.json { report.to_json()? } else { report.to_table() };
    writeln!(stdout(), "{text}").context("cannot print the report")?;
    ensure!(failed.is_empty(), "not measured: {}", failed.join("; "));
    Ok(())
}

/// One line for whoever waits. The report alone goes to standard output.
fn progress(line: &str) {
    // Nobody may be there to read it, which is no reason to stop.
    let _ = writeln!(stderr(), "bench: {line}");
}
