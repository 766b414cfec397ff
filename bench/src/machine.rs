//! What the figures were measured on.

use std::{fs, thread};

use serde::Serialize;

/// A load beyond this is other people's work.
const QUIET: f64 = 0.5;

/// What the figures were measured on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub cores: usize,
    /// As the processor calls itself.
    pub processor: String,
    /// The kernel's release.
    pub kernel: String,
    /// The compiler.
    pub rustc: &'static str,
    /// Whether the compiler optimised.
    pub optimised: bool,
    /// Processes that ran or wanted to, on the average of the minute before.
    pub load_before: f64,
}

impl Machine {
    /// This one, now.
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let load = read("/proc/loadavg");
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            processor: processor(&read("/proc/cpuinfo")).unwrap_or("unknown").to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            rustc: env!("BENCH_RUSTC"),
            optimised: !cfg!(debug_assertions),
            load_before: load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
        }
    }

    /// Why the figures may mislead.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.optimised {
            warnings.push("this is a debug build: its figures mean nothing; run `cargo xtask bench`".to_owned());
        }
        if self.load_before > QUIET {
            warnings.push(format!("the machine is busy (load {}): trust no figure but ratios", self.load_before));
        }
        warnings
    }
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_processors_name() {
        assert_eq!(
            processor("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t: a b\n"),
            Some("Some CPU @ 2 GHz")
        );
        assert_eq!(processor("processor\t: 0\nBogoMIPS\t: 50.00\n"), None);
    }

    #[test]
    fn warns_of_what_spoils_the_figures() {
        let quiet = Machine { optimised: true, load_before: 0.1, ..Machine::look() };
        assert_eq!(quiet.warnings(), Vec::<String>::new());
        assert_eq!(Machine { optimised: false, load_before: 2.0, ..quiet }.warnings().len(), 2);
    }
}
