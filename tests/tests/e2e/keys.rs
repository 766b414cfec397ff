//! Signing keys change while everybody goes on: no call fails for a rotation or for another master key, and what a
//! revoked key signed is refused at once, everywhere.

mod load;

use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use e2e::{Clients, Engine, Pair, Program, Refusal, eventually, on_both_engines};
use proto::auth::v1::{
    GetMeRequest, RejectionReason, ValidateTokenRequest, token_service_client::TokenServiceClient,
    validate_token_response::Verdict,
};
use tokio::{task::spawn_blocking, time::sleep};
use tonic::Code;

use self::load::Load;

/// Within so long a revoked key is refused everywhere.
const BOUND: Duration = Duration::from_secs(3);

/// A pair, and on PostgreSQL a second auth-service, which task-service knows too.
struct Installation {
    pair: Pair,
    second: Option<(Program, Clients)>,
}

impl Installation {
    async fn on(engine: Engine, settings: &[(&str, &str)]) -> Self {
        let pair = Pair::on(engine).await;
        let mut pair = settings.iter().fold(pair, |pair, (name, value)| pair.set(name, *value)).build();
        let second = (engine == Engine::Postgres).then(|| pair.second_auth_service());
        let programs = [Some(&pair.auth), second.as_ref().map(|(program, _)| program)];
        let urls = programs.iter().flatten().map(|auth| format!("http://{}", auth.address("AUTH_INTERNAL_LISTEN")));
        let urls = urls.collect::<Vec<_>>().join(",");
        pair.task.set("TASK_AUTH_URL", &urls);
        Self { pair, second }
    }

    async fn start(&mut self) {
        self.pair.auth.start().await;
        if let Some((second, _)) = &mut self.second {
            second.start().await;
        }
        self.pair.task.start().await;
    }

    fn programs(&self) -> Vec<&Program> {
        [Some(&self.pair.auth), self.second.as_ref().map(|(program, _)| program)].into_iter().flatten().collect()
    }

    fn clients(&self) -> Vec<Clients> {
        [Some(self.pair.direct()), self.second.as_ref().map(|(_, clients)| clients.clone())]
            .into_iter()
            .flatten()
            .collect()
    }

    fn load(&self) -> Load {
        Load::on(&self.programs(), self.clients())
    }

    /// What a command on the keys says; with these settings instead of the service's.
    async fn keys(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Result<String, String> {
        let mut command = self.pair.auth.command();
        command.arg("keys").args(arguments).envs(settings.iter().copied());
        let output = spawn_blocking(move || command.output().expect("a command")).await.expect("a command");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// The states of all keys, in order.
    async fn states(&self) -> Vec<String> {
        let list = self.keys(&["list"], &[]).await.expect("a list");
        list.lines().map(|line| line.split_whitespace().nth(1).expect("a state").to_owned()).collect()
    }
}

fn random_key() -> String {
    BASE64_STANDARD.encode([*uuid::Uuid::new_v4().as_bytes(), *uuid::Uuid::new_v4().as_bytes()].concat())
}

on_both_engines! {
    async fn keys_rotate_under_load_without_a_failed_call(engine: Engine) {
        let quick = [("AUTH_KEY_LIFETIME", "8s"), ("AUTH_KEY_PUBLICATION", "4s")];
        let mut installation = Installation::on(engine, &quick).await;
        installation.start().await;
        let load = installation.load();
        let (running, patience) = (load.start(true).await, Duration::from_secs(60));
        let rotated = async || {
            let retiring = installation.states().await.into_iter().filter(|state| state == "retiring").count();
            (retiring >= 2).then_some(())
        };
        eventually("two rotations", patience, rotated).await;
        // So long at most until every replica has read of the last one.
        sleep(Duration::from_secs(2)).await;
        let offline = running.end().await;
        let running = load.start(false).await;
        for _ in 0..4 {
            sleep(Duration::from_millis(700)).await;
            installation.keys(&["rotate", "--now"], &[]).await.unwrap();
        }
        sleep(Duration::from_secs(2)).await;
        let tally = running.end().await;
        eprintln!("{engine:?}: while keys rotated by themselves {offline:?}, and at once {tally:?}");
        for tally in [offline, tally] {
            assert_eq!(tally.failures, Vec::<String>::new());
            assert!(tally.calls > 200 && tally.keys.len() >= 3, "{tally:?}");
        }
        let states = installation.states().await;
        assert_eq!(states.iter().filter(|state| *state == "active").count(), 1, "{states:?}");
    }

    async fn a_revoked_key_is_refused_everywhere_at_once_and_people_go_on(engine: Engine) {
        let mut installation = Installation::on(engine, &[]).await;
        installation.start().await;
        let replicas = installation.clients();
        let mut people = Vec::new();
        for number in 0..20 {
            let clients = &replicas[number % replicas.len()];
            let person = clients.sign_up().await;
            for clients in &replicas {
                clients.list(&person).await.unwrap();
                clients.auth().get_me(person.request(GetMeRequest {})).await.unwrap();
            }
            people.push(person);
        }
        let kid = load::kid(&people[0].token);
        installation.keys(&["revoke", &kid, "--yes"], &[]).await.unwrap();
        let revoked = Instant::now();
        let mut slowest = Duration::ZERO;
        for person in &people {
            let left = BOUND.saturating_sub(revoked.elapsed());
            installation.pair.direct().revoked_within(left, person).await;
            for (program, clients) in installation.programs().into_iter().zip(&replicas) {
                let asked = async || {
                    let answer = clients.auth().get_me(person.request(GetMeRequest {})).await;
                    answer.err()
                };
                let (status, _) = eventually("a refusal", BOUND.saturating_sub(revoked.elapsed()), asked).await;
                Refusal::of(&status).assert(Code::Unauthenticated, "TOKEN_REVOKED");
                let url = format!("http://{}", program.address("AUTH_INTERNAL_LISTEN"));
                let message = ValidateTokenRequest { token: person.token.clone(), audience: String::new() };
                let answer = TokenServiceClient::connect(url).await.unwrap().validate_token(message).await.unwrap();
                let Some(Verdict::Rejection(rejection)) = answer.into_inner().verdict else { panic!("accepted") };
                assert_eq!(rejection.reason(), RejectionReason::Revoked);
            }
            slowest = slowest.max(revoked.elapsed());
        }
        eprintln!("{engine:?}: all of it was refused {slowest:?} after the command had ended");
        for (number, person) in people.iter().enumerate() {
            let person = replicas[number % replicas.len()].refresh(person).await.expect("nobody is logged out");
            assert_ne!(load::kid(&person.token), kid);
            for clients in &replicas {
                clients.list(&person).await.unwrap();
                clients.auth().get_me(person.request(GetMeRequest {})).await.unwrap();
            }
        }
        assert_eq!(installation.states().await, ["revoked", "active"]);
    }

    async fn another_master_key_takes_over_without_a_failed_call(engine: Engine) {
        let (old, new) = (random_key(), random_key());
        let mut installation = Installation::on(engine, &[("AUTH_MASTER_KEY", &old)]).await;
        let both = [("AUTH_MASTER_KEY", new.as_str()), ("AUTH_MASTER_KEY_PREVIOUS", old.as_str())];
        if let Some((second, _)) = &mut installation.second {
            both.iter().for_each(|(name, value)| second.set(name, value));
        }
        installation.start().await;
        let load = installation.load();
        let person = installation.pair.direct().sign_up().await;
        if engine == Engine::Postgres {
            // One has both keys, the other one has not been restarted yet; even now a key may be made by either.
            let running = load.start(false).await;
            for settings in [&both[..], &[]] {
                sleep(Duration::from_millis(700)).await;
                installation.keys(&["rotate", "--now"], settings).await.unwrap();
            }
            sleep(Duration::from_millis(1500)).await;
            assert_eq!(running.end().await.failures, Vec::<String>::new());
        }
        both.iter().for_each(|(name, value)| installation.pair.auth.set(name, value));
        installation.pair.auth.stop().await;
        installation.pair.auth.start().await;
        let ready = async || installation.pair.direct().list(&person).await.ok();
        eventually("task-service has found auth-service again", Duration::from_secs(10), ready).await;

        let running = load.start(false).await;
        sleep(Duration::from_secs(1)).await;
        let said = installation.keys(&["reseal"], &both).await.unwrap();
        assert!(said.contains("5 other secrets are sealed under AUTH_MASTER_KEY now"), "{said}");
        sleep(Duration::from_secs(1)).await;
        installation.keys(&["rotate", "--now"], &both[..1]).await.unwrap();
        sleep(Duration::from_secs(2)).await;
        let tally = running.end().await;
        eprintln!("{engine:?}: while everything was sealed anew {tally:?}");
        assert_eq!(tally.failures, Vec::<String>::new());
        assert!(tally.calls > 100, "{tally:?}");

        let other = random_key();
        for (keys, opens) in [([&other, &new], true), ([&old, &other], false)] {
            let settings = [("AUTH_MASTER_KEY", keys[0].as_str()), ("AUTH_MASTER_KEY_PREVIOUS", keys[1].as_str())];
            let said = installation.keys(&["rotate"], &settings).await;
            assert_eq!(said.is_ok(), opens, "{said:?}");
            assert!(opens || said.unwrap_err().contains("AUTH_MASTER_KEY is not the one"), "the old one opens nothing");
        }
        installation.pair.auth.stop().await;
        installation.pair.auth.set("AUTH_MASTER_KEY_PREVIOUS", &other);
        installation.pair.auth.start().await;
        let clients = installation.pair.direct();
        clients.auth().get_me(person.request(GetMeRequest {})).await.expect("a token from before");
        clients.refresh(&person).await.expect("a refresh token from before");
    }
}
