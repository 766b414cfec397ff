//! The quickstart's day with grpcurl, taken from the page as a reader would and run by bash: whatever it says is there,
//! is there.

use std::{env, fs, os::unix::fs::symlink};

use e2e::{Engine, Pair, on_both_engines, provided};
use tokio::process::Command;
use xtask::workspace;

/// What a line begins with that says what the answer above it names.
const ARROW: &str = "# → ";

/// What a person does in a day; the page has to show it.
const RPCS: [&str; 22] = [
    "SignUp",
    "Login",
    "GetMe",
    "RefreshToken",
    "ListSessions",
    "ListAuthEvents",
    "RevokeOtherSessions",
    "Logout",
    "ValidateToken",
    "CreateTaskList",
    "CreateTask",
    "GetTask",
    "ListTasks",
    "ModifyTaskLabels",
    "UpdateTask",
    "StartTask",
    "CompleteTask",
    "MoveTask",
    "BatchCreateTasks",
    "DeleteTask",
    "UndeleteTask",
    "request_id",
];

/// The commands under the heading.
fn day() -> String {
    let page = fs::read_to_string(workspace::root().join("docs/quickstart.md")).unwrap();
    let (_, section) = page.split_once("\n## A day with grpcurl\n").expect("the section");
    let (_, block) = section.split_once("```sh\n").expect("its commands");
    block.split_once("```").expect("their end").0.to_owned()
}

/// What bash answers to each piece that ends in an arrow.
async fn answers(pair: &Pair, script: &str) -> Vec<String> {
    let tools = pair.folder().join("tools");
    if fs::create_dir(&tools).is_ok() {
        symlink(provided("DUET_GRPCURL"), tools.join("grpcurl")).unwrap();
    }
    let (internal, path) = (pair.address("AUTH_INTERNAL_LISTEN"), env::var("PATH").unwrap());
    let script = script
        .replace("127.0.0.1:8080", &pair.edge().to_string())
        .replace("127.0.0.1:50061", &internal.to_string())
        .replace(ARROW, "printf '\\0' # ");
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(format!("exec 2>&1\n{script}")).env("PATH", format!("{}:{path}", tools.display()));
    let said = bash.output().await.unwrap().stdout;
    String::from_utf8(said).unwrap().split('\0').map(ToOwned::to_owned).collect()
}

/// Whether the answer names all that is expected, one behind the other, and nothing that is not.
fn holds(expected: &str, answer: &str) -> bool {
    let mut rest = answer;
    expected.split(", ").all(|part| match part.strip_prefix("not ") {
        Some(part) => !answer.contains(part),
        None => rest.split_once(part).map(|(_, behind)| rest = behind).is_some(),
    })
}

on_both_engines! {
    async fn the_day_in_the_quickstart_goes_as_it_says(engine: Engine) {
        let pair = Pair::on(engine).await.default_limits().edge().start().await;
        let script = day();
        for rpc in RPCS {
            assert!(script.contains(rpc), "the page shows no {rpc}");
        }
        let expected: Vec<&str> = script.lines().filter_map(|line| line.strip_prefix(ARROW)).collect();
        // Whoever comes again has signed up before.
        for _ in 0..2 {
            let answers = answers(&pair, &script).await;
            for (expected, answer) in expected.iter().zip(&answers) {
                assert!(holds(expected, answer), "expected {expected}, not\n{answer}");
            }
            assert_eq!(answers.len(), expected.len() + 1, "{:?}", answers.last());
        }
    }
}
