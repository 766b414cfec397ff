//! What a process has spent, and what it holds.

use std::{fs, time::Duration};

use anyhow::Context;

/// Linux tells times in hundredths of a second (`USER_HZ`), whatever its own clock ticks at.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of a process, of its threads that have ended too.
///
/// `/proc/<pid>/schedstat` would be finer, but tells of the first thread only. The kernel scales these times to the exact
/// run time, so that over a round the coarse unit is all that is lost.
///
/// # Errors
/// When there is no such process.
pub fn spent(process: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(&stat).with_context(|| format!("{path} is not as expected: {stat}"))
}

/// The memory that a process holds now (`VmRSS`), in mebibytes.
///
/// # Errors
/// When there is no such process.
pub fn resident_mebibytes(process: u32) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    Ok(kibibytes.with_context(|| format!("{path} tells no VmRSS"))? / 1024.0)
}

/// Fields 14 and 15. The name, field 2, may hold spaces and brackets itself: what counts begins after its last bracket.
fn parse(stat: &str) -> Option<Duration> {
    let (_, from_third) = stat.rsplit_once(')')?;
    let mut fields = from_third.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.checked_add(system)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_user_and_system_time_whatever_the_process_is_called() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 104 99 1 98 250 31 97 96 20 0 5 0 212241 3133440 400";
        assert_eq!(parse(stat), Some(Duration::from_millis(2810)));
        for cut in ["", "7 (a", "7 (a) S 1 7 7 0 -1 4194304 104 99 1 98 250", "7 (a) S 1 7 7 0 -1 4 104 99 1 98 x 31"] {
            assert_eq!(parse(cut), None, "{cut:?}");
        }
    }

    #[test]
    fn sees_what_this_process_spends() {
        let before = spent(std::process::id()).unwrap();
        let mut number = 1_u64;
        while spent(std::process::id()).unwrap() < before + 3 * TICK {
            (0..100_000).for_each(|_| number = std::hint::black_box(number.wrapping_mul(3)));
        }
        assert!(spent(u32::MAX).is_err());
        assert!((1.0..10_000.0).contains(&resident_mebibytes(std::process::id()).unwrap()));
    }
}
