//! `doctor` of both programs: each check once right and once wrong, and nothing changed by it.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use e2e::{BetterAuth, Engine, Pair, Program, connect, on_both_engines};
use sea_orm::ConnectionTrait;
use serde_json::Value;
use tokio::process;

/// Check, status, message; the second check of a name has a stroke behind it.
type Findings = BTreeMap<String, (String, String)>;

const PAIR_SETTINGS: [&str; 3] = ["AUTH_ALLOW_WEAK_HASH", "AUTH_HASH_MEMORY_KIB", "AUTH_HASH_ITERATIONS"];

async fn doctor(program: &Program, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Output {
    let mut command = program.command();
    command.arg("doctor").args(arguments);
    // Tests hash as cheaply as they can.
    for variable in PAIR_SETTINGS {
        command.env_remove(variable);
    }
    change(&mut command);
    process::Command::from(command).output().await.expect("the program")
}

async fn findings(program: &Program, change: impl FnOnce(&mut Command)) -> Findings {
    let output = doctor(program, &["--json"], change).await;
    let said = String::from_utf8(output.stdout).expect("text");
    let mut found = Findings::new();
    for line in said.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object a line")) {
        let [mut check, status, message] =
            ["check", "status", "message"].map(|name| line[name].as_str().expect("a text").to_owned());
        while found.contains_key(&check) {
            check.push('\'');
        }
        found.insert(check, (status, message));
    }
    let well = found.values().all(|(status, _)| status == "ok");
    assert_eq!(output.status.code(), Some(i32::from(!well)), "{found:?} {}", String::from_utf8_lossy(&output.stderr));
    assert!(!found.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    found
}

/// All is well.
async fn well(program: &Program) -> Findings {
    let found = findings(program, |_| ()).await;
    assert!(found.values().all(|(status, _)| status == "ok"), "{found:?}");
    found
}

/// With one thing changed, one check fails and says so; what depends on it is skipped, and nothing else.
async fn ill(program: &Program, check: &str, parts: &[&str], skipped: &[&str], change: impl FnOnce(&mut Command)) {
    let found = findings(program, change).await;
    for (other, (status, message)) in &found {
        let expected = if other == check {
            "failed"
        } else if skipped.contains(&other.as_str()) {
            "skipped"
        } else {
            "ok"
        };
        assert_eq!(status, expected, "{other} where {check} is wrong: {message}");
    }
    let (_, message) = found.get(check).unwrap_or_else(|| panic!("no {check}: {found:?}"));
    assert!(parts.iter().all(|part| message.contains(part)), "{parts:?}: {message}");
}

/// Every file, its mode and what it holds: logs aside, and the memory by which those who read SQLite's files agree.
fn contents(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let name = |file: &fs::DirEntry| file.file_name().into_string().unwrap();
    files
        .filter(|file| file.path().is_file() && !name(file).ends_with(".log") && !name(file).ends_with("-shm"))
        .map(|file| (name(&file), (file.metadata().unwrap().permissions().mode(), fs::read(file.path()).unwrap())))
        .collect()
}

fn mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

async fn change(database: &str, sql: &str) {
    let connection = connect(database).await;
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

const OF_THE_DATABASE: [&str; 5] = ["migrations", "files", "clock", "master-key", "page-token-key"];

on_both_engines! {
    async fn doctor_finds_a_right_installation_right_and_changes_nothing(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        pair.direct().sign_up().await;
        for program in [&pair.auth, &pair.task] {
            let found = well(program).await;
            assert!(found["ports"].1.contains("running"), "{found:?}");
            let output = doctor(program, &[], |_| ()).await;
            let lines = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success() && lines.lines().all(|line| line.starts_with("ok ")), "{lines}");
            assert_eq!(lines.lines().count(), found.len(), "{lines}");
        }
        pair.task.stop().await;
        let before = contents(pair.folder());
        assert!(well(&pair.task).await["ports"].1.contains("free"));
        pair.auth.stop().await;
        let stopped = contents(pair.folder());
        assert!(well(&pair.auth).await["master-key"].1.contains("opens"));
        assert_eq!(contents(pair.folder()), stopped);
        let names = |files: &BTreeMap<String, _>| files.keys().filter(|file| file.starts_with("task")).cloned().collect::<Vec<_>>();
        assert_eq!(names(&stopped), names(&before));
    }

    async fn doctor_says_what_is_wrong_with_the_settings_and_the_keys_of_auth_service(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        pair.auth.stop().await;
        let auth = &pair.auth;
        ill(auth, "settings", &["AUTH_INTERNAL_LISTEN", "127.0.0.1"], &[], |command| {
            command.env("AUTH_INTERNAL_LISTEN", "0.0.0.0:0");
        }).await;
        ill(auth, "settings", &["AUTH_ISSUER", "https"], &[], |command| {
            command.env("AUTH_LISTEN", "0.0.0.0:0");
        }).await;
        ill(auth, "hashing", &["AUTH_HASH_MEMORY_KIB", "19456"], &[], |command| {
            command.env("AUTH_HASH_MEMORY_KIB", "1024");
        }).await;
        ill(auth, "hashing", &["AUTH_ALLOW_WEAK_HASH", "unset"], &[], |command| {
            command.env("AUTH_ALLOW_WEAK_HASH", "true");
        }).await;
        ill(auth, "master-key", &["give the old one back"], &[], |command| {
            command.env("AUTH_MASTER_KEY", "d2p3bWyoZYmmRSQ4kCOoM0gmIZB6x3F+KBaQkzJTKcQ=");
        }).await;
        ill(auth, "master-key", &["AUTH_MASTER_KEY", "no random key", "openssl"], &[], |command| {
            command.env("AUTH_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        }).await;
        ill(auth, "master-key", &["no usable key", "openssl"], &[], |command| {
            command.env("AUTH_MASTER_KEY", "c2hvcnQ=");
        }).await;
        let file = pair.folder().join("master.key");
        fs::write(&file, "d2p3bWyoZYmmRSQ4kCOoM0gmIZB6x3F+KBaQkzJTKcQ=").unwrap();
        mode(&file, 0o644);
        ill(auth, "master-key", &["chmod 600"], &[], |command| {
            command.env_remove("AUTH_MASTER_KEY").env("AUTH_MASTER_KEY_FILE", &file);
        }).await;
        for (damage, parts) in [
            ("sealed_private_key = public_key", &["give the old one back"]),
            ("state = 'retired'", &["no signing key is active"]),
        ] {
            change(auth.setting("AUTH_DATABASE_URL"), &format!("UPDATE signing_key SET {damage}")).await;
            ill(auth, "master-key", parts, &[], |_| ()).await;
        }
        if engine == Engine::Postgres {
            ill(auth, "master-key", &["AUTH_MASTER_KEY", "openssl"], &[], |command| {
                command.env_remove("AUTH_MASTER_KEY");
            }).await;
        } else {
            fs::remove_file(pair.folder().join("auth-master.key")).unwrap();
            ill(auth, "master-key", &["auth-master.key"], &[], |_| ()).await;
        }
    }

    async fn doctor_says_what_is_wrong_with_the_key_and_the_neighbour_of_task_service(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        pair.task.stop().await;
        let task = &pair.task;
        ill(task, "page-token-key", &["TASK_PAGE_TOKEN_KEY", "no random key"], &[], |command| {
            command.env("TASK_PAGE_TOKEN_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        }).await;
        for wrong in ["http://127.0.0.1:1", &format!("http://{}", pair.address("AUTH_LISTEN"))] {
            ill(task, "auth-service", &["TASK_AUTH_URL", wrong], &[], |command| {
                command.env("TASK_AUTH_URL", wrong);
            }).await;
        }
        ill(task, "auth-service", &["TASK_AUTH_URL", "not a url"], &[], |command| {
            command.env("TASK_AUTH_URL", "not a url");
        }).await;
        pair.auth.stop().await;
        ill(&pair.task, "auth-service", &["start auth-service"], &[], |_| ()).await;
    }

    async fn doctor_says_what_is_wrong_with_ports_databases_and_files(engine: Engine) {
        let mut pair = Pair::on(engine).await.start().await;
        pair.task.stop().await;
        let (auth, task) = (&pair.auth, &pair.task);
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        for variable in ["TASK_LISTEN", "TASK_OPERATIONS_LISTEN"] {
            ill(task, "ports", &[variable, &address], &[], |command| {
                command.env(variable, &address);
            }).await;
        }
        ill(task, "ports", &["TASK_OPERATIONS_LISTEN"], &[], |command| {
            command.env("TASK_OPERATIONS_LISTEN", task.setting("TASK_LISTEN"));
        }).await;
        ill(task, "ports", &["TASK_LISTEN", "192.0.2.1"], &[], |command| {
            command.env("TASK_LISTEN", "192.0.2.1:50052");
        }).await;
        ill(task, "env-file", &["chmod 600"], &[], |command| {
            fs::create_dir(pair.folder().join("elsewhere")).unwrap();
            fs::write(pair.folder().join("elsewhere/.env"), "TASK_REQUEST_LIMIT=7\n").unwrap();
            mode(pair.folder().join("elsewhere/.env"), 0o640);
            command.current_dir(pair.folder().join("elsewhere"));
        }).await;

        let nowhere = match engine {
            Engine::Sqlite => "sqlite://nowhere.db",
            Engine::Postgres => "postgres://postgres@127.0.0.1:1/nowhere",
        };
        for (program, variable) in [(auth, "AUTH_DATABASE_URL"), (task, "TASK_DATABASE_URL")] {
            for wrong in [nowhere, "mysql://localhost/duet"] {
                ill(program, "database", &[variable], &OF_THE_DATABASE, |command| {
                    command.env(variable, wrong);
                }).await;
            }
        }
        assert!(!pair.folder().join("nowhere.db").exists());

        let undo = "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)";
        change(task.setting("TASK_DATABASE_URL"), undo).await;
        ill(task, "migrations", &["1 steps are missing", "migrate"], &["page-token-key"], |_| ()).await;

        if engine == Engine::Sqlite {
            let file = pair.folder().join("auth.db");
            mode(&file, 0o644);
            ill(auth, "files", &["auth.db", "chmod 600"], &[], |_| ()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_says_whether_the_keys_of_other_issuers_can_be_had() {
    let mut application = BetterAuth::start("ES256").await;
    // It makes its key when it is first asked for something; two who ask at once get two.
    application.token(&application.sign_up("ada@example.org").await).await;
    let origin = application.origin();
    let published = format!("[[issuer]]\npreset = \"better-auth\"\nsource = \"app\"\norigin = \"{origin}\"\n");
    let cookie = "[[issuer]]\npreset = \"better-auth-cookie\"\nsource = \"app\"\nsecret_variable = \"SECRET\"\n";
    let settings = Pair::on(Engine::Sqlite).await.set("AUTH_ISSUERS", format!("{published}{cookie}"));
    let pair = settings.set("SECRET", application.secret()).start().await;
    let auth = &pair.auth;
    let found = well(auth).await;
    assert!(found["issuer"].1.contains("`better-auth` publishes keys, and 1 can be used"), "{found:?}");
    assert!(found["issuer'"].1.contains("secret of `better-auth-cookie`"), "{found:?}");
    ill(auth, "issuer", &["`better-auth`", "no set of keys that can be used", "none"], &[], |command| {
        command.env("AUTH_ISSUERS", format!("{published}algorithms = [\"EdDSA\"]\n{cookie}"));
    })
    .await;
    ill(auth, "issuer", &["`better-auth`", "404", "running"], &[], |command| {
        command.env("AUTH_ISSUERS", format!("{published}jwks_url = \"{origin}/nowhere\"\n{cookie}"));
    })
    .await;
    ill(auth, "settings", &["AUTH_ISSUERS", "number 2", "32"], &[], |command| {
        command.env("SECRET", "short");
    })
    .await;
    ill(auth, "settings", &["AUTH_ISSUERS", "line 1"], &[], |command| {
        command.env("AUTH_ISSUERS", "[[isuer]]");
    })
    .await;
    application.kill();
    ill(auth, "issuer", &["`better-auth`", &origin, "running"], &[], |_| ()).await;
}

/// PostgreSQL looks a function up along a path, so that a connection can be told another time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_says_that_the_database_has_another_time() {
    let pair = Pair::on(Engine::Postgres).await.start().await;
    for (program, variable) in [(&pair.auth, "AUTH_DATABASE_URL"), (&pair.task, "TASK_DATABASE_URL")] {
        let url = program.setting(variable);
        let function = "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
            $$ SELECT pg_catalog.clock_timestamp() + interval '10 seconds' $$";
        change(url, function).await;
        let later = format!("{url}?options=-csearch_path%3Dpublic%2Cpg_catalog");
        ill(program, "clock", &["differ by", "NTP"], &[], |command| {
            command.env(variable, later);
        })
        .await;
    }
}
