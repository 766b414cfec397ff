//! In which order the embedded database reaches the disk and answers reach their callers.

use std::{fs, path::Path, time::Duration};

use e2e::{Engine, Pair, eventually, provided};
use futures::future::join_all;
use uuid::Uuid;

const ROUNDS: usize = 3;
const AT_ONCE: usize = 32;

/// One line of a trace: a call begins, or ends, or both.
struct Line<'a> {
    thread: &'a str,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (thread, text) = line.split_once(' ')?;
        Some(Self { thread, text: text.trim_start() })
    }

    fn begins(&self, calls: &[&str]) -> bool {
        calls.iter().any(|call| self.text.strip_prefix(call).is_some_and(|rest| rest.starts_with('(')))
    }

    fn syncs(&self, file: &str) -> bool {
        self.begins(&["fdatasync", "fsync"]) && self.text.contains(file)
    }
}

/// Where the call that begins at `start` ends well.
fn end(lines: &[Line<'_>], start: usize) -> Option<usize> {
    if !lines[start].text.contains("<unfinished ...>") {
        return lines[start].text.ends_with("= 0").then_some(start);
    }
    let resumed = |line: &Line<'_>| line.thread == lines[start].thread && line.text.starts_with("<... ");
    let end = start + 1 + lines[start + 1..].iter().position(resumed)?;
    lines[end].text.ends_with("= 0").then_some(end)
}

/// What is wrong with the way of this title through the service: into the database's log, onto the disk, to its caller.
fn fault(lines: &[Line<'_>], log: &str, title: &str) -> Option<String> {
    let find = |calls: &[&str], place: &str| {
        let found = |line: &Line<'_>| line.begins(calls) && line.text.contains(place) && line.text.contains(title);
        lines.iter().position(found)
    };
    let Some(written) = find(&["pwrite64", "pwritev", "write"], log) else {
        return Some(format!("{title} never came into the log"));
    };
    let Some(answered) = find(&["write", "writev", "sendto", "sendmsg"], "<TCP:[") else {
        return Some(format!("{title} was never answered"));
    };
    let starts = (written + 1..answered).filter(|at| lines[*at].syncs(log));
    let synced = starts.filter_map(|at| end(lines, at)).any(|end| end < answered);
    (!synced).then(|| format!("{title}: written at {written}, answered at {answered}, not synced between"))
}

fn faults(trace: &Path, titles: &[String]) -> Vec<String> {
    let trace = fs::read_to_string(trace).unwrap();
    let lines: Vec<Line<'_>> = trace.lines().filter_map(Line::read).collect();
    titles.iter().filter_map(|title| fault(&lines, "task.db-wal>", title)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_task_is_acknowledged_before_its_commit_is_on_the_disk() {
    let mut pair = Pair::on(Engine::Sqlite).await.build();
    let trace = pair.folder().join("trace");
    pair.task.trace(provided("DUET_STRACE").into(), trace.clone());
    pair.auth.start().await;
    pair.task.start().await;
    let clients = pair.direct();
    let people = join_all((0..8).map(|_| clients.sign_up())).await;
    let mut titles = Vec::new();
    for _ in 0..ROUNDS {
        let some: Vec<String> = (0..AT_ONCE).map(|_| format!("title-{}", Uuid::new_v4().simple())).collect();
        let made = some.iter().zip(people.iter().cycle()).map(|(title, person)| clients.create(person, title));
        for task in join_all(made).await {
            task.unwrap();
        }
        titles.extend(some);
    }
    pair.task.stop().await;
    let told = async || {
        let ended = fs::read_to_string(&trace).is_ok_and(|trace| trace.lines().any(|l| l.contains("+++ exited with")));
        ended.then_some(())
    };
    eventually("the end of the trace", Duration::from_secs(20), told).await;
    let faults = faults(&trace, &titles);
    assert!(faults.is_empty(), "{} of {}: {:?}", faults.len(), titles.len(), faults.first());
}
