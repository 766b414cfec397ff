//! The commands for administrators, as the real binary runs them beside a running service.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use crate::support::{MASTER_KEY, PASSWORD, Service, column, execute, reason};
use proto::auth::v1::{ListUserDeletionsRequest, RefreshTokenRequest, RejectionReason};
use service_runtime::{
    on_both_databases,
    testing::{Engine, TestDatabase},
};

/// `PASSWORD` as bcrypt at its least cost has it.
const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuiTjh60Fj08ZRbcy5SzqvPyx0QR8W3xi";
/// `PASSWORD` as Better Auth has it.
const BETTER_AUTH: &str = "000102030405060708090a0b0c0d0e0f:638d8f40bfc704ead3688f279199c9fe86aec069299a28826bf03d11383d29\
    0857ef14911e8a419fdeeea65c0b5fea761beae7ecb2430ab0dc543871c900ed51";

/// How a command ended, and what it said.
#[derive(Debug)]
struct Ended {
    status: i32,
    out: String,
    err: String,
}

fn command(database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command.env_clear().current_dir(database.folder()).env("AUTH_DATABASE_URL", &database.settings.url);
    if database.engine == Engine::Postgres {
        command.env("AUTH_MASTER_KEY", MASTER_KEY);
    }
    command.arg("users").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn users_with(database: &TestDatabase, arguments: &[&str], input: &str) -> Ended {
    let (mut command, input) = (command(database, arguments), input.to_owned());
    let run = move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let feeding = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().unwrap();
        feeding.join().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

async fn users(database: &TestDatabase, arguments: &[&str]) -> Ended {
    users_with(database, arguments, "").await
}

/// The events of commands: what happened, and which command it was.
async fn commanded(database: &TestDatabase) -> Vec<String> {
    let sql = "SELECT type || ' ' || user_agent FROM auth_event WHERE source = 'COMMAND' AND ip_address = '' \
               AND request_id <> '' ORDER BY create_time, id";
    column(database, sql).await
}

fn person(email: &str) -> String {
    format!(r#"{{"email": "{email}", "password_hash": "{BCRYPT}"}}"#)
}

async fn count(database: &TestDatabase, table: &str) -> i64 {
    column(database, &format!("SELECT count(*) FROM {table}")).await[0]
}

on_both_databases! {
    async fn a_user_is_disabled_and_enabled_beside_the_running_service(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, first) = service.signed_up("Ada@example.org").await;
        let (_, second) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let (_, bystander) = service.signed_up("eve@example.org").await;

        let disabled = users(&database, &["disable", "ADA@example.org"]).await;
        assert_eq!((disabled.status, disabled.err.as_str()), (0, ""));
        assert_eq!(disabled.out, format!("disabled Ada@example.org ({}): 2 sessions ended\n", user.id));
        for token in [&first, &second.access_token] {
            service.soon_refuses(token).await;
            assert_eq!(service.rejection(token).await, RejectionReason::Revoked);
        }
        let refresh = RefreshTokenRequest { refresh_token: second.refresh_token.clone() };
        let refused = service.auth().await.refresh_token(refresh).await.unwrap_err();
        assert_eq!(reason(&refused), "REFRESH_TOKEN_INVALID");
        assert_eq!(reason(&service.log_in("ada@example.org", PASSWORD).await.unwrap_err()), "USER_DISABLED");
        assert_eq!(reason(&service.log_in("ada@example.org", "wrong").await.unwrap_err()), "INVALID_CREDENTIALS");
        assert!(service.accepts(&bystander).await);
        let again = users(&database, &["disable", &user.id]).await;
        assert_eq!((again.status, again.out.contains("was disabled before")), (0, true), "{again:?}");

        let enabled = users(&database, &["enable", &user.id]).await;
        assert_eq!((enabled.status, enabled.out), (0, format!("enabled Ada@example.org ({})\n", user.id)));
        assert_eq!(service.rejection(&first).await, RejectionReason::Revoked, "no session comes back");
        let (_, third) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        let again = users(&database, &["enable", "ada@example.org"]).await;
        assert_eq!((again.status, again.out.contains("is not disabled")), (0, true), "{again:?}");
        assert!(service.accepts(&third.access_token).await);
        let expected = ["USER_DISABLED auth-service users disable", "USER_ENABLED auth-service users enable"];
        assert_eq!(commanded(&database).await, expected);
        service.stop().await;
    }

    async fn a_user_is_deleted_beside_the_running_service(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (user, token) = service.signed_up("ada@example.org").await;
        let asked = users_with(&database, &["delete", "ada@example.org"], "y\n").await;
        assert_eq!((asked.status, asked.err.contains("--yes")), (2, true), "a pipe confirms nothing: {asked:?}");
        assert!(service.accepts(&token).await);

        let deleted = users(&database, &["delete", "ada@example.org", "--yes"]).await;
        assert_eq!((deleted.status, deleted.err.as_str()), (0, ""));
        assert_eq!(deleted.out, format!("deleted ada@example.org ({})\n", user.id));
        service.soon_refuses(&token).await;
        assert_eq!(service.rejection(&token).await, RejectionReason::Revoked);
        let list = service.tokens().await.list_user_deletions(ListUserDeletionsRequest::default()).await.unwrap();
        assert_eq!(list.into_inner().deletions[0].user_id, user.id);
        assert_eq!(commanded(&database).await, ["USER_DELETED auth-service users delete"]);
        let addresses = "SELECT count(*) FROM auth_event WHERE ip_address <> ''";
        assert_eq!(column::<i64>(&database, addresses).await, [0]);
        assert_eq!(count(&database, "known_address").await, 0, "the key was the service's own");
        for gone in ["ada@example.org", &user.id] {
            let again = users(&database, &["delete", gone, "--yes"]).await;
            assert_eq!((again.status, again.err.as_str()), (3, "error: there is no such user\n"));
        }
        assert_ne!(service.signed_up("ada@example.org").await.0.id, user.id);
        service.stop().await;
    }

    async fn whoever_is_not_there_and_what_is_no_name_are_told_apart(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        for verb in ["disable", "enable"] {
            for unknown in ["nobody@example.org", "0190b0b0-0000-7000-8000-00000000002a"] {
                let ended = users(&database, &[verb, unknown]).await;
                assert_eq!((ended.status, ended.err.as_str()), (3, "error: there is no such user\n"));
            }
        }
        for wrong in [&["disable", "ada"][..], &["delete", "--yes"], &["list", "--email-contains", ""], &["drop"]] {
            assert_eq!(users(&database, wrong).await.status, 2, "{wrong:?}");
        }
        assert_eq!(count(&database, "auth_event").await, 0);
    }

    async fn the_list_tells_of_every_user_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (ada, _) = service.signed_up("ada_lovelace@example.org").await;
        let people: String = (0..1100).map(|number| person(&format!("User{number}@example.com")) + "\n").collect();
        assert_eq!(users_with(&database, &["import", "-"], &people).await.status, 0);
        execute(&database, "UPDATE user_account SET display_name = 'turned \u{202e}around' WHERE email_key = 'user7@example.com'").await;
        assert_eq!(users(&database, &["disable", "user7@example.com"]).await.status, 0);

        let all = users(&database, &["list"]).await;
        assert_eq!((all.status, all.err.as_str()), (0, ""));
        let lines: Vec<&str> = all.out.lines().collect();
        assert_eq!(lines.len(), 1101);
        assert!(lines[0].starts_with(&ada.id) && lines[0].ends_with("ada_lovelace@example.org\tAda"), "{}", lines[0]);
        let mut emails: Vec<&str> = lines.iter().map(|line| line.split_whitespace().nth(4).unwrap()).collect();
        emails.sort_unstable();
        emails.dedup();
        assert_eq!(emails.len(), 1101);

        let listed = async |arguments: &[&str]| users(&database, &[&["list"], arguments].concat()).await.out;
        let disabled = listed(&["--disabled"]).await;
        assert!(disabled.lines().count() == 1 && disabled.contains("  disabled  "), "{disabled}");
        assert!(disabled.ends_with("  -                     User7@example.com\tturned \u{fffd}around\n"), "{disabled:?}");
        assert_eq!(listed(&["--email-contains", "USER109"]).await.lines().count(), 11);
        assert_eq!(listed(&["--email-contains", "_"]).await.lines().count(), 1, "it stands for itself");
        assert_eq!(listed(&["--email-contains", "%"]).await, "");
        let json = listed(&["--json", "--email-contains", "lovelace"]).await;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((json["id"].as_str(), json["state"].as_str()), (Some(ada.id.as_str()), Some("active")));
        assert_eq!(json["last_login_time"], json["create_time"]);
        assert!(json["disable_time"].is_null());
        service.stop().await;
    }

    async fn the_list_ends_quietly_when_nobody_reads_on(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let people: String = (0..3000).map(|number| person(&format!("user{number}@example.com")) + "\n").collect();
        assert_eq!(users_with(&database, &["import", "-"], &people).await.status, 0);
        let mut list = command(&database, &["list"]);
        let run = move || {
            let mut child = list.spawn().unwrap();
            let mut first = String::new();
            BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
            let output = child.wait_with_output().unwrap();
            (first, output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (first, status, said) = tokio::task::spawn_blocking(run).await.unwrap();
        assert!(first.contains("@example.com"), "{first}");
        assert_eq!((status, said.as_str()), (Some(0), ""));
    }

    async fn an_import_takes_what_is_right_and_names_what_is_not(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (ada, token) = service.signed_up("ada@example.org").await;
        let full = format!(
            r#"{{"email":"Grace@example.org","password_hash":"{BCRYPT}","display_name":"Grace","create_time":"2024-05-01T12:00:00.123456789+02:00"}}"#
        );
        let broken = r#"{"email":"a b","password_hash":7,"display_name":"\n","create_time":"soon","role":"admin"}"#;
        let lines = [
            full.as_str(),
            &person("ADA@example.org"),
            "",
            broken,
            "not json",
            &person("grace@EXAMPLE.org"),
            &format!(r#"{{"email":"long@example.org","password_hash":"{}"}}"#, "x".repeat(20_000)),
            r#"{"email":"alan@example.org","password_hash":"plain text"}"#,
            "[]",
            &person("alan@example.org"),
        ];
        let file = database.folder().join("people.jsonl");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let file = file.to_str().unwrap();

        let dry = users(&database, &["import", "--dry-run", file]).await;
        assert_eq!(dry.status, 1);
        assert!(dry.out.ends_with("9 lines: 2 to be imported, 1 unchanged, 6 refused; nothing was written\n"), "{dry:?}");
        assert_eq!(count(&database, "user_account").await, 1);

        let done = users(&database, &["import", file]).await;
        assert_eq!((done.status, done.err.as_str()), (1, ""));
        let told: Vec<&str> = done.out.lines().collect();
        assert_eq!(told.len(), 7, "{told:#?}");
        assert_eq!(told[..6], dry.out.lines().collect::<Vec<_>>()[..6]);
        for part in ["line 4: ", "email: must not contain spaces", "email: must be an address", "password_hash: must be text",
            "display_name: must not contain control", "create_time: must be a time", r#""role": is no field"#] {
            assert!(told[0].contains(part), "{part}: {}", told[0]);
        }
        assert_eq!(told[1], "line 5: is not well-formed JSON, at byte 2");
        assert_eq!(told[2], "line 6: email: is that of line 1");
        assert_eq!(told[3], "line 7: is longer than 16384 bytes");
        assert!(told[4].starts_with("line 8: password_hash: ") && !told[4].contains("plain"), "{}", told[4]);
        assert_eq!(told[5], "line 9: is no JSON object");
        assert_eq!(told[6], "9 lines: 2 imported, 1 unchanged, 6 refused");

        let times = "SELECT create_time < update_time FROM user_account WHERE email = 'Grace@example.org' AND display_name = 'Grace'";
        assert_eq!(column::<bool>(&database, times).await, [true]);
        assert_eq!(commanded(&database).await, ["USER_IMPORTED auth-service users import"; 2]);
        let (again, _) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
        assert_eq!((again.id, again.email, again.update_time), (ada.id, ada.email, ada.update_time));
        assert!(service.accepts(&token).await, "whoever is here is left alone");
        service.stop().await;
    }

    async fn importing_again_changes_nothing(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let people: String = (0..1200).map(|number| person(&format!("user{number}@example.com")) + "\n").collect();
        let first = users_with(&database, &["import", "-"], &people).await;
        assert_eq!((first.status, first.out.as_str()), (0, "1200 lines: 1200 imported, 0 unchanged, 0 refused\n"));
        assert_eq!(count(&database, "auth_event").await, 1200, "one for each");
        let rows = async || {
            let sql = "SELECT email || password_hash || display_name || update_time FROM user_account ORDER BY id";
            column::<String>(&database, sql).await
        };
        let before = rows().await;
        let other = people.replace(BCRYPT, &BCRYPT.replace("abc", "xyz"));
        let second = users_with(&database, &["import", "-"], &other).await;
        assert_eq!((second.status, second.out.as_str()), (0, "1200 lines: 0 imported, 1200 unchanged, 0 refused\n"));
        assert_eq!(rows().await, before);
        assert_eq!(count(&database, "auth_event").await, 1200);
        let grown = people + &person("one-more@example.com");
        let third = users_with(&database, &["import", "-"], &grown).await;
        assert_eq!(third.out, "1201 lines: 1 imported, 1200 unchanged, 0 refused\n");
    }

    async fn whoever_is_imported_logs_in_with_the_password_of_before(database: TestDatabase) {
        let service = Service::start(&database).await;
        let people = [("ada@example.org", BCRYPT), ("grace@example.org", BETTER_AUTH)];
        let lines = people.map(|(email, hash)| format!(r#"{{"email":"{email}","password_hash":"{hash}"}}"#)).join("\n");
        assert_eq!(users_with(&database, &["import", "-"], &lines).await.status, 0);
        let schemes = "SELECT scheme FROM hash_scheme WHERE scheme NOT LIKE 'argon2id%' ORDER BY scheme";
        assert_eq!(column::<String>(&database, schemes).await, ["bcrypt$4", "scrypt$ln=14,r=16,p=1"]);
        for (email, hash) in people {
            assert_eq!(reason(&service.log_in(email, "Wrong-7-password").await.unwrap_err()), "INVALID_CREDENTIALS");
            service.log_in(email, PASSWORD).await.unwrap();
            let kept = format!("SELECT password_hash FROM user_account WHERE email = '{email}'");
            let kept = column::<String>(&database, &kept).await.remove(0);
            assert!(kept != hash && kept.starts_with("$argon2id$"), "Duet's own takes its place: {kept}");
        }
        service.stop().await;
    }

    async fn an_import_leaves_the_service_its_turn(database: TestDatabase) {
        let service = std::sync::Arc::new(Service::start(&database).await);
        service.signed_up("ada@example.org").await;
        let people: String = (0..20_000).map(|number| person(&format!("user{number}@example.com")) + "\n").collect();
        let mut import = command(&database, &["import", "-"]);
        let importing = tokio::task::spawn_blocking(move || {
            let mut child = import.spawn().unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let feeding = std::thread::spawn(move || stdin.write_all(people.as_bytes()).unwrap());
            let output = child.wait_with_output().unwrap();
            feeding.join().unwrap();
            output
        });
        let (mut logins, mut slowest) = (0, std::time::Duration::ZERO);
        while !importing.is_finished() {
            let start = std::time::Instant::now();
            service.log_in("ada@example.org", PASSWORD).await.unwrap();
            slowest = slowest.max(start.elapsed());
            logins += 1;
        }
        let output = importing.await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.contains("10000 lines, "), "{said}");
        assert!(logins > 3, "{logins} logins, the slowest after {slowest:?}");
    }

    async fn an_import_that_cannot_go_on_says_so(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let missing = users(&database, &["import", "nothing.jsonl"]).await;
        assert_eq!((missing.status, missing.err.contains("cannot open nothing.jsonl")), (1, true), "{missing:?}");
        execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
        let stopped = users_with(&database, &["import", "-"], &person("ada@example.org")).await;
        assert_eq!(stopped.status, 1);
        assert!(stopped.err.contains("import it again to go on"), "{stopped:?}");
        assert_eq!(count(&database, "user_account").await, 0, "no user without the row that tells of it");
    }

    async fn a_command_makes_no_database_and_no_tables(database: TestDatabase) {
        let commands = [&["list"][..], &["disable", "a@b"], &["delete", "a@b", "--yes"], &["import", "-"]];
        for arguments in commands {
            let ended = users(&database, arguments).await;
            assert_eq!(ended.status, 1, "{arguments:?}: {ended:?}");
            let expected = match database.engine {
                Engine::Sqlite => "there is no database at",
                Engine::Postgres => "run `migrate`",
            };
            assert!(ended.err.starts_with("error: ") && ended.err.contains(expected), "{ended:?}");
            assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
        }
        match database.engine {
            Engine::Sqlite => assert_eq!(std::fs::read_dir(database.folder()).unwrap().count(), 0),
            Engine::Postgres => {
                let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('user_account', 'seaql_migrations')";
                assert_eq!(column::<i64>(&database, tables).await, [0]);
            }
        }
    }

    async fn a_database_of_another_release_is_left_alone(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let version = "m20991231_000001_of_a_later_release";
        execute(&database, &format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{version}', 0)")).await;
        let newer = users(&database, &["list"]).await;
        assert_eq!((newer.status, newer.err.contains("newer release")), (1, true), "{newer:?}");
        execute(&database, &format!("DELETE FROM seaql_migrations WHERE version IN ('{version}', \
            (SELECT max(version) FROM seaql_migrations WHERE version <> '{version}'))")).await;
        let older = users(&database, &["list"]).await;
        assert_eq!((older.status, older.err.contains("run `migrate`")), (1, true), "{older:?}");
    }
}

#[tokio::test]
async fn the_help_teaches() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    for (verb, parts) in [
        ("list", &["--json", "--disabled", "jq -r .id"][..]),
        ("delete", &["--yes", "Nothing", "<USER>"]),
        ("import", &["--dry-run", "password_hash", "Better Auth", "refused.txt"]),
    ] {
        let help = users(&database, &[verb, "--help"]).await;
        assert_eq!(help.status, 0);
        parts.iter().for_each(|part| assert!(help.out.contains(part), "{part}: {}", help.out));
    }
    let help = users(&database, &["--help"]).await.out;
    assert!(help.contains("Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 no such user"), "{help}");
}
