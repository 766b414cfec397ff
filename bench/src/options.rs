//! The command line.

use std::{
    io,
    path::{self, PathBuf},
    time::Duration,
};

use clap::{Args, Parser, Subcommand};

use crate::{echo::ServeEcho, echo_task::ServeEchoTask, open_tasks::ServeTasksOpen, raw_tasks::ServeTasksRaw};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "bench", version, about = "Measures the services beside what would be possible; prints ratios")]
pub struct CommandLine {
    /// What to serve; to measure, unless said otherwise.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to measure.
    #[command(flatten)]
    pub options: Options,
}

/// Servers to compare with. A run starts them itself.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve ValidateToken by a bare tonic server that answers everybody alike
    ServeEcho(ServeEcho),
    /// Serve GetTask by a bare tonic server that answers everybody alike, or only those whom auth-service knows
    ServeEchoTask(ServeEchoTask),
    /// Serve the tasks without asking anybody who calls
    ServeTasksOpen(Box<ServeTasksOpen>),
    /// Serve GetTask by a query of its own, sent by the raw driver, without asking anybody who calls
    ServeTasksRaw(Box<ServeTasksRaw>),
}

/// How to measure.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Rounds; each measures every variant of a row once
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// How long a variant is measured in each round
    #[arg(long, default_value_t = 3.0, value_parser = seconds)]
    pub seconds: f64,
    /// How long it is called before that
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    pub warm_up: f64,
    /// Calls in flight: each stream sends its next call when the one before is answered
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    pub streams: u16,
    /// Connections that the streams are spread over
    // The settings of task-service, which one of the subcommands takes, have an argument `connections` too.
    #[arg(id = "load_connections", long = "connections", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub connections: u16,
    /// Refused logins whose times are compared, with cheap hashes; a fifth as many with real ones; 0 for none
    #[arg(long, default_value_t = 10_000)]
    pub timing_logins: usize,
    /// Logouts after which is waited until the token is refused everywhere, with the doorbell and once more without it
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub logouts: u32,
    /// Where the plot of throughput by streams is written, an SVG file [default: bench/validate-token.svg in the target
    /// folder]
    #[arg(long, value_parser = absolute)]
    pub plot: Option<PathBuf>,
    /// Measure only what has this in its name, whatever the case
    #[arg(long)]
    pub only: Option<String>,
    /// A PostgreSQL server, as its superuser: postgres://<user>@<host>/<database>; without one the rows that need it are
    /// left out. Each row makes a database of its own there and removes it
    #[arg(long, env = "BENCH_POSTGRES_URL", hide_env_values = true)]
    pub postgres: Option<String>,
    /// Tasks of the user whose tasks are listed
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(100_000..=10_000_000))]
    pub tasks: u32,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// Where the programs auth-service and task-service are [default: beside this one]
    #[arg(long, value_parser = absolute)]
    pub programs: Option<PathBuf>,
}

impl Options {
    /// How long a variant is measured in each round.
    pub fn measured(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// How long it is called before that.
    pub fn warm_up(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up)
    }

    /// Whether what has this name is to be measured.
    pub fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|text| name.to_lowercase().contains(&text.to_lowercase()))
    }

    /// Where the plot is written.
    pub fn plot(&self) -> PathBuf {
        self.plot.clone().unwrap_or_else(|| xtask::workspace::target_folder().join("bench/validate-token.svg"))
    }

    /// The path of a program of the pair.
    pub fn program(&self, name: &str) -> PathBuf {
        match &self.programs {
            Some(folder) => folder.join(name),
            None => xtask::workspace::binary(name),
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("it must be a number of seconds from 0.01 to 3600".to_owned()),
    }
}

/// Each server runs in a folder of its own, where a relative path would mean something else.
fn absolute(folder: &str) -> io::Result<PathBuf> {
    path::absolute(folder)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn takes_the_defaults_of_measuring_and_what_a_server_needs() {
        CommandLine::command().debug_assert();
        let options = CommandLine::try_parse_from(["bench"]).unwrap().options;
        assert_eq!((options.rounds, options.streams, options.connections), (7, 64, 4));
        let serve = ["bench", "serve-tasks-open", "--answer", "answer", "--task-listen", "127.0.0.1:1"];
        assert!(CommandLine::try_parse_from(serve).is_ok());
        let open = ["bench", "serve-tasks-open", "--task-listen", "127.0.0.1:1"];
        assert!(CommandLine::try_parse_from(open).is_ok(), "without an answer each token names its own user");
        for refused in ["0", "-1", "NaN", "1e9"] {
            assert!(CommandLine::try_parse_from(["bench", "--seconds", refused]).is_err(), "{refused}");
        }
    }

    #[test]
    fn rows_are_chosen_by_a_part_of_their_name() {
        let wants = |arguments: &[&str], name| {
            CommandLine::try_parse_from([&["bench"], arguments].concat()).unwrap().options.wants(name)
        };
        assert!(wants(&[], "GetTask"));
        assert!(wants(&["--only", "gettask"], "GetTask with authentication"));
        assert!(!wants(&["--only", "gettask"], "ListTasks"));
    }
}
