//! The quickstart's day with grpcurl.

use e2e::{Engine, Pair, on_both_engines};

use crate::document::{Document, Shell};

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

on_both_engines! {
    async fn the_day_in_the_quickstart_goes_as_it_says(engine: Engine) {
        let pair = Pair::on(engine).await.default_limits().edge().start().await;
        let day = Document::read("docs/quickstart.md").section("A day with grpcurl").block("sh");
        for rpc in RPCS {
            assert!(day.contains(rpc), "the page shows no {rpc}");
        }
        let addresses = vec![
            ("127.0.0.1:8080", pair.edge().to_string()),
            ("127.0.0.1:50061", pair.address("AUTH_INTERNAL_LISTEN").to_string()),
        ];
        let shell = Shell::new(pair.folder(), addresses);
        // Whoever comes again has signed up before.
        for _ in 0..2 {
            shell.run(&day).await;
        }
    }
}
