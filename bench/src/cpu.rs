//! What a process has spent, and what it holds.

use std::{fs, time::Duration};

use anyhow::Context;

/// Linux tells times in hundredths of a second (`USER_HZ`), whatever its own clock ticks at.
const TICK: Duration = Duration::from_millis(10);

/// Whose time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// That of one process.
    Single(u32),
    /// That of one process and of all that it has started, which do the work: a PostgreSQL server.
    Family(u32),
}

/// User and system time of a process, of its threads that have ended too.
///
/// `/proc/<pid>/schedstat` would be finer, but tells of the first thread only. The kernel scales these times to the exact
/// run time, so that over a round the coarse unit is all that is lost.
///
/// # Errors
/// When there is no such process.
pub fn spent(process: Process) -> anyhow::Result<Duration> {
    match process {
        Process::Single(id) => Ok(stat(id)?.own),
        Process::Family(id) => {
            let children: Duration = children(id)?.map(|child| child.own).sum();
            let parent = stat(id)?;
            Ok(parent.own + parent.ended_children + children)
        }
    }
}

/// The server that this process of PostgreSQL belongs to, if it is on this machine.
pub fn postgres_of(backend: u32) -> Option<Process> {
    let name = |id: u32| fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    let parent = stat(backend).ok()?.parent;
    (name(backend).trim() == "postgres" && name(parent).trim() == "postgres").then_some(Process::Family(parent))
}

/// The memory that a process holds now (`VmRSS`), in mebibytes. A family shares what it holds: that is not told.
///
/// # Errors
/// When there is no such process.
pub fn resident_mebibytes(process: Process) -> anyhow::Result<f64> {
    let Process::Single(process) = process else { return Ok(0.0) };
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    Ok(kibibytes.with_context(|| format!("{path} tells no VmRSS"))? / 1024.0)
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

fn stat(process: u32) -> anyhow::Result<Stat> {
    let path = format!("/proc/{process}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(&stat).with_context(|| format!("{path} is not as expected: {stat}"))
}

/// Those of a process's children that have not ended.
fn children(process: u32) -> anyhow::Result<impl Iterator<Item = Stat>> {
    let ids = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(ids.filter_map(|id| stat(id).ok()).filter(move |stat| stat.parent == process))
}

/// Fields 4 and 14 to 17. The name, field 2, may hold spaces and brackets itself: what counts begins after its last
/// bracket.
fn parse(stat: &str) -> Option<Stat> {
    let (_, from_third) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = from_third.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u32>().ok();
    let time = |field: usize| Some(TICK * number(field)?.checked_add(number(field + 1)?)?);
    Some(Stat { parent: number(4)?, own: time(14)?, ended_children: time(16)? })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn adds_user_and_system_time_whatever_the_process_is_called() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 104 99 1 98 250 31 97 96 20 0 5 0 212241 3133440 400";
        let [own, ended_children] = [2810, 1930].map(Duration::from_millis);
        assert_eq!(parse(stat), Some(Stat { parent: 1, own, ended_children }));
        let cut =
            ["", "7 (a", "7 (a) S 1 7 7 0 -1 4194304 104 99 1 98 250 31 97", "7 (a) S 1 7 7 0 -1 4 1 9 1 9 x 31 9 9"];
        for cut in cut {
            assert_eq!(parse(cut), None, "{cut:?}");
        }
    }

    #[test]
    fn sees_what_this_process_spends() {
        let this = Process::Single(std::process::id());
        let before = spent(this).unwrap();
        let mut number = 1_u64;
        while spent(this).unwrap() < before + 3 * TICK {
            (0..100_000).for_each(|_| number = std::hint::black_box(number.wrapping_mul(3)));
        }
        assert!(spent(Process::Single(u32::MAX)).is_err());
        assert!((1.0..10_000.0).contains(&resident_mebibytes(this).unwrap()));
    }

    #[test]
    fn a_family_is_charged_with_its_children_alive_or_ended() {
        let this = std::process::id();
        let before = spent(Process::Family(this)).unwrap();
        let work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let mut child = Command::new("sh").args(["-c", &format!("{work}; sleep 60")]).spawn().unwrap();
        let enough = before + 3 * TICK;
        while spent(Process::Single(child.id())).unwrap() < 3 * TICK {
            std::thread::sleep(TICK);
        }
        assert!(spent(Process::Family(this)).unwrap() >= enough);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(spent(Process::Family(this)).unwrap() >= enough);
        assert_eq!(postgres_of(this), None);
    }
}
