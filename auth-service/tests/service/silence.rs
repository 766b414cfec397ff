//! What the binary writes to its log and its tables while people use it: in the log nothing that is theirs, in the
//! tables no secret.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::support::{Service, bearer, column, execute};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use proto::auth::v1::{
    GetMeRequest, LoginRequest, LogoutRequest, RefreshTokenRequest, SignUpRequest, ValidateTokenRequest,
    auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient,
};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tonic::{Request, transport::Channel};

const EMAIL: &str = "ada.lovelace@example.org";
const PASSWORD: &str = "Xk4mPq9z-secret";

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
    }
}

/// Waits for the line that says where it listens.
async fn addresses(log: &std::path::Path) -> Vec<String> {
    for _ in 0..1000 {
        let text = std::fs::read_to_string(log).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains("\"ready\"")) {
            let words = line.split(|letter: char| !letter.is_ascii_digit() && letter != '.' && letter != ':');
            return words.filter(|word| word.starts_with("127.0.0.1:")).map(str::to_owned).collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not start: {}", std::fs::read_to_string(log).unwrap());
}

fn channel(address: &str) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect_lazy()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_holds_no_secret_and_no_address() {
    let database = TestDatabase::create(Engine::Sqlite).await;
    let log = database.folder().join("log");
    let file = std::fs::File::create(&log).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command.args(["--auth-listen", "127.0.0.1:0", "--auth-internal-listen", "127.0.0.1:0"]);
    command.args(["--auth-operations-listen", "127.0.0.1:0", "--auth-database-url", &database.settings.url]);
    command.env("RUST_LOG", "debug,auth_service=trace,authn=trace,service_runtime=trace,sea_orm=trace,sqlx=trace");
    command.current_dir(database.folder()).stdout(file.try_clone().unwrap()).stderr(file).stdin(Stdio::null());
    let mut running = Running(command.spawn().unwrap());
    let addresses = addresses(&log).await;

    let mut auth = AuthServiceClient::new(channel(&addresses[0]));
    let mut tokens = TokenServiceClient::new(channel(&addresses[1]));
    let sign_up = SignUpRequest {
        email: EMAIL.into(),
        password: PASSWORD.into(),
        display_name: "Ada".into(),
        ..SignUpRequest::default()
    };
    let issued = auth.sign_up(sign_up.clone()).await.unwrap().into_inner().tokens.unwrap();
    let (token, refresh_token) = (issued.access_token, issued.refresh_token);
    let renewed = auth.refresh_token(RefreshTokenRequest { refresh_token: refresh_token.clone() }).await.unwrap();
    let successor = renewed.into_inner().tokens.unwrap().refresh_token;
    auth.refresh_token(RefreshTokenRequest { refresh_token: format!("{successor}-forged") }).await.unwrap_err();
    let mut request = Request::new(RefreshTokenRequest::default());
    request.metadata_mut().insert("origin", "http://127.0.0.1:8080".parse().unwrap());
    request.metadata_mut().insert("cookie", format!("__Host-duet-refresh={successor}").parse().unwrap());
    let renewed = auth.refresh_token(request).await.unwrap();
    assert!(renewed.metadata().get("set-cookie").unwrap().to_str().unwrap().contains(&successor));
    auth.sign_up(sign_up.clone()).await.unwrap_err();
    auth.sign_up(SignUpRequest { password: "short-secret".into(), ..sign_up }).await.unwrap_err();
    auth.login(LoginRequest { email: EMAIL.into(), password: "wrong-secret".into(), ..LoginRequest::default() })
        .await
        .unwrap_err();
    auth.get_me(bearer(&token, GetMeRequest {})).await.unwrap();
    for token in [token.clone(), "forged-secret".to_owned()] {
        tokens.validate_token(ValidateTokenRequest { token, audience: String::new() }).await.unwrap();
    }
    execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
    auth.login(LoginRequest { email: EMAIL.into(), password: PASSWORD.into(), ..LoginRequest::default() })
        .await
        .unwrap_err();
    auth.logout(bearer(&token, LogoutRequest::default())).await.unwrap_err();
    auth.logout(LogoutRequest { refresh_token: refresh_token.clone() }).await.unwrap_err();
    Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(running.0.wait().unwrap().success());

    let text = std::fs::read_to_string(&log).unwrap().to_lowercase();
    assert!(text.contains("a call failed by our fault"), "the log was not written: {text}");
    let (_, signature) = token.rsplit_once('.').unwrap();
    for secret in [
        EMAIL,
        "lovelace",
        PASSWORD,
        "-secret",
        signature,
        &token[..60],
        "duet_rt_",
        &refresh_token[40..70],
        &successor[40..70],
        "$argon2",
    ] {
        assert!(!text.contains(&secret.to_lowercase()), "{secret} in {text}");
    }
}

/// Every value of every table: the table and column it is in, and its bytes in hexadecimal digits.
async fn values(database: &TestDatabase) -> Vec<(String, String)> {
    let columns = match database.engine {
        Engine::Sqlite => {
            "SELECT t.name || ' ' || c.name || ' ' FROM sqlite_master t, pragma_table_info(t.name) c \
             WHERE t.type = 'table'"
        }
        Engine::Postgres => {
            "SELECT table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns \
             WHERE table_schema = 'public'"
        }
    };
    let mut found = Vec::new();
    for described in column::<String>(database, columns).await {
        let (table, described) = described.split_once(' ').unwrap();
        let (column_name, kind) = described.split_once(' ').unwrap();
        let bytes = match (database.engine, kind) {
            (Engine::Sqlite, _) => format!("lower(hex(CAST(\"{column_name}\" AS BLOB)))"),
            (Engine::Postgres, "bytea") => format!("encode(\"{column_name}\", 'hex')"),
            (Engine::Postgres, _) => format!("encode(convert_to(\"{column_name}\"::text, 'UTF8'), 'hex')"),
        };
        let read = format!("SELECT {bytes} FROM \"{table}\" WHERE \"{column_name}\" IS NOT NULL");
        let values = column::<String>(database, &read).await;
        found.extend(values.into_iter().map(|value| (format!("{table}.{column_name}"), value)));
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

on_both_databases! {
    async fn no_table_holds_a_password_or_a_token(database: TestDatabase) {
        let limits = ["--auth-login-limit", "6", "--auth-account-failures", "2"];
        let service = Service::start_with(&database, Clock::system(), &limits).await;
        let mut auth = service.auth().await;
        let sign_up = SignUpRequest {
            email: EMAIL.into(),
            password: PASSWORD.into(),
            display_name: "Ada".into(),
            ..SignUpRequest::default()
        };
        let mut pairs = vec![auth.sign_up(sign_up.clone()).await.unwrap().into_inner().tokens.unwrap()];
        auth.sign_up(sign_up.clone()).await.unwrap_err();
        auth.sign_up(SignUpRequest { password: "short-secret".into(), ..sign_up }).await.unwrap_err();
        for _ in 0..2 {
            let log_in = LoginRequest { email: EMAIL.into(), password: PASSWORD.into(), ..LoginRequest::default() };
            pairs.push(auth.login(log_in).await.unwrap().into_inner().tokens.unwrap());
        }
        // Up to where the account, and after that the client, is refused.
        for _ in 0..5 {
            auth.login(LoginRequest {
                email: EMAIL.into(),
                password: "wrong-secret".into(),
                ..LoginRequest::default()
            })
            .await
            .unwrap_err();
        }
        auth.login(LoginRequest {
            email: "typed-secret".into(),
            password: "wrong-secret".into(),
            ..LoginRequest::default()
        })
        .await
        .unwrap_err();
        auth.logout(bearer(&pairs[1].access_token, LogoutRequest::default())).await.unwrap();
        service.stop().await;

        let mut secrets: Vec<Vec<u8>> = [PASSWORD, "-secret"].map(|secret| secret.as_bytes().to_vec()).to_vec();
        for pair in &pairs {
            secrets.extend(parts_of(&pair.access_token));
            if !pair.refresh_token.is_empty() {
                secrets.extend(parts_of(&pair.refresh_token));
            }
        }
        let values = values(&database).await;
        assert!(values.iter().any(|(place, value)| place == "user_account.email" && *value == hex(EMAIL.as_bytes())));
        assert!(values.iter().any(|(place, _)| place == "attempt_window.client"), "refusals were counted");
        for (place, value) in &values {
            for secret in &secrets {
                assert!(!value.contains(&hex(secret)), "{:?} in {place}", String::from_utf8_lossy(secret));
            }
            let of_limits = ["attempt", "attempt_window", "known_address"].contains(&place.split('.').next().unwrap());
            assert!(!of_limits || !value.contains(&hex(b"lovelace")), "an address of e-mail in {place}");
        }
    }
}

/// A token and its parts, as text and as the bytes that the text stands for. A refresh token is its session's id, which
/// is no secret, and what follows.
fn parts_of(token: &str) -> Vec<Vec<u8>> {
    let mut parts = vec![token.as_bytes().to_vec()];
    match token.strip_prefix("duet_rt_") {
        Some(rest) => {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(rest).unwrap();
            parts.extend(bytes.chunks_exact(16).skip(1).map(<[u8]>::to_vec));
            parts.push(rest.as_bytes().to_vec());
        }
        None => {
            for part in token.split('.') {
                parts.extend([part.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()]);
            }
        }
    }
    parts
}
