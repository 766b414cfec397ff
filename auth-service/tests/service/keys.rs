//! Signing keys beside a running service: the commands, as the real binary runs them, and what callers see of them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::{MASTER_KEY, PASSWORD, Service, bearer, column, eventually, execute, reason, watching::Watching};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proto::auth::v1::{GetMeRequest, LogoutRequest, RejectionReason};
use serde_json::Value;
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Another master key.
const NEW_MASTER_KEY: &str = "BwYFBAMCAQAPDg0MCwoJCBcWFRQTEhEQHx4dHBsaGRg=";
/// How soon other processes follow what one of them changes.
const SOON: Duration = Duration::from_secs(3);

/// How a command ended, and what it said.
#[derive(Debug)]
struct Ended {
    status: i32,
    out: String,
    err: String,
}

async fn keys_with(database: &TestDatabase, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command.env_clear().current_dir(database.folder()).env("AUTH_DATABASE_URL", &database.settings.url);
    if database.engine == Engine::Postgres {
        command.env("AUTH_MASTER_KEY", MASTER_KEY);
    }
    command.envs(variables.iter().copied()).arg("keys").args(arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

async fn keys(database: &TestDatabase, arguments: &[&str]) -> Ended {
    keys_with(database, &[], arguments).await
}

/// What the list says of each key.
async fn listed(database: &TestDatabase) -> Vec<(String, String)> {
    let list = keys(database, &["list", "--json"]).await;
    assert_eq!((list.status, list.err.as_str()), (0, ""));
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let key = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        (text(&value, "kid"), text(&value, "state"))
    };
    list.out.lines().map(key).collect()
}

async fn states(database: &TestDatabase) -> Vec<String> {
    listed(database).await.into_iter().map(|(_, state)| state).collect()
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: duet\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The ids in the key set, and for how long it may be kept.
async fn published(service: &Service) -> (Vec<String>, u64) {
    let answer = get(service.public, "/.well-known/jwks.json").await;
    let max_age = answer.split_once("max-age=").unwrap().1.split_once("\r\n").unwrap().0.parse().unwrap();
    let set: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let kids = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
    (kids.collect(), max_age)
}

fn kid(token: &str) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn metric(service: &Service, name: &str) -> f64 {
    let metrics = get(service.operations, "/metrics").await;
    let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {metrics}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// The key that somebody who logs in now has a token of.
async fn signs(service: &Service) -> String {
    kid(&service.log_in("ada@example.org", PASSWORD).await.unwrap().1.access_token)
}

on_both_databases! {
    async fn a_rotation_publishes_a_key_that_signs_later_or_at_once(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, old) = service.signed_up("ada@example.org").await;
        let rotated = keys(&database, &["rotate"]).await;
        assert_eq!((rotated.status, rotated.err.as_str()), (0, ""));
        let list = listed(&database).await;
        assert_eq!(list[0], (kid(&old), "active".to_owned()));
        let (next, state) = &list[1];
        assert_eq!((state.as_str(), rotated.out.starts_with(&format!("{next} is published, and signs from "))), ("pending", true));
        eventually(SOON, async || published(&service).await.0.contains(next)).await;
        let (kids, max_age) = published(&service).await;
        assert_eq!((kids.len(), signs(&service).await), (2, kid(&old)));
        assert!((295..=300).contains(&max_age), "half of AUTH_KEY_PUBLICATION: {max_age}");
        let again = keys(&database, &["rotate"]).await;
        assert_eq!((again.status, again.out.contains("nothing to do")), (0, true), "{again:?}");

        let now = keys(&database, &["rotate", "--now"]).await;
        assert_eq!((now.status, now.out), (0, format!("{next} signs from now on\n")));
        eventually(SOON, async || signs(&service).await == *next).await;
        assert_eq!(states(&database).await, ["retiring", "active"]);
        assert!(service.accepts(&old).await && published(&service).await.0.contains(&kid(&old)));
        let again = keys(&database, &["rotate", "--now"]).await;
        assert_eq!((again.status, states(&database).await), (0, vec!["retiring".into(), "retiring".into(), "active".into()]));
        eventually(SOON, async || metric(&service, "auth_signing_keys{state=\"retiring\"}").await == 2.0).await;
        assert_eq!(metric(&service, "auth_signing_keys{state=\"active\"}").await, 1.0);
        assert_eq!(metric(&service, "auth_signing_keys{state=\"pending\"}").await, 0.0);
        assert!((0.0..60.0).contains(&metric(&service, "auth_signing_key_age_seconds").await));
        let commands = "SELECT user_agent FROM auth_event WHERE type = 'KEY_ROTATED' AND source = 'COMMAND'";
        assert_eq!(column::<String>(&database, commands).await, ["auth-service keys rotate"; 3]);
        service.stop().await;
    }

    async fn keys_rotate_by_themselves(database: TestDatabase) {
        let quick = ["--auth-key-lifetime", "4s", "--auth-key-publication", "2s"];
        let service = Service::start_with(&database, Clock::system(), &quick).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        eventually(Duration::from_secs(20), async || {
            assert!(service.accepts(&token).await);
            let signer = signs(&service).await;
            assert!(published(&service).await.0.contains(&signer));
            listed(&database).await.iter().filter(|(_, state)| state == "retiring").count() == 2
        })
        .await;
        assert_eq!(states(&database).await[..2], ["retiring", "retiring"]);
        let automatic = "SELECT count(*) FROM auth_event WHERE type = 'KEY_ROTATED' AND source = 'SERVICE'";
        assert!(column::<i64>(&database, automatic).await[0] >= 2);
        service.stop().await;
    }

    async fn what_a_revoked_key_signed_is_refused_everywhere_and_nobody_is_logged_out(database: TestDatabase) {
        let (first, second) = (Service::start(&database).await, Service::start(&database).await);
        let tokens = first.sign_up("ada@example.org").await.unwrap().tokens.unwrap();
        let (token, kid_of_it) = (&tokens.access_token, kid(&tokens.access_token));
        assert!(first.accepts(token).await && second.accepts(token).await);
        let mut watching = Watching::begin(&second, "").await.unwrap();
        assert_eq!(watching.snapshot().await, []);

        let asked = keys(&database, &["revoke", &kid_of_it]).await;
        assert_eq!((asked.status, asked.err.contains("--yes")), (2, true), "a pipe confirms nothing: {asked:?}");
        let revoked = keys(&database, &["revoke", &kid_of_it, "--yes"]).await;
        assert_eq!((revoked.status, revoked.err.as_str()), (0, ""));
        let list = listed(&database).await;
        assert_eq!((list[0].1.as_str(), list[1].1.as_str(), list.len()), ("revoked", "active", 2));
        assert_eq!(revoked.out, format!("revoked {kid_of_it}: {} signs from now on\n", list[1].0));
        for service in [&first, &second] {
            service.soon_refuses(token).await;
            assert_eq!(service.rejection(token).await, RejectionReason::Revoked);
            assert_eq!(published(service).await.0, [list[1].0.clone()]);
            let refused = service.auth().await.get_me(bearer(token, GetMeRequest {})).await.unwrap_err();
            assert_eq!(reason(&refused), "TOKEN_REVOKED");
            let refused = service.auth().await.logout(bearer(token, LogoutRequest::default())).await.unwrap_err();
            assert_eq!(reason(&refused), "TOKEN_REVOKED", "whoever has the key could end anybody's session");
            let fresh = service.refresh(&tokens.refresh_token).await.unwrap();
            assert_eq!(kid(&fresh.access_token), list[1].0);
            assert!(first.accepts(&fresh.access_token).await && second.accepts(&fresh.access_token).await);
        }
        assert_eq!(watching.keys().await, std::slice::from_ref(&kid_of_it));
        let third = Service::start(&database).await;
        assert_eq!(third.rejection(token).await, RejectionReason::Revoked, "without a moment's delay");

        let again = keys(&database, &["revoke", "--yes", &kid_of_it]).await;
        assert_eq!((again.status, again.out.contains("nothing to do")), (0, true), "{again:?}");
        for unknown in ["-AAA", &kid_of_it.to_lowercase()] {
            let unknown = keys(&database, &["revoke", unknown, "--yes"]).await;
            assert_eq!((unknown.status, unknown.err.as_str()), (3, "error: there is no such key\n"));
        }
        let commands = "SELECT type FROM auth_event WHERE source = 'COMMAND' ORDER BY type";
        assert_eq!(column::<String>(&database, commands).await, ["KEY_REVOKED", "KEY_ROTATED"]);
        for service in [first, second, third] {
            service.stop().await;
        }
    }

    async fn without_readings_a_revoked_key_is_looked_up(database: TestDatabase) {
        let service = Service::start(&database).await;
        let (_, token) = service.signed_up("ada@example.org").await;
        execute(&database, "ALTER TABLE revocation RENAME TO revocation_away").await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert!(service.accepts(&token).await);
        execute(&database, "UPDATE signing_key SET state = 'revoked'").await;
        assert_eq!(service.rejection(&token).await, RejectionReason::Revoked);
        execute(&database, "ALTER TABLE revocation_away RENAME TO revocation").await;
        service.stop().await;
    }

    async fn another_master_key_takes_over_while_people_go_on(database: TestDatabase) {
        let service = Service::start(&database).await;
        let tokens = service.sign_up("ada@example.org").await.unwrap().tokens.unwrap();
        assert!(service.log_in("ada@example.org", "wrong").await.is_err());
        let names = "SELECT client FROM attempt_window WHERE kind = 'account'";
        let remembered: Vec<String> = column(&database, names).await;
        service.stop().await;
        let (old, new) = match database.engine {
            Engine::Postgres => (MASTER_KEY.to_owned(), NEW_MASTER_KEY),
            Engine::Sqlite => (fs::read_to_string(database.folder().join("auth-master.key")).unwrap(), NEW_MASTER_KEY),
        };
        let both = ["--auth-master-key", new, "--auth-master-key-previous", &old];
        let service = Service::start_with(&database, Clock::system(), &both).await;
        assert!(service.accepts(&tokens.access_token).await);

        let without = keys_with(&database, &[("AUTH_MASTER_KEY", new)], &["reseal"]).await;
        assert_eq!((without.status, without.err.contains("AUTH_MASTER_KEY_PREVIOUS")), (1, true), "{without:?}");
        let variables = [("AUTH_MASTER_KEY", new), ("AUTH_MASTER_KEY_PREVIOUS", old.as_str())];
        let done = keys_with(&database, &variables, &["reseal"]).await;
        assert_eq!((done.status, done.err.as_str()), (0, ""));
        assert_eq!(done.out, "1 signing key and 5 other secrets are sealed under AUTH_MASTER_KEY now\n");
        let again = keys_with(&database, &variables[..1], &["reseal"]).await;
        assert_eq!((again.status, again.out.contains("nothing to do")), (0, true), "{again:?}");
        let tokens = service.refresh(&tokens.refresh_token).await.unwrap();
        service.stop().await;

        let late = keys_with(&database, &[("AUTH_MASTER_KEY", &old)], &["rotate"]).await;
        assert_eq!((late.status, late.err.contains("give the old one back")), (1, true), "{late:?}");
        let service = Service::start_with(&database, Clock::system(), &both[..2]).await;
        assert!(service.accepts(&tokens.access_token).await);
        service.refresh(&tokens.refresh_token).await.unwrap();
        assert!(service.log_in("ada@example.org", "wrong").await.is_err());
        assert_eq!(column::<String>(&database, names).await, remembered, "the limits know whom they knew");
        service.stop().await;
    }

    async fn the_previous_master_key_may_be_in_a_file_of_its_owner(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let file = database.folder().join("previous.key");
        match database.engine {
            Engine::Postgres => fs::write(&file, MASTER_KEY).unwrap(),
            Engine::Sqlite => fs::rename(database.folder().join("auth-master.key"), &file).unwrap(),
        }
        let run = async |mode| {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let file = file.to_str().unwrap();
            let variables = [("AUTH_MASTER_KEY", NEW_MASTER_KEY), ("AUTH_MASTER_KEY_PREVIOUS_FILE", file)];
            keys_with(&database, &variables, &["reseal"]).await
        };
        let refused = run(0o644).await;
        assert_eq!((refused.status, refused.err.contains("chmod 600")), (1, true), "{refused:?}");
        assert_eq!(run(0o600).await.status, 0);
    }

    async fn keys_are_listed_for_people_and_help_teaches(database: TestDatabase) {
        Service::start(&database).await.stop().await;
        let list = keys(&database, &["list"]).await;
        assert_eq!((list.status, list.out.lines().count()), (0, 1));
        let words: Vec<&str> = list.out.split_whitespace().collect();
        assert_eq!((words[0].len(), words[1], words[2] == words[3], words[4]), (32, "active", true, "-"));
        for (command, part) in [("rotate", "--now"), ("revoke", "RefreshToken"), ("reseal", "AUTH_MASTER_KEY_PREVIOUS")] {
            let help = keys(&database, &[command, "--help"]).await;
            assert!(help.status == 0 && help.out.contains("Example") && help.out.contains(part), "{help:?}");
        }
        for wrong in [&["revoke", "--yes"][..], &["rotate", "later"], &["drop"]] {
            assert_eq!(keys(&database, wrong).await.status, 2, "{wrong:?}");
        }
    }
}
