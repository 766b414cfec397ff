use authn::{MemoryBounds, Subject};
use chrono::{DateTime, TimeDelta};
use service_runtime::{
    database::Database,
    testing::{Engine, TestDatabase},
};
use uuid::Uuid;

use super::*;
use crate::{
    identifier::new_id,
    identities::FormerNames,
    migration::Migrator,
    revocations::{Follower, Revocation},
    secrets::{MasterKeys, Secrets},
    settings::TokenSettings,
    signing::{KeyMaker, KeyRules, SigningKeys, tests::master},
};

const SMALL: MemoryBounds = MemoryBounds { accepted: 64, rejected: 64, revoked: 2 };

/// A judge who knows of all revocations, of which there are none in the database.
struct Court {
    judge: Judge,
    follower: Follower,
    clock: Clock,
    keys: Arc<SigningKeys>,
    tokens: TokenSettings,
    _database: TestDatabase,
}

impl Court {
    async fn new() -> Self {
        let clock = Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let database = TestDatabase::create(Engine::Sqlite).await;
        let connected = Database::connect(&database.settings).await.unwrap();
        connected.migrate::<Migrator>().await.unwrap();
        let revocations = Arc::new(Revocations::bounded(clock.clone(), SMALL));
        let store = Store::new(connected, Arc::clone(&revocations));
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
        let issuers = Arc::new(Issuers::new(tokens.clone(), Arc::clone(&keys), Vec::new()));
        let identities = Arc::new(Identities::new(store.clone(), FormerNames::new(secrets.former_identities())));
        let judge = Judge::new(store, revocations, clock.clone(), issuers, identities);
        let mut court = Self { judge, follower, clock, keys, tokens, _database: database };
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
