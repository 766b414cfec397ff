//! An application that has its users in the real Better Auth, and the people in it.

use std::{collections::BTreeMap, fs, net::SocketAddr, os::unix::fs::symlink, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::{
    process::{Child, Output},
    workspace,
};

use crate::{
    eventually,
    program::{START, free_address},
    provided,
    web::{self, Answer},
};

/// For whom the access tokens of its OAuth provider are.
pub const RESOURCE: &str = "https://tasks.example.org";

/// What a person signs in with.
const PASSWORD: &str = "Xk4mPq9z";
/// RFC 7636, appendix B: a verifier, and the challenge that goes with it.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A running application, with nobody in it at first. It ends on drop.
pub struct BetterAuth {
    address: SocketAddr,
    settings: BTreeMap<&'static str, String>,
    folder: TempDir,
    child: Option<Child>,
}

/// Somebody who is signed in there.
#[derive(Clone, Debug)]
pub struct Member {
    /// The id that Better Auth knows the person by.
    pub id: String,
    /// What the person signs in with.
    pub email: String,
    cookies: BTreeMap<String, String>,
}

/// What the OAuth provider answers.
#[derive(Clone, Debug)]
pub struct OauthTokens {
    /// For [`RESOURCE`].
    pub access_token: String,
    /// For the client, and for nobody else.
    pub id_token: String,
}

impl BetterAuth {
    /// Starts one that signs with this algorithm: `EdDSA`, `ES256` or `RS256`.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(algorithm: &str) -> Self {
        Self::with(algorithm).run().await
    }

    /// One that is not started yet.
    ///
    /// # Panics
    /// When there is no folder for it.
    pub fn with(algorithm: &str) -> Self {
        let address = free_address();
        let secret = format!("{}-{}", uuid::Uuid::new_v4().simple(), address.port());
        let settings = BTreeMap::from([
            ("BETTER_AUTH_PORT", address.port().to_string()),
            ("BETTER_AUTH_SECRET", secret),
            ("BETTER_AUTH_ALGORITHM", algorithm.to_owned()),
            ("BETTER_AUTH_LIFETIME", "15m".to_owned()),
            ("BETTER_AUTH_RESOURCE", RESOURCE.to_owned()),
        ]);
        Self { address, settings, folder: tempfile::tempdir().expect("a temporary folder"), child: None }
    }

    /// With this setting of its server; see `tests/better-auth/server.mjs`.
    #[must_use]
    pub fn set(mut self, variable: &'static str, value: &str) -> Self {
        self.settings.insert(variable, value.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub async fn run(mut self) -> Self {
        let modules = PathBuf::from(provided("DUET_BETTER_AUTH")).join("node_modules");
        symlink(modules, self.folder.path().join("node_modules")).expect("to link its modules");
        let server = workspace::root().join("tests/better-auth/server.mjs");
        fs::copy(server, self.folder.path().join("server.mjs")).expect("to copy its server");
        let mut command = Command::new(provided("DUET_NODE"));
        command.arg("server.mjs").env_clear().envs(&self.settings).current_dir(self.folder.path());
        let child = Child::spawn("better-auth", &mut command, Output::File(self.log_file()));
        self.child = Some(child.expect("to start Better Auth"));
        let ready = async || {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().expect("to ask for its end"));
            assert_eq!(ended, None, "Better Auth ended:\n{}", self.log());
            self.said("ready").is_some().then_some(())
        };
        eventually("Better Auth is ready", START, ready).await;
        self
    }

    /// Ends it, as a crash does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        self.child.take().expect("a running server").kill().expect("to kill it");
    }

    /// Its origin, which is the issuer and the audience of the tokens of its `jwt` plugin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `BETTER_AUTH_SECRET`.
    pub fn secret(&self) -> &str {
        &self.settings["BETTER_AUTH_SECRET"]
    }

    /// Signs somebody up.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn sign_up(&self, email: &str) -> Member {
        self.enter("/sign-up/email", &json!({ "email": email, "password": PASSWORD, "name": "Ada" })).await
    }

    /// Signs somebody in again, in a new session.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn sign_in(&self, email: &str) -> Member {
        self.enter("/sign-in/email", &json!({ "email": email, "password": PASSWORD })).await
    }

    /// A token of the `jwt` plugin.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn token(&self, member: &Member) -> String {
        let answer = self.ask("GET", "/token", member, &[], "").await;
        text(&json_of(&answer)["token"])
    }

    /// The cookie that caches the session, a JWT.
    ///
    /// # Panics
    /// When there is none.
    pub fn session_cookie(&self, member: &Member) -> String {
        member.cookies["better-auth.session_data"].clone()
    }

    /// What was mailed to a person last: a token with which to verify the address.
    ///
    /// # Panics
    /// When nothing was.
    pub fn mailed_token(&self, member: &Member) -> String {
        let mails = self.log();
        let mut mails = mails.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mail = mails.rfind(|mail| mail["mail"] == member.email).expect("a mail");
        text(&mail["token"])
    }

    /// The tokens of the OAuth provider: a public client of the person's own, its authorization with PKCE, the person's
    /// consent, and the code exchanged.
    ///
    /// # Panics
    /// When a step of it is refused.
    pub async fn oauth_tokens(&self, member: &Member) -> OauthTokens {
        let callback = format!("{}/callback", self.origin());
        let client = json!({
            "redirect_uris": [callback], "token_endpoint_auth_method": "none", "application_type": "native",
        });
        let client = text(&self.post("/oauth2/create-client", member, &client).await["client_id"]);
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &client),
            ("redirect_uri", &callback),
            ("scope", "openid"),
            ("state", "0123456789abcdef"),
            ("resource", RESOURCE),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let asked = self.ask("GET", &format!("/oauth2/authorize?{query}"), member, &[], "").await;
        let consent = asked.header("location").and_then(|page| page.split_once('?')).expect("a page to consent at").1;
        let consented = json!({ "accept": true, "oauth_query": consent });
        let back = text(&self.post("/oauth2/consent", member, &consented).await["url"]);
        let (_, code) = back.split_once("code=").expect("a code");
        let exchange = form(&[
            ("grant_type", "authorization_code"),
            ("code", code.split('&').next().unwrap_or(code)),
            ("client_id", &client),
            ("redirect_uri", &callback),
            ("resource", RESOURCE),
            ("code_verifier", VERIFIER),
        ]);
        let encoded = ("content-type", "application/x-www-form-urlencoded");
        let answer = json_of(&self.ask("POST", "/oauth2/token", member, &[encoded], &exchange).await);
        OauthTokens { access_token: text(&answer["access_token"]), id_token: text(&answer["id_token"]) }
    }

    /// The names of the keys that it publishes.
    ///
    /// # Panics
    /// When it does not.
    pub async fn key_ids(&self) -> Vec<String> {
        let answer = json_of(&web::request(self.address, "GET", "/api/auth/jwks", &[], b"").await);
        answer["keys"].as_array().expect("keys").iter().map(|key| text(&key["kid"])).collect()
    }

    async fn enter(&self, path: &str, body: &Value) -> Member {
        let stranger = Member { id: String::new(), email: text(&body["email"]), cookies: BTreeMap::new() };
        let json = ("content-type", "application/json");
        let answer = self.ask("POST", path, &stranger, &[json], &body.to_string()).await;
        let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        let cookies = set.filter_map(|(_, cookie)| cookie.split(';').next()?.split_once('='));
        let cookies = cookies.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Member { id: text(&json_of(&answer)["user"]["id"]), cookies, ..stranger }
    }

    async fn post(&self, path: &str, member: &Member, body: &Value) -> Value {
        json_of(&self.ask("POST", path, member, &[("content-type", "application/json")], &body.to_string()).await)
    }

    async fn ask(&self, method: &str, path: &str, member: &Member, headers: &[(&str, &str)], body: &str) -> Answer {
        let cookies: Vec<_> = member.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (origin, cookies) = (self.origin(), cookies.join("; "));
        let headers = [headers, &[("origin", &origin), ("cookie", &cookies)]].concat();
        let answer = web::request(self.address, method, &format!("/api/auth{path}"), &headers, body.as_bytes()).await;
        assert!(answer.status < 400, "{method} {path}: {}", answer.text());
        answer
    }

    fn said(&self, what: &str) -> Option<Value> {
        self.log()
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|said| !said[what].is_null())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for BetterAuth {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
        }
        if std::thread::panicking() {
            eprintln!("---- log of Better Auth\n{}", self.log());
        }
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("an answer in JSON")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// `application/x-www-form-urlencoded`, which a query is too.
fn form(fields: &[(&str, &str)]) -> String {
    let encoded = |value: &str| value.replace('%', "%25").replace(':', "%3A").replace('/', "%2F").replace('+', "%2B");
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    fields.join("&")
}
