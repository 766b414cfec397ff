use std::{
    os::unix::process::ExitStatusExt,
    sync::{Arc, Mutex},
};

use super::*;
use crate::scratch::Scratch;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn collector() -> (Sink, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    (Arc::new(move |line| kept.lock().expect("lines").push(line.to_owned())), lines)
}

#[test]
fn lines_of_both_streams_arrive_without_their_ends() {
    let (sink, lines) = collector();
    let mut child =
        Child::spawn("sh", &mut shell("echo one; sleep 0.1; echo two >&2; printf three"), Output::Lines(sink));
    let status = child.as_mut().expect("started").finish().expect("ended");
    assert!(status.success());
    assert_eq!(lines.lock().expect("lines")[0], "one");
    let mut lines = lines.lock().expect("lines").clone();
    lines.sort();
    assert_eq!(lines, ["one", "three", "two"]);
}

#[test]
fn a_child_that_will_not_end_is_killed_after_the_limit() {
    let (sink, lines) = collector();
    let script = "trap '' TERM; echo deaf; while :; do sleep 0.05; done";
    let mut child = Child::spawn("sh", &mut shell(script), Output::Lines(sink)).expect("started");
    while lines.lock().expect("lines").is_empty() {
        thread::sleep(TICK);
    }
    let begun = Instant::now();
    let status = child.stop(Duration::from_millis(300)).expect("stopped");
    assert_eq!(status.signal(), Some(9));
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_dropped_group_takes_what_it_started_along() {
    let scratch = Scratch::create("process-test").expect("a folder");
    let file = scratch.path().join("log");
    let script = "sleep 1000 & echo $!; exit 0";
    let mut child = Child::spawn_group("sh", &mut shell(script), Output::File(file.clone())).expect("started");
    assert!(child.finish().expect("ended").success());
    let orphan: i32 = std::fs::read_to_string(&file).expect("a log").trim().parse().expect("a process id");
    let orphan = Pid::from_raw(orphan).expect("a process id");
    assert!(rustix::process::test_kill_process(orphan).is_ok());
    drop(child);
    let end = Instant::now() + Duration::from_secs(5);
    while test_kill_process_group(orphan).is_ok() && Instant::now() < end {
        thread::sleep(TICK);
    }
    let state = std::fs::read_to_string(format!("/proc/{}/stat", orphan.as_raw_nonzero())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "still running: {state}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let error =
        Child::spawn("envoy", &mut Command::new("/nowhere/envoy"), Output::Inherit).err().expect("no such program");
    assert_eq!(error.to_string(), "cannot start envoy (/nowhere/envoy)");
}
