//! A person with grpcurl and nothing else: reflection has to tell it everything.

use std::{net::SocketAddr, process::Output};

use e2e::{Engine, Pair, provided};
use serde_json::Value;
use tokio::process::Command;

async fn grpcurl(address: SocketAddr, flags: &[&str], arguments: &[&str]) -> Output {
    let mut command = Command::new(provided("DUET_GRPCURL"));
    command.arg("-plaintext").args(flags).arg(address.to_string()).args(arguments);
    command.output().await.expect("grpcurl")
}

async fn answer(address: SocketAddr, flags: &[&str], arguments: &[&str]) -> String {
    let output = grpcurl(address, flags, arguments).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "grpcurl {flags:?} {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpcurl_alone_is_enough_to_use_the_pair() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    for (auth, task) in [(pair.edge(), pair.edge()), (pair.address("AUTH_LISTEN"), pair.address("TASK_LISTEN"))] {
        let somebody = format!(r#"{{"email": "{auth}@example.org", "password": "Xk4mPq9z"}}"#);
        let signed_up = answer(auth, &["-d", &somebody], &["duet.auth.v1.AuthService/SignUp"]).await;
        let signed_up: Value = serde_json::from_str(&signed_up).unwrap();
        let bearer = format!("authorization: Bearer {}", signed_up["tokens"]["accessToken"].as_str().unwrap());
        let task_json = r#"{"task": {"title": "water the plants", "due": {"date": "2026-12-01"}}}"#;
        let create = &["-H", &bearer, "-d", task_json];
        let created = answer(task, create, &["duet.task.v1.TaskService/CreateTask"]).await;
        let created: Value = serde_json::from_str(&created).unwrap();
        let id = format!(r#"{{"task_id": {}}}"#, created["task"]["id"]);
        let complete = &["-H", &bearer, "-d", &id];
        answer(task, complete, &["duet.task.v1.TaskService/CompleteTask"]).await;
        let listed = answer(task, &["-H", &bearer], &["duet.task.v1.TaskService/ListTasks"]).await;
        assert!(listed.contains("water the plants") && listed.contains("STATE_COMPLETED"), "{listed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reflection_describes_the_public_services_of_both_and_who_may_call_them() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    for address in [pair.edge(), pair.address("AUTH_LISTEN"), pair.address("TASK_LISTEN")] {
        let listed = answer(address, &[], &["list"]).await;
        for service in ["duet.auth.v1.AuthService", "duet.task.v1.TaskService", "grpc.health.v1.Health"] {
            assert!(listed.lines().any(|line| line == service), "{service} at {address}: {listed}");
        }
        assert!(!listed.contains("TokenService"), "{listed}");
        let described = answer(address, &[], &["describe", "duet.task.v1.TaskService.GetTask"]).await;
        assert!(described.contains(r#"scope: "tasks.read""#), "{described}");
        let described = answer(address, &[], &["describe", "duet.auth.v1.AuthService.SignUp"]).await;
        assert!(described.contains("public: true"), "{described}");
        let hidden = grpcurl(address, &[], &["describe", "duet.auth.v1.TokenService"]).await;
        assert!(!hidden.status.success(), "{}", String::from_utf8_lossy(&hidden.stdout));
    }
    let internal = answer(pair.address("AUTH_INTERNAL_LISTEN"), &[], &["list"]).await;
    assert!(internal.contains("duet.auth.v1.TokenService"), "{internal}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_prints_its_details_readably() {
    let pair = Pair::on(Engine::Sqlite).await.edge().start().await;
    let edge = pair.edge();
    let call = async |flags: &[&str], method: &str| {
        let output = grpcurl(edge, flags, &[method]).await;
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let weak = r#"{"email": "nobody", "password": "short"}"#;
    let said = call(&["-d", weak], "duet.auth.v1.AuthService/SignUp").await;
    for part in ["InvalidArgument", "google.rpc.ErrorInfo", "VALIDATION_FAILED", "google.rpc.BadRequest", "auth.duet"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("password") && said.contains("email") && !said.contains("@value"), "{said}");
    let said = call(&[], "duet.task.v1.TaskService/ListTasks").await;
    assert!(said.contains("TOKEN_MISSING") && !said.contains("@value"), "{said}");
}
