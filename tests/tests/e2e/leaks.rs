//! After people have used all of it, no secret of theirs stands in a table, a log or a span.

use std::{fs, process::Output, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use e2e::{Clients, Engine, Pair, Person, Refusal, connect, eventually, on_both_engines};
use proto::auth::v1::{
    ChangePasswordRequest, DeleteMeRequest, ListAuthEventsRequest, ListSessionsRequest, LogoutRequest,
    RefreshTokenRequest, RevokeOtherSessionsRequest, UpdateMeRequest, User,
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tonic::Code;

use crate::collector::{Collector, hex};

const WRONG_PASSWORD: &str = "Wr0ng-Xk4mPq9z";
const NEW_PASSWORD: &str = "Tr7wLb2v-Xk4mPq9z";
/// Of the password `Im9Xk4mPq`, as another system kept it.
const IMPORTED_HASH: &str =
    "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$FfBWbUPM8Zk0h/RhkRlkwiPMXmvWJzWZ4S0ysXAJgEM";

/// What somebody could do harm with.
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    fn new(texts: &[&str]) -> Self {
        Self(texts.iter().map(|text| text.as_bytes().to_vec()).collect())
    }

    fn add_tokens(&mut self, person: &Person) {
        let (_, signature) = person.token.rsplit_once('.').expect("a JWT");
        let payload = BASE64_URL_SAFE_NO_PAD.decode(person.refresh_token.trim_start_matches("duet_rt_")).unwrap();
        let secret = &payload[16..48];
        self.0.extend([signature.into(), person.refresh_token[20..].into(), secret.to_vec()]);
        self.0.extend([hex(secret).into_bytes(), BASE64_STANDARD.encode(secret).into_bytes()]);
    }

    #[track_caller]
    fn are_not_in(&self, place: &str, bytes: &[u8]) {
        for secret in &self.0 {
            let found = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret));
            assert!(!found, "{place} holds {:?}", String::from_utf8_lossy(secret));
        }
    }
}

/// Every byte that the database at `url` keeps.
async fn dump(url: &str) -> Vec<u8> {
    if let Some(file) = url.strip_prefix("sqlite://") {
        let files = ["", "-wal", "-shm"].map(|suffix| fs::read(format!("{file}{suffix}")).unwrap_or_default());
        return files.concat();
    }
    let connection = connect(url).await;
    let query = async |sql: String| {
        let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
        rows.into_iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect::<Vec<_>>()
    };
    let mut all = String::new();
    for table in query("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'".to_owned()).await {
        all.push_str(&query(format!("SELECT whole::text FROM \"{table}\" AS whole")).await.join("\n"));
    }
    all.into_bytes()
}

fn command(pair: &Pair, arguments: &[&str]) -> Output {
    pair.auth.command().arg("users").args(arguments).output().expect("to run a command")
}

/// Uses everything that takes a secret, rightly and wrongly, and tells all secrets that there were.
async fn use_all_of_it(pair: &Pair, clients: &Clients, person: &Person, secrets: &mut Secrets) {
    clients.create(person, "a task").await.unwrap();
    let wrong = Person { password: WRONG_PASSWORD.to_owned(), ..person.clone() };
    Refusal::expect(clients.log_in(&wrong).await).assert(Code::Unauthenticated, "INVALID_CREDENTIALS");
    let first = clients.log_in(person).await.unwrap();
    let second = clients.refresh(&first).await.unwrap();
    let third = clients.refresh(&second).await.unwrap();
    [person, &first, &second, &third].into_iter().for_each(|person| secrets.add_tokens(person));
    let forged = RefreshTokenRequest { refresh_token: first.refresh_token.replace("rt_", "rt_A") };
    clients.auth().refresh_token(forged).await.unwrap_err();
    clients.auth().list_sessions(person.request(ListSessionsRequest::default())).await.unwrap();
    let user = User { display_name: "Ada L.".to_owned(), ..User::default() };
    let update = UpdateMeRequest { user: Some(user), update_mask: None };
    clients.auth().update_me(person.request(update)).await.unwrap();
    for current in [WRONG_PASSWORD, &person.password] {
        let change = ChangePasswordRequest {
            current_password: current.to_owned(),
            new_password: NEW_PASSWORD.to_owned(),
            revoke_other_sessions: Some(false),
        };
        let changed = clients.auth().change_password(person.request(change)).await;
        assert_eq!(changed.is_ok(), current == person.password, "{changed:?}");
    }
    clients.auth().revoke_other_sessions(person.request(RevokeOtherSessionsRequest {})).await.unwrap();
    clients.auth().list_auth_events(person.request(ListAuthEventsRequest::default())).await.unwrap();
    clients.auth().logout(LogoutRequest { refresh_token: third.refresh_token }).await.unwrap();
    administrate(pair, &person.id);
    let again = clients.log_in(&Person { password: NEW_PASSWORD.to_owned(), ..person.clone() }).await.unwrap();
    secrets.add_tokens(&again);
    let leaver = clients.sign_up().await;
    secrets.add_tokens(&leaver);
    let request = leaver.request(DeleteMeRequest { password: leaver.password.clone() });
    clients.auth().delete_me(request).await.unwrap();
}

fn administrate(pair: &Pair, user: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = serde_json::json!({ "email": "grace@example.org", "password_hash": IMPORTED_HASH });
    fs::write(file.path(), format!("{line}\n{{\"email\": \"broken\", \"password_hash\": \"{IMPORTED_HASH}x\"}}\n"))
        .unwrap();
    let imported = command(pair, &["import", file.path().to_str().unwrap()]);
    let said = [imported.stdout, imported.stderr].concat();
    Secrets::new(&["FfBWbUPM8Zk0h"]).are_not_in("the output of the import", &said);
    for what in ["disable", "enable"] {
        assert!(command(pair, &[what, user]).status.success(), "{what}");
    }
}

on_both_engines! {
    async fn no_table_no_log_and_no_span_holds_a_secret(engine: Engine) {
        let collector = Collector::default();
        let url = collector.clone().serve().await;
        let levels = "debug,auth_service=trace,task_service=trace,authn=trace,service_runtime=trace,sea_orm=trace,sqlx=trace";
        let builder = Pair::on(engine).await.edge().set("OTEL_EXPORTER_OTLP_ENDPOINT", url).set("RUST_LOG", levels);
        let mut pair = builder.set("OTEL_BSP_SCHEDULE_DELAY", "100").start().await;
        let clients = pair.through_edge();
        let person = clients.sign_up().await;
        let mut secrets = Secrets::new(&[&person.password, WRONG_PASSWORD, NEW_PASSWORD]);
        use_all_of_it(&pair, &clients, &person, &mut secrets).await;

        let exported = async || collector.spans().iter().any(|span| span.name.ends_with("/DeleteMe")).then_some(());
        eventually("the last span", Duration::from_secs(10), exported).await;
        pair.auth.stop().await;
        pair.task.stop().await;
        for (service, variable) in [(&pair.auth, "AUTH_DATABASE_URL"), (&pair.task, "TASK_DATABASE_URL")] {
            let kept = dump(service.setting(variable)).await;
            assert!(kept.windows(person.id.len()).count() > 0, "the database is empty");
            secrets.are_not_in(variable, &kept);
        }
        secrets.0.extend([person.email.clone().into_bytes(), b"grace@example".to_vec(), b"$argon2".to_vec()]);
        for service in [&pair.auth, &pair.task] {
            assert!(service.log().contains("ready"), "nothing was logged");
            secrets.are_not_in("a log", service.log().as_bytes());
        }
        for span in collector.spans() {
            secrets.are_not_in(&span.name, span.text.as_bytes());
        }
    }
}
