//! What the binary writes to its log while people use it: nothing that is theirs.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use proto::auth::v1::{
    GetMeRequest, LoginRequest, LogoutRequest, SignUpRequest, ValidateTokenRequest,
    auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient,
};
use service_runtime::testing::{Engine, TestDatabase};
use support::{bearer, execute};
use tonic::transport::Channel;

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
    let sign_up = SignUpRequest { email: EMAIL.into(), password: PASSWORD.into(), display_name: "Ada".into() };
    let token = auth.sign_up(sign_up.clone()).await.unwrap().into_inner().tokens.unwrap().access_token;
    auth.sign_up(sign_up.clone()).await.unwrap_err();
    auth.sign_up(SignUpRequest { password: "short-secret".into(), ..sign_up }).await.unwrap_err();
    auth.login(LoginRequest { email: EMAIL.into(), password: "wrong-secret".into() }).await.unwrap_err();
    auth.get_me(bearer(&token, GetMeRequest {})).await.unwrap();
    for token in [token.clone(), "forged-secret".to_owned()] {
        tokens.validate_token(ValidateTokenRequest { token, audience: String::new() }).await.unwrap();
    }
    execute(&database, "ALTER TABLE auth_event RENAME TO auth_event_away").await;
    auth.login(LoginRequest { email: EMAIL.into(), password: PASSWORD.into() }).await.unwrap_err();
    auth.logout(bearer(&token, LogoutRequest {})).await.unwrap_err();
    Command::new("kill").args(["-TERM", &running.0.id().to_string()]).status().unwrap();
    assert!(running.0.wait().unwrap().success());

    let text = std::fs::read_to_string(&log).unwrap().to_lowercase();
    assert!(text.contains("a call failed by our fault"), "the log was not written: {text}");
    let (_, signature) = token.rsplit_once('.').unwrap();
    for secret in [EMAIL, "lovelace", PASSWORD, "-secret", signature, &token[..60], "$argon2"] {
        assert!(!text.contains(&secret.to_lowercase()), "{secret} in {text}");
    }
}
