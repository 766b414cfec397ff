use authn::{MemoryBounds, Subject};
use chrono::{DateTime, TimeDelta};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use service_runtime::{
    database::Database,
    deadline::Deadline,
    testing::{Engine, TestDatabase},
};
use uuid::Uuid;

use super::*;
use crate::{
    client::Call,
    event::Origin,
    identifier::new_id,
    identities::FormerNames,
    issuers::{KeySource, Payload, Profile},
    migration::Migrator,
    revocations::{Follower, Revocation},
    secrets::{MasterKeys, Secrets},
    settings::TokenSettings,
    signing::{KeyMaker, KeyRules, SigningKeys, tests::master},
};

const SMALL: MemoryBounds = MemoryBounds { accepted: 64, rejected: 64, revoked: 2 };

const SECRET: &str = "c3VjaCBhIGxvbmcgYW5kIHNlY3JldCB0ZXh0";

fn profile() -> Profile {
    Profile {
        name: "other".to_owned(),
        issuer: Some("https://other.test".to_owned()),
        audience: Some("duet".to_owned()),
        token_type: None,
        required_claims: Vec::new(),
        longest_life: Duration::from_secs(900),
        source: "other".to_owned(),
        scopes: vec!["account"],
        payload: Payload::Claims,
        keys: KeySource::Secret(SECRET.into()),
    }
}

/// A judge who knows of all revocations, of which there are none in the database.
struct Court {
    judge: Judge,
    follower: Follower,
    clock: Clock,
    keys: Arc<SigningKeys>,
    tokens: TokenSettings,
    connected: Database,
    _database: TestDatabase,
}

impl Court {
    async fn new() -> Self {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let database = TestDatabase::create(Engine::Sqlite).await;
        let connected = Database::connect(&database.settings).await.unwrap();
        connected.migrate::<Migrator>().await.unwrap();
        let revocations = Arc::new(Revocations::bounded(clock.clone(), SMALL));
        let store = Store::new(connected.clone(), Arc::clone(&revocations));
        let follower = Follower::new(store.clone(), Arc::clone(&revocations));
        let masters = MasterKeys { current: master(0), previous: None };
        let secrets = Secrets::open(&store, &masters).await.unwrap();
        let maker = KeyMaker::new(&secrets, &masters).unwrap();
        let rules = KeyRules { lifetime: TimeDelta::days(90), publication: TimeDelta::minutes(10) };
        let known = Arc::clone(&revocations);
        let keys = Arc::new(SigningKeys::open(store.clone(), known, clock.clone(), maker, rules).await.unwrap());
        let tokens = TokenSettings {
            issuer: "https://duet.test".to_owned(),
            audience: "duet".to_owned(),
            access_token_lifetime: Duration::from_secs(3600),
            refresh_grace: Duration::from_secs(30),
            session_idle_lifetime: Duration::from_secs(7200),
            session_lifetime: Duration::from_secs(7200),
        };
        let issuers = Arc::new(Issuers::new(tokens.clone(), Arc::clone(&keys), vec![profile()]));
        let identities = Arc::new(Identities::new(store.clone(), FormerNames::new(secrets.former_identities())));
        let judge = Judge::new(store, revocations, clock.clone(), issuers, identities);
        let mut court = Self { judge, follower, clock, keys, tokens, connected, _database: database };
        court.read().await;
        court
    }

    /// Now the memory vouches for a second.
    async fn read(&mut self) {
        self.follower.read().await.unwrap();
    }

    /// A token of a session that no table has.
    async fn token(&self) -> String {
        let now = self.clock.now();
        let whose = (new_id(now).into(), new_id(now).into());
        let signer = self.keys.signer().await.unwrap();
        self.tokens.issue(&signer, whose, now, now + TimeDelta::days(1)).unwrap().text
    }

    async fn accepts(&self, token: &str) -> bool {
        matches!(self.judge.judge(token, "").await.unwrap(), Verdict::Accepted(_))
    }

    fn counts(&self) -> [u64; 4] {
        let Counts { warm, cold, rejected, asked } = &*self.judge.counts;
        [warm, cold, rejected, asked].map(Counter::get)
    }

    /// A token of another issuer.
    fn foreign(&self, subject: &str) -> String {
        let now = self.clock.now().timestamp();
        let claims =
            json!({ "iss": "https://other.test", "aud": "duet", "sub": subject, "iat": now, "exp": now + 900 });
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let header = Header { typ: None, ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }

    /// What another process writes to the same database, which nobody here is told of.
    fn elsewhere(&self) -> Store {
        Store::new(self.connected.clone(), Arc::new(Revocations::new(self.clock.clone())))
    }

    async fn user(&self, token: &str) -> UserId {
        match self.judge.judge(token, "").await.unwrap() {
            Verdict::Accepted(caller) => caller.user_id,
            Verdict::Rejected(reason) => panic!("{reason:?}"),
        }
    }

    fn revoke(&self) {
        let revocation = Revocation {
            id: Uuid::new_v4(),
            subject: Subject::Session(Uuid::new_v4().into()),
            expire_time: self.clock.now() + TimeDelta::seconds(100),
        };
        self.judge.revocations.committed(&[revocation]);
    }
}

#[tokio::test]
async fn garbage_drives_out_no_good_token() {
    let mut court = Court::new().await;
    let good = court.token().await;
    assert!(court.accepts(&good).await);
    let (message, signature) = good.rsplit_once('.').unwrap();
    for number in 0..2000 {
        // Malformed ones, and well-formed ones that are not signed.
        let garbage = if number % 2 == 0 { format!("{number}") } else { format!("{message}{number:04}.{signature}") };
        assert!(!court.accepts(&garbage).await);
    }
    court.read().await;
    assert!(court.accepts(&good).await);
    assert_eq!(court.counts(), [1, 1, 2000, 0]);
}

#[tokio::test]
async fn with_one_revocation_too_many_sessions_are_looked_up_until_there_is_room() {
    let mut court = Court::new().await;
    let (warm, cold) = (court.token().await, court.token().await);
    assert!(court.accepts(&warm).await);
    court.revoke();
    court.revoke();
    assert!(court.accepts(&warm).await);
    court.revoke();
    for token in [&warm, &cold] {
        assert!(!court.accepts(token).await, "no table has its session");
    }
    assert_eq!(court.counts(), [1, 1, 2, 2]);
    // The rejections, and what was too much, are forgotten.
    court.clock.advance(TimeDelta::seconds(100));
    court.read().await;
    assert!(court.accepts(&warm).await && court.accepts(&cold).await);
    assert_eq!(court.counts()[3], 2);
}

#[tokio::test]
async fn a_reading_vouches_for_a_second() {
    let court = Court::new().await;
    let token = court.token().await;
    assert!(court.accepts(&token).await);
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert!(!court.accepts(&token).await, "no table has its session");
    assert_eq!(court.counts(), [0, 1, 1, 1]);
}

/// Whichever way another issuer's token is revoked elsewhere: with nobody to vouch for it, it is looked up.
#[tokio::test]
async fn what_is_revoked_elsewhere_is_found_without_being_told() {
    let mut court = Court::new().await;
    let [token, user, issuer] = ["token", "user", "issuer"].map(|subject| court.foreign(subject));
    let mut users = Vec::new();
    for token in [&token, &user, &issuer] {
        users.push(court.user(token).await);
    }
    tokio::time::sleep(Duration::from_millis(1050)).await;
    for token in [&token, &user, &issuer] {
        assert!(court.accepts(token).await, "nothing is revoked");
    }
    assert_eq!(court.counts(), [0, 6, 0, 3]);
    let (elsewhere, now, origin) = (court.elsewhere(), court.clock.now(), Origin::command("test"));
    let call = Call::new([127, 0, 0, 1].into(), "", String::new(), Deadline::within(Duration::from_secs(9)));
    let expire_time = now + TimeDelta::seconds(900);
    elsewhere.revoke_token(TokenHash::of(&token), expire_time, Some(users[0]), &call, now).await.unwrap();
    assert!(!court.accepts(&token).await);
    assert!(court.accepts(&user).await);
    assert!(elsewhere.refuse_tokens_of_user(users[1], now, &origin, now).await.unwrap());
    assert!(!court.accepts(&user).await);
    assert!(court.accepts(&issuer).await);
    let subject = Subject::Issuer { issuer: "https://other.test".into(), not_before: now.into() };
    elsewhere.refuse_tokens(subject, now, &origin, now).await.unwrap();
    assert!(!court.accepts(&issuer).await);
    // Once it is told, it knows.
    court.read().await;
    let asked = court.counts()[3];
    for token in [&token, &user, &issuer] {
        assert!(!court.accepts(token).await);
    }
    assert_eq!(court.counts()[3], asked);
    court.clock.advance(TimeDelta::seconds(1));
    court.read().await;
    assert!(court.accepts(&court.foreign("later")).await);
}

#[tokio::test]
async fn another_issuers_token_that_is_known_is_not_looked_up() {
    let court = Court::new().await;
    let token = court.foreign("ada");
    for _ in 0..3 {
        assert!(court.accepts(&token).await);
    }
    assert_eq!(court.counts(), [2, 1, 0, 0]);
    assert!(matches!(court.judge.judge(&token, "other").await.unwrap(), Verdict::Rejected(_)));
}
