//! The programs as an operator starts them, right and wrong.

use std::{
    net::TcpListener,
    process::{Command, Output},
    time::Duration,
};

use e2e::{Engine, Pair, binary, provided};
use tokio::{process, time::timeout};

/// Runs a service in an empty folder; it must end by itself.
async fn run(name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(binary(name));
    command.env_clear().current_dir(folder.path()).args(arguments).envs(settings.iter().copied());
    let mut command = process::Command::from(command);
    let output = command.kill_on_drop(true).output();
    timeout(Duration::from_secs(30), output).await.expect("it must end by itself").unwrap()
}

/// What a service says that must not start: one line that names every one of `parts`.
async fn complaint(name: &str, arguments: &[&str], settings: &[(&str, &str)], parts: &[&str]) {
    let output = run(name, arguments, settings).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{name} {arguments:?} {settings:?} must fail: {said}");
    for part in parts {
        assert!(said.contains(part), "{name} {settings:?} must name {part}: {said}");
    }
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    // What clap itself says of a malformed value ends with where to look further.
    let one = lines.len() == 1 || (lines.len() == 2 && lines[1].starts_with("For more information"));
    assert!(one && lines[0].starts_with("error: "), "{name} {settings:?} must say it in one line: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn help_lists_every_setting_with_its_default() {
    for (name, expected) in [
        ("auth-service", ["AUTH_LISTEN", "127.0.0.1:50051", "AUTH_LOGIN_LIMIT", "[default: 24h]", "healthcheck"]),
        ("task-service", ["TASK_LISTEN", "127.0.0.1:50052", "TASK_AUTH_URL", "sqlite://data/task.db", "migrate"]),
    ] {
        let output = run(name, &["--help"], &[]).await;
        assert!(output.status.success());
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        expected.iter().for_each(|part| assert!(help.contains(part), "{part}: {help}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthcheck_tells_by_its_exit_status_whether_the_service_serves() {
    let mut pair = Pair::on(Engine::Sqlite).await.start().await;
    let auth = pair.auth.setting("AUTH_LISTEN").to_owned();
    let task = pair.task.setting("TASK_LISTEN").to_owned();
    let checks = [("auth-service", "AUTH_LISTEN", &auth), ("task-service", "TASK_LISTEN", &task)];
    for (name, variable, address) in checks {
        let output = run(name, &["healthcheck"], &[(variable, address)]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    pair.auth.stop().await;
    pair.task.stop().await;
    for (name, variable, address) in checks {
        complaint(name, &["healthcheck"], &[(variable, address)], &[address]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_in_use_is_named_with_its_variable() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    let ports = [
        ("auth-service", ["AUTH_LISTEN", "AUTH_INTERNAL_LISTEN", "AUTH_OPERATIONS_LISTEN"].as_slice()),
        ("task-service", ["TASK_LISTEN", "TASK_OPERATIONS_LISTEN"].as_slice()),
    ];
    for (name, variables) in ports {
        for variable in variables {
            let settings: Vec<(&str, &str)> = variables
                .iter()
                .map(|other| (*other, if other == variable { address.as_str() } else { free }))
                .collect();
            complaint(name, &[], &settings, &[variable, &address]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_a_missing_secret_is_named() {
    let server = provided("DUET_TEST_POSTGRES_URL");
    let pair = Pair::on(Engine::Postgres).await.build();
    assert!(pair.auth.setting("AUTH_DATABASE_URL").starts_with(server.rsplit_once('/').unwrap().0));
    let auth = [
        ("AUTH_DATABASE_URL", pair.auth.setting("AUTH_DATABASE_URL")),
        ("AUTH_LISTEN", "127.0.0.1:0"),
        ("AUTH_INTERNAL_LISTEN", "127.0.0.1:0"),
        ("AUTH_OPERATIONS_LISTEN", "127.0.0.1:0"),
    ];
    complaint("auth-service", &[], &auth, &["AUTH_MASTER_KEY", "openssl rand"]).await;
    let task = [
        ("TASK_DATABASE_URL", pair.task.setting("TASK_DATABASE_URL")),
        ("TASK_LISTEN", "127.0.0.1:0"),
        ("TASK_OPERATIONS_LISTEN", "127.0.0.1:0"),
    ];
    complaint("task-service", &[], &task, &["TASK_PAGE_TOKEN_KEY", "openssl rand"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_makes_no_sense_is_named() {
    let free = [("AUTH_LISTEN", "127.0.0.1:0"), ("AUTH_INTERNAL_LISTEN", "127.0.0.1:0")];
    let with = |setting| [&free[..], &[("AUTH_OPERATIONS_LISTEN", "127.0.0.1:0"), setting]].concat();
    for (setting, parts) in [
        (("AUTH_ACCESS_TOKEN_LIFETIME", "soon"), ["--auth-access-token-lifetime", "soon"]),
        (("AUTH_LOGIN_LIMIT", "0"), ["--auth-login-limit", "0"]),
        (("AUTH_ISSUER", "duet"), ["AUTH_ISSUER", "https://"]),
        (("AUTH_HASH_MEMORY_KIB", "64"), ["AUTH_HASH_MEMORY_KIB", "AUTH_HASH_MEMORY_KIB"]),
        (("AUTH_DATABASE_URL", "mysql://localhost/duet"), ["AUTH_DATABASE_URL", "sqlite://"]),
        (("AUTH_DATABASE_URL", "sqlite:///dev/null/auth.db"), ["AUTH_DATABASE_URL", "/dev/null/auth.db"]),
        (("AUTH_MASTER_KEY", "c2hvcnQ="), ["AUTH_MASTER_KEY", "openssl rand"]),
    ] {
        complaint("auth-service", &[], &with(setting), &parts).await;
    }
    let outside = [("AUTH_INTERNAL_LISTEN", "0.0.0.0:0")];
    complaint("auth-service", &[], &outside, &["AUTH_INTERNAL_LISTEN", "127.0.0.1"]).await;
    let free = [("TASK_LISTEN", "127.0.0.1:0"), ("TASK_OPERATIONS_LISTEN", "127.0.0.1:0")];
    for setting in [("TASK_AUTH_URL", "not a url"), ("TASK_DATABASE_URL", "mysql://localhost/duet")] {
        complaint("task-service", &[], &[&free[..], &[setting]].concat(), &[setting.0]).await;
    }
}
