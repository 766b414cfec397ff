//! One refresh token shown by many at once, and rows that somebody else holds.

#![allow(clippy::print_stderr, reason = "figures that a test run tells")]

use std::time::{Duration, Instant};

use crate::support::{PASSWORD, Service, bearer, channel, column, connection, events, execute, refreshed};
use chrono::{DateTime, TimeDelta};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use proto::auth::v1::{
    LoginRequest, LogoutRequest, LogoutResponse, RefreshTokenRequest, RevokeOtherSessionsRequest, Tokens,
    ValidateTokenRequest, auth_service_client::AuthServiceClient, token_service_client::TokenServiceClient,
    validate_token_response::Verdict,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, TransactionTrait};
use service_runtime::{
    clock::Clock,
    on_both_databases,
    testing::{Engine, TestDatabase},
};
use tokio::{task::JoinSet, time::timeout};
use tonic::transport::Channel;

/// How many show a token at once.
const RACERS: usize = 64;
/// How many sessions race at once, and how often each.
const SESSIONS: usize = 4;
const ROUNDS: usize = 250;

/// The replicas of a service on one database: two, where there can be two.
struct Replicas {
    services: Vec<Service>,
    public: Vec<AuthServiceClient<Channel>>,
    internal: Vec<TokenServiceClient<Channel>>,
    database: DatabaseConnection,
}

impl Replicas {
    async fn start(database: &TestDatabase, clock: &Clock) -> Self {
        let count = if database.engine == Engine::Postgres { 2 } else { 1 };
        let mut services = Vec::new();
        for _ in 0..count {
            services.push(Service::start_with(database, clock.clone(), &[]).await);
        }
        let database = connection(database).await;
        let mut replicas = Self { services, public: Vec::new(), internal: Vec::new(), database };
        for index in 0..4 {
            let service = &replicas.services[index % count];
            replicas.public.push(AuthServiceClient::new(channel(service.public).await));
            replicas.internal.push(TokenServiceClient::new(channel(service.internal).await));
        }
        replicas
    }

    async fn sessions(&self, count: usize) -> Vec<String> {
        let mut tokens = vec![self.services[0].sign_up("ada@example.org").await.unwrap().tokens.unwrap()];
        while tokens.len() < count {
            tokens.push(self.services[0].log_in("ada@example.org", PASSWORD).await.unwrap().1);
        }
        tokens.into_iter().map(|tokens| tokens.refresh_token).collect()
    }

    /// Everybody shows the token at once, to all replicas; everybody gets the same successor and an access token, one
    /// in sixteen of which is tried, and there was one rotation.
    async fn race(&self, token: &str, racers: usize) -> String {
        let mut racing = JoinSet::new();
        for racer in 0..racers {
            racing.spawn(refreshed(self.public[racer % self.public.len()].clone(), token.to_owned()));
        }
        let answers: Vec<Tokens> = racing.join_all().await.into_iter().map(Result::unwrap).collect();
        let successor = &answers[0].refresh_token;
        assert!(successor != token && answers.iter().all(|answer| answer.refresh_token == *successor));
        let mut judged = JoinSet::new();
        for (index, answer) in answers.iter().enumerate().skip(usize::from(token.as_bytes()[40]) % 16).step_by(16) {
            let mut client = self.internal[index % self.internal.len()].clone();
            let request = ValidateTokenRequest { token: answer.access_token.clone(), audience: String::new() };
            judged.spawn(async move { client.validate_token(request).await.unwrap().into_inner().verdict.unwrap() });
        }
        assert!(judged.join_all().await.iter().all(|verdict| matches!(verdict, Verdict::Caller(_))));
        assert_eq!(self.kept(successor).await, Some(sha256(token)), "the token was replaced more than once");
        successor.clone()
    }

    /// The hash of the token before the one that the database takes for the current one.
    async fn kept(&self, current: &str) -> Option<Vec<u8>> {
        let sql = "SELECT previous_refresh_hash FROM session WHERE refresh_hash = $1";
        let backend = self.database.get_database_backend();
        let row = self.database.query_one_raw(Statement::from_sql_and_values(backend, sql, [sha256(current).into()]));
        row.await.unwrap()?.try_get_by_index(0).unwrap()
    }
}

fn sha256(text: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

on_both_databases! {
    async fn a_thousand_races_of_64_have_one_winner_each_and_no_loser(database: TestDatabase) {
        let clock = manual_clock();
        let replicas = std::sync::Arc::new(Replicas::start(&database, &clock).await);
        let mut tokens = replicas.sessions(SESSIONS).await;
        let start = Instant::now();
        for _ in 0..ROUNDS {
            let mut races = JoinSet::new();
            for token in tokens {
                let replicas = std::sync::Arc::clone(&replicas);
                races.spawn(async move { replicas.race(&token, RACERS).await });
            }
            tokens = races.join_all().await;
            // Later than the grace; each race begins with the token that the one before ended with.
            clock.advance(TimeDelta::seconds(31));
        }
        eprintln!("{} races of {RACERS} in {:?}", SESSIONS * ROUNDS, start.elapsed());
        for token in tokens {
            refreshed(replicas.public[0].clone(), token).await.unwrap();
        }
        let mut expected = vec!["LOGIN_SUCCEEDED"; SESSIONS - 1];
        expected.push("SIGNED_UP");
        assert_eq!(events(&database).await, expected, "nobody was taken for a thief");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stricter_isolation_level_is_never_felt() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let (_, name) = database.settings.url.rsplit_once('/').unwrap();
    execute(&database, &format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")).await;
    let found = column::<String>(&database, "SELECT current_setting('default_transaction_isolation')").await;
    assert_eq!(found, ["serializable"], "it holds for whoever does not say otherwise");
    let clock = manual_clock();
    let replicas = Replicas::start(&database, &clock).await;
    replicas.sessions(1).await;
    // All of them change the user's row.
    let mut logging_in = JoinSet::new();
    for racer in 0..RACERS {
        let mut client = replicas.public[racer % replicas.public.len()].clone();
        let request =
            LoginRequest { email: "ada@example.org".into(), password: PASSWORD.into(), ..LoginRequest::default() };
        logging_in.spawn(async move { client.login(request).await });
    }
    let mut tokens: Vec<Tokens> = Vec::new();
    for answer in logging_in.join_all().await {
        tokens.extend(answer.unwrap().into_inner().tokens);
    }
    for mut token in tokens.into_iter().take(2).map(|tokens| tokens.refresh_token) {
        for _ in 0..10 {
            token = replicas.race(&token, RACERS).await;
            clock.advance(TimeDelta::seconds(31));
        }
    }
}

/// How long a call took that must succeed.
async fn timed<T>(call: impl Future<Output = Result<T, tonic::Status>>) -> Duration {
    let start = Instant::now();
    call.await.map(drop).unwrap();
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_holds_a_sessions_row_keeps_nobody_else_waiting() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let few = ["--auth-database-connections", "2"];
    let service = Service::start_with(&database, Clock::system(), &few).await;
    let held = service.sign_up("ada@example.org").await.unwrap().tokens.unwrap();
    let (_, ended) = service.log_in("ada@example.org", PASSWORD).await.unwrap();
    let other = service.sign_up("eve@example.org").await.unwrap().tokens.unwrap();
    let client = service.auth().await;

    let locks = connection(&database).await.begin().await.unwrap();
    let sql =
        "SELECT 1 FROM session JOIN user_account ON user_account.id = user_id WHERE email_key LIKE 'ada%' FOR UPDATE";
    let sql = Statement::from_string(locks.get_database_backend(), sql);
    assert_eq!(locks.query_all_raw(sql).await.unwrap().len(), 2, "the rows are held");
    let mut waiting = JoinSet::new();
    for _ in 0..32 {
        waiting.spawn(refreshed(client.clone(), held.refresh_token.clone()));
    }
    let mut ending = JoinSet::new();
    for _ in 0..8 {
        let mut client = client.clone();
        let request = LogoutRequest { refresh_token: ended.refresh_token.clone() };
        ending.spawn(async move { client.logout(request).await });
        let mut client = service.auth().await;
        let request = bearer(&held.access_token, RevokeOtherSessionsRequest {});
        ending.spawn(async move {
            client.revoke_other_sessions(request).await.map(|_| tonic::Response::new(LogoutResponse {}))
        });
    }
    let start = Instant::now();
    let (mut slowest, mut calls) = (Duration::ZERO, 0);
    while start.elapsed() < Duration::from_secs(1) {
        let mut client = client.clone();
        let request = RefreshTokenRequest { refresh_token: other.refresh_token.clone() };
        slowest = slowest.max(timed(client.refresh_token(request)).await);
        calls += 1;
    }
    eprintln!("{calls} calls of another user while the rows were held, the slowest {slowest:?}");
    assert!(
        calls > 1,
        "a call that waits for the rows finds no connection and fails, or takes as long as they are held"
    );
    assert!(waiting.try_join_next().is_none() && ending.try_join_next().is_none(), "the rows were held all the time");
    locks.commit().await.unwrap();
    let answers: Vec<Tokens> = waiting.join_all().await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| answer.refresh_token == answers[0].refresh_token));
    for answer in ending.join_all().await {
        answer.unwrap();
    }
    assert!(service.accepts(&answers[0].access_token).await && !service.accepts(&ended.access_token).await);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cannot_wait_for_a_held_row_is_told_so() {
    let database = TestDatabase::create(Engine::Postgres).await;
    let service = Service::start(&database).await;
    let tokens = service.sign_up("ada@example.org").await.unwrap().tokens.unwrap();
    let locks = connection(&database).await.begin().await.unwrap();
    locks.execute_unprepared("SELECT 1 FROM session FOR UPDATE").await.unwrap();
    let mut request = tonic::Request::new(RefreshTokenRequest { refresh_token: tokens.refresh_token.clone() });
    request.metadata_mut().insert("grpc-timeout", "200m".parse().unwrap());
    // tonic's own transport would give up by itself at the same moment.
    let transport = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let mut client = AuthServiceClient::with_origin(transport, format!("http://{}", service.public).parse().unwrap());
    let answer = timeout(Duration::from_secs(5), client.refresh_token(request)).await.expect("an answer in time");
    let status = answer.unwrap_err();
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded, "{status:?}");
    locks.rollback().await.unwrap();
    assert!(service.refresh(&tokens.refresh_token).await.is_ok(), "nothing has changed");
    service.stop().await;
}
