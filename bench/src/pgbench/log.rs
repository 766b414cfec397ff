//! pgbench's log: one line for each transaction.

use std::{fs, io, ops::Range, path::Path};

use anyhow::Context;
use hdrhistogram::Histogram;

use crate::load::histogram;

/// How its files begin.
const PREFIX: &str = "pgbench_log.";

/// Whether no transaction has been written down yet.
pub(super) fn is_empty(folder: &Path) -> io::Result<bool> {
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(PREFIX) && file.metadata()?.len() > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// How long the transactions took that ended within the time given, in microseconds since 1970.
pub(super) fn read(folder: &Path, within: Range<i64>) -> anyhow::Result<Histogram<u32>> {
    let mut latencies = histogram()?;
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_string_lossy().starts_with(PREFIX) {
            for line in fs::read_to_string(file.path())?.lines() {
                let (end, latency) = parse(line).with_context(|| format!("pgbench's log says {line:?}"))?;
                if within.contains(&end) {
                    latencies.saturating_record(latency);
                }
            }
        }
    }
    Ok(latencies)
}

/// Client, number, latency in microseconds, script, and the end in seconds and microseconds.
fn parse(line: &str) -> Option<(i64, u64)> {
    let mut fields = line.split(' ').skip(2);
    let latency = fields.next()?.parse().ok()?;
    let mut end = fields.skip(1).map(str::parse::<i64>);
    Some((end.next()?.ok()? * 1_000_000 + end.next()?.ok()?, latency))
}

#[cfg(test)]
mod tests {
    use xtask::scratch::Scratch;

    use super::*;

    #[test]
    fn only_what_ended_in_time_counts() {
        let folder = Scratch::create("bench-test").unwrap();
        let lines = ["0 1 900 0 10 5", "1 1 1000 0 10 500000", "0 2 3000 0 11 0", "1 2 100 0 11 1"];
        assert!(is_empty(folder.path()).unwrap());
        fs::write(folder.path().join("pgbench_log.7"), lines.join("\n")).unwrap();
        assert!(!is_empty(folder.path()).unwrap());
        let latencies = read(folder.path(), 10_000_006..11_000_001).unwrap();
        assert_eq!((latencies.len(), latencies.min()), (2, 1000));
        fs::write(folder.path().join("pgbench_log.8"), "0 1 failed 0 10 5\n").unwrap();
        assert!(read(folder.path(), 0..1).is_err());
    }
}
