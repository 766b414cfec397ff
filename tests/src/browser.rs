//! Chromium, and somebody who uses the page in it: scripts of `web/tests`, which Node runs.
//!
//! What a script cannot do from a page it asks for in a line, such as `stop auth`; whatever else it prints is shown.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, Command},
    time::timeout,
};
use xtask::{process::Signal, workspace};

use crate::{pair::Pair, program::Program, provided};

/// Far longer than any script takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);
/// What a line begins with that asks for something.
const ASKS: &str = "@ ";

/// Has a script of `web/tests` use the page that this pair serves.
///
/// # Panics
/// When the script fails, or takes longer than ten minutes.
pub async fn browse(pair: &mut Pair, script: &str) {
    let mut command = Command::new(provided("DUET_NODE"));
    command
        .arg(format!("tests/{script}.mjs"))
        .current_dir(workspace::root().join("web"))
        .env("DUET_CHROMIUM", provided("DUET_CHROMIUM"))
        .env("DUET_ORIGIN", format!("http://{}", pair.edge()))
        .env("DUET_AUTH", format!("http://{}", pair.address("AUTH_LISTEN")))
        .env("DUET_PICTURES", workspace::target_folder().join("pictures"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut node = command.spawn().expect("to run Node");
    let mut answers = node.stdin.take().expect("its input");
    let mut lines = BufReader::new(node.stdout.take().expect("its output")).lines();
    let acting = async {
        while let Some(line) = lines.next_line().await.expect("a line") {
            match line.strip_prefix(ASKS) {
                Some(wish) => grant(pair, wish, &mut answers).await,
                None => eprintln!("{script}: {line}"),
            }
        }
        node.wait().await.expect("its end")
    };
    let status = timeout(PATIENCE, acting).await.unwrap_or_else(|_| panic!("{script} takes too long"));
    assert!(status.success(), "{script} ended with {status}");
}

async fn grant(pair: &mut Pair, wish: &str, answers: &mut ChildStdin) {
    let (what, name) = wish.split_once(' ').expect("what, and which service");
    let program: &mut Program = if name == "auth" { &mut pair.auth } else { &mut pair.task };
    match what {
        "stop" => program.kill(),
        "start" => program.start().await,
        "freeze" => program.freeze().await,
        "thaw" => program.signal(Signal::CONT),
        other => panic!("nobody knows how to {other}"),
    }
    answers.write_all(b"done\n").await.expect("to answer");
}
