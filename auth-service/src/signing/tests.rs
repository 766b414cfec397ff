use authn::{SessionId, UserId, Verdict};
use chrono::TimeDelta;
use fastrand::Rng;
use proto::auth::v1::RejectionReason;
use secrecy::SecretString;
use service_runtime::{
    database::Database,
    on_both_databases,
    sealed::{MasterKey, SecretSource},
    testing::{TestDatabase, connect},
};

use super::*;
use crate::{
    identifier::new_id,
    identities::{FormerNames, Identities},
    issuers::Issuers,
    judge::Judge,
    keys::{Keys, Revoked, Rotated},
    migration::Migrator,
    revocations::Follower,
    secrets::{MasterKeys, Secrets},
    settings::TokenSettings,
};

const RULES: KeyRules = KeyRules { lifetime: TimeDelta::days(8), publication: TimeDelta::minutes(10) };

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(crate) fn master(seed: u8) -> MasterKey {
    use base64::prelude::BASE64_STANDARD;
    let bytes: [u8; 32] = std::array::from_fn(|index| seed.wrapping_add(index as u8));
    let value = Some(SecretString::from(BASE64_STANDARD.encode(bytes)));
    MasterKey::load(SecretSource { variable: "TEST_KEY", value, file: None, generate_in: None, file_name: "" }).unwrap()
}

fn masters(current: u8, previous: Option<u8>) -> MasterKeys {
    MasterKeys { current: master(current), previous: previous.map(master) }
}

/// A replica that does nothing by itself.
struct Replica {
    keys: Arc<SigningKeys>,
    judge: Judge,
    follower: Follower,
    tokens: TokenSettings,
    clock: Clock,
    store: Store,
}

impl Replica {
    async fn start(database: &TestDatabase, clock: &Clock) -> Self {
        Self::try_start(database, clock, &masters(1, None)).await.unwrap()
    }

    async fn try_start(database: &TestDatabase, clock: &Clock, masters: &MasterKeys) -> anyhow::Result<Self> {
        let connected = Database::connect(&database.settings).await.unwrap();
        connected.migrate::<Migrator>().await.unwrap();
        let revocations = Arc::new(Revocations::new(clock.clone()));
        let store = Store::new(connected, Arc::clone(&revocations));
        let secrets = Secrets::open(&store, masters).await?;
        let maker = KeyMaker::new(&secrets, masters)?;
        let (known, time) = (Arc::clone(&revocations), clock.clone());
        let keys = Arc::new(SigningKeys::open(store.clone(), known, time, maker, RULES).await?);
        let tokens = TokenSettings {
            issuer: "https://duet.test".to_owned(),
            audience: "duet".to_owned(),
            access_token_lifetime: Duration::from_secs(7 * 24 * 3600),
            refresh_grace: Duration::from_secs(30),
            session_idle_lifetime: Duration::from_secs(90 * 24 * 3600),
            session_lifetime: Duration::from_secs(90 * 24 * 3600),
        };
        let issuers = Arc::new(Issuers::new(tokens.clone(), Arc::clone(&keys), Vec::new()));
        let identities = Arc::new(Identities::new(store.clone(), FormerNames::new(secrets.former_identities())));
        let judge = Judge::new(store.clone(), Arc::clone(&revocations), clock.clone(), issuers, identities);
        let follower = Follower::new(store.clone(), revocations);
        Ok(Self { keys, judge, follower, tokens, clock: clock.clone(), store })
    }

    /// A token that is good for so long, and the key that signed it.
    async fn issue(&self, life: TimeDelta) -> (String, String) {
        let now = self.clock.now();
        self.issue_with(&self.keys.signer().await.unwrap(), now, life)
    }

    fn issue_with(&self, signer: &Signer, now: DateTime<Utc>, life: TimeDelta) -> (String, String) {
        let whose: (UserId, SessionId) = (new_id(now).into(), new_id(now).into());
        (self.tokens.issue(signer, whose, now, now + life).unwrap().text, signer.kid.clone())
    }

    async fn judged(&mut self, token: &str) -> Result<(), RejectionReason> {
        self.follower.read().await.unwrap();
        match self.judge.judge(token, "").await.unwrap() {
            Verdict::Accepted(_) => Ok(()),
            Verdict::Rejected(reason) => Err(reason),
        }
    }

    async fn states(&self) -> Vec<&'static str> {
        self.store.signing_keys().await.unwrap().iter().map(|key| key.state.name()).collect()
    }

    fn administration(&self) -> Keys {
        Keys { store: self.store.clone(), clock: self.clock.clone() }
    }

    async fn rotate(&self) -> String {
        match self.administration().rotate(true, &self.keys.maker, RULES, &Origin::command("test")).await.unwrap() {
            Rotated::Active(kid) => kid,
            other => panic!("{other:?}"),
        }
    }

    async fn revoke(&self, kid: &str) -> Revoked {
        self.administration().revoke(kid, &self.keys.maker, &Origin::command("test")).await.unwrap()
    }

    fn published(&self) -> Vec<String> {
        let set = self.keys.jwks().0;
        set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }
}

async fn count(database: &TestDatabase, what: &str) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = connect(&database.settings.url).await;
    let sql = format!("SELECT count(*) FROM {what}");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

async fn execute(database: &TestDatabase, sql: &str) {
    use sea_orm::ConnectionTrait;
    connect(&database.settings.url).await.execute_unprepared(sql).await.unwrap();
}

on_both_databases! {
    async fn each_token_is_accepted_until_it_expires_whatever_replicas_do_when(database: TestDatabase) {
        let seed = fastrand::u64(..);
        tell(seed);
        let (mut rng, clock) = (Rng::with_seed(seed), Clock::manual(start()));
        let mut replicas = [Replica::start(&database, &clock).await, Replica::start(&database, &clock).await];
        let (mut living, mut fetched) = (Vec::new(), Vec::new());
        let lives = [TimeDelta::minutes(10), TimeDelta::hours(24), TimeDelta::days(7)];
        for step in 0..600 {
            let replica = &mut replicas[rng.usize(..2)];
            match rng.u8(..12) {
                0..3 => {
                    // Slowly where a key is about to take over.
                    let longest = if replica.states().await.contains(&"pending") { 60 } else { 48 * 3600 };
                    clock.advance(TimeDelta::milliseconds(rng.i64(0..longest * 1000)));
                }
                3..5 => replica.keys.tend().await.unwrap(),
                5..7 => drop(replica.keys.read().await.unwrap()),
                7..9 => {
                    let life = lives[rng.usize(..3)];
                    let (token, kid) = replica.issue(life).await;
                    for (until, kids) in &fetched {
                        let kids: &Vec<String> = kids;
                        assert!(*until <= clock.now() || kids.contains(&kid), "{step}: a kept key set is without {kid}");
                    }
                    living.push((token, kid, clock.now() + life));
                }
                _ => fetched.push((clock.now() + replica.keys.jwks().1, replica.published())),
            }
            fetched.retain(|(until, _)| *until > clock.now());
            for (token, kid, expire_time) in &living {
                // What expires within the second is cut to whole seconds. Each is looked at in a third of the steps.
                if (*expire_time - clock.now()).abs() <= TimeDelta::seconds(1) || rng.u8(..3) > 0 {
                    continue;
                }
                let lives = clock.now() < *expire_time;
                let replica = &mut replicas[rng.usize(..2)];
                assert_eq!(replica.judged(token).await, if lives { Ok(()) } else { Err(RejectionReason::Expired) }, "{step}");
                // A verdict may have been remembered.
                let state = replica.keys.find(kid).await.unwrap().unwrap().state;
                assert!(!lives || state.is_published(), "{step}: {state:?}");
            }
            living.retain(|(_, _, expire_time)| *expire_time > clock.now());
            let states = replicas[0].states().await;
            let of = |wanted| states.iter().filter(|state| **state == wanted).count();
            assert!(of("active") == 1 && of("pending") <= 1, "{step}: {states:?}");
        }
        let keys = count(&database, "signing_key").await;
        assert!(keys > 3, "{keys} keys say little");
    }

    async fn whoever_keeps_the_key_set_as_long_as_it_may_be_kept_has_every_key_before_it_signs(database: TestDatabase) {
        let clock = Clock::manual(start());
        let (busy, idle) = (Replica::start(&database, &clock).await, Replica::start(&database, &clock).await);
        clock.advance(RULES.lifetime - RULES.publication - TimeDelta::milliseconds(1));
        idle.keys.read().await.unwrap();
        let (kept, max_age) = (idle.published(), idle.keys.jwks().1);
        assert_eq!(max_age, Duration::from_secs(300));
        clock.advance(TimeDelta::milliseconds(1));
        busy.keys.tend().await.unwrap();
        assert_eq!(busy.published().len(), 2);
        clock.advance(TimeDelta::seconds(100));
        assert_eq!(idle.keys.jwks().1, Duration::from_millis(199_999), "it has not read since");
        clock.advance(TimeDelta::milliseconds(199_998));
        busy.keys.tend().await.unwrap();
        assert!(kept.contains(&busy.issue(TimeDelta::days(1)).await.1));
        clock.advance(TimeDelta::hours(1));
        assert_eq!(idle.keys.jwks().1, Duration::ZERO);
        busy.keys.tend().await.unwrap();
        assert!(!kept.contains(&busy.issue(TimeDelta::days(1)).await.1));
    }

    async fn of_replicas_that_rotate_at_once_one_does(database: TestDatabase) {
        let clock = Clock::manual(start());
        let replicas = [Replica::start(&database, &clock).await, Replica::start(&database, &clock).await];
        let tend_both = async || {
            let tending = replicas.each_ref().map(|replica| {
                let keys = Arc::clone(&replica.keys);
                tokio::spawn(async move { keys.tend().await })
            });
            for tended in tending {
                tended.await.unwrap().unwrap();
            }
        };
        for round in 1..=50 {
            clock.advance(RULES.lifetime - RULES.publication);
            tend_both().await;
            assert_eq!(count(&database, "signing_key").await, round + 1);
            clock.advance(RULES.publication);
            tend_both().await;
            assert_eq!(count(&database, "signing_key").await, round + 1);
            let states = replicas[0].states().await;
            assert_eq!(states[round as usize - 1..], ["retiring", "active"], "round {round}");
        }
        assert_eq!(count(&database, "auth_event WHERE type = 'KEY_ROTATED' AND source = 'SERVICE'").await, 50);
        assert_eq!(count(&database, "signing_key WHERE state = 'retired' AND length(sealed_private_key) > 0").await, 0);
    }

    async fn the_database_has_no_two_keys_that_are_active_or_pending(database: TestDatabase) {
        let clock = Clock::manual(start());
        let replica = Replica::start(&database, &clock).await;
        clock.advance(RULES.lifetime);
        replica.keys.tend().await.unwrap();
        assert_eq!(replica.states().await, ["active", "pending"]);
        let connection = connect(&database.settings.url).await;
        for state in ["active", "pending"] {
            use sea_orm::ConnectionTrait;
            let other = format!(
                "INSERT INTO signing_key (kid, generation, state, public_key, sealed_private_key, create_time) \
                 SELECT 'other', 99, '{state}', public_key, sealed_private_key, create_time FROM signing_key \
                 WHERE generation = 1"
            );
            assert!(connection.execute_unprepared(&other).await.is_err(), "{state}");
        }
    }

    async fn a_replica_signs_with_what_it_read_some_seconds_ago_and_no_longer(database: TestDatabase) {
        let clock = Clock::manual(start());
        let (busy, idle) = (Replica::start(&database, &clock).await, Replica::start(&database, &clock).await);
        let (_, old) = idle.issue(TimeDelta::days(1)).await;
        let new = busy.rotate().await;
        clock.advance(TimeDelta::milliseconds(4999));
        assert_eq!(idle.issue(TimeDelta::days(1)).await.1, old, "it has not heard, and it does no harm");
        clock.advance(TimeDelta::milliseconds(1));
        assert_eq!(idle.issue(TimeDelta::days(1)).await.1, new);
        idle.keys.take_in(&[], Duration::ZERO);
        assert!(idle.published().contains(&new), "a reading that was overtaken says nothing");

        execute(&database, "ALTER TABLE signing_key RENAME TO signing_key_away").await;
        clock.advance(TimeDelta::milliseconds(4999));
        idle.issue(TimeDelta::days(1)).await;
        clock.advance(TimeDelta::milliseconds(1));
        assert!(idle.keys.signer().await.is_err(), "nobody can tell whether it is active still");
    }

    async fn a_new_key_is_known_where_nobody_has_told_of_it(database: TestDatabase) {
        let clock = Clock::manual(start());
        let (busy, mut idle) = (Replica::start(&database, &clock).await, Replica::start(&database, &clock).await);
        let kid = busy.rotate().await;
        busy.keys.tend().await.unwrap();
        let (token, signed_by) = busy.issue(TimeDelta::days(1)).await;
        assert_eq!(signed_by, kid);
        assert_eq!(idle.judged(&token).await, Ok(()));
        assert!(idle.published().contains(&kid), "and from now on it is in the set");
    }

    async fn a_retired_key_vouches_for_what_has_expired_and_for_nothing_else(database: TestDatabase) {
        let clock = Clock::manual(start());
        let (mut first, mut second) = (Replica::start(&database, &clock).await, Replica::start(&database, &clock).await);
        let stolen = first.keys.signer().await.unwrap();
        let (honest, old) = first.issue(TimeDelta::days(7)).await;
        first.rotate().await;
        clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
        for replica in [&mut first, &mut second] {
            replica.keys.tend().await.unwrap();
            assert_eq!(replica.judged(&honest).await, Ok(()));
            assert!(replica.published().contains(&old));
        }
        clock.advance(TimeDelta::seconds(61));
        let (forged, _) = first.issue_with(&stolen, clock.now(), TimeDelta::days(7));
        for replica in [&mut first, &mut second] {
            replica.keys.tend().await.unwrap();
            assert_eq!(replica.states().await, ["retired", "active"]);
            assert!(!replica.published().contains(&old));
            assert_eq!(replica.judged(&honest).await, Err(RejectionReason::Expired));
            assert_eq!(replica.judged(&forged).await, Err(RejectionReason::UnknownKey));
        }
    }

    async fn a_revoked_key_is_refused_wherever_the_feed_is_read(database: TestDatabase) {
        let clock = Clock::manual(start());
        let (mut first, mut second) = (Replica::start(&database, &clock).await, Replica::start(&database, &clock).await);
        let stolen = first.keys.signer().await.unwrap();
        let (warm, kid) = first.issue(TimeDelta::days(7)).await;
        let (cold, _) = first.issue(TimeDelta::days(7)).await;
        for replica in [&mut first, &mut second] {
            assert_eq!(replica.judged(&warm).await, Ok(()));
        }
        let Revoked::Replaced(new) = first.revoke(&kid).await else { panic!("it was the active one") };
        let verdict = first.judge.judge(&warm, "").await.unwrap();
        assert_eq!(verdict, Verdict::Rejected(RejectionReason::Revoked), "where it was done it is heeded at once");
        let (forged, _) = first.issue_with(&stolen, clock.now(), TimeDelta::days(7));
        for replica in [&mut first, &mut second] {
            for token in [&warm, &cold, &forged] {
                assert_eq!(replica.judged(token).await, Err(RejectionReason::Revoked));
            }
            assert!(!replica.published().contains(&kid), "out of the set before the keys are read again");
            assert_eq!(replica.issue(TimeDelta::days(1)).await.1, new);
        }
        // Long after the revocation has been forgotten the key is refused because it is what it is.
        clock.advance(TimeDelta::days(100));
        let (forged, _) = first.issue_with(&stolen, clock.now(), TimeDelta::days(7));
        let mut third = Replica::start(&database, &clock).await;
        for replica in [&mut first, &mut second, &mut third] {
            replica.keys.tend().await.unwrap();
            assert_eq!(replica.judged(&forged).await, Err(RejectionReason::Revoked));
        }
        assert_eq!(first.revoke(&kid).await, Revoked::MadeBefore);
        assert_eq!(first.revoke("no key").await, Revoked::NoSuchKey);
        assert_eq!(count(&database, "auth_event WHERE type = 'KEY_REVOKED' AND source = 'COMMAND'").await, 1);
        assert_eq!(count(&database, "signing_key WHERE state = 'revoked' AND length(sealed_private_key) > 0").await, 0);
    }

    async fn another_master_key_takes_over_without_anything_becoming_void(database: TestDatabase) {
        let clock = Clock::manual(start());
        let start = async |current, previous| Replica::try_start(&database, &clock, &masters(current, previous)).await;
        let mut old = start(1, None).await.unwrap();
        let (token, _) = old.issue(TimeDelta::days(1)).await;
        assert!(start(2, None).await.is_err_and(|error| error.to_string().contains("AUTH_MASTER_KEY_PREVIOUS")));
        let mut both = start(2, Some(1)).await.unwrap();
        // Until all is resealed at once, everything new is for those that have the old key only, too.
        let kid = both.rotate().await;
        old.keys.tend().await.unwrap();
        assert_eq!(old.issue(TimeDelta::days(1)).await.1, kid);
        let counts = both.administration().reseal(&masters(2, Some(1))).await.unwrap();
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [1, 5], "the key that signs, and each secret");
        let again = both.administration().reseal(&masters(2, None)).await.unwrap();
        assert_eq!(again.into_values().sum::<usize>(), 0);
        assert!(both.administration().reseal(&masters(3, Some(1))).await.is_err());

        assert!(start(1, None).await.is_err(), "the old key opens nothing");
        assert!(start(1, Some(3)).await.is_err());
        let mut new = start(2, None).await.unwrap();
        for replica in [&mut old, &mut both, &mut new] {
            replica.keys.tend().await.unwrap();
            assert_eq!(replica.judged(&token).await, Ok(()));
            assert_eq!(replica.issue(TimeDelta::days(1)).await.1, kid);
        }
        let kid = new.rotate().await;
        assert!(both.keys.find(&kid).await.unwrap().is_some(), "names are made as before");
    }

    async fn an_older_installation_keeps_the_secrets_that_it_derived(database: TestDatabase) {
        let clock = Clock::manual(start());
        let replica = Replica::start(&database, &clock).await;
        execute(&database, "DELETE FROM secret").await;
        let derived = |purpose| master(1).hashing_key(purpose).unwrap().hash(b"data");
        for masters in [masters(1, None), masters(2, Some(1))] {
            let secrets = Secrets::open(&replica.store, &masters).await.unwrap();
            assert_eq!(secrets.refresh_tokens().hash(b"data"), derived("auth-service refresh tokens"));
            assert_eq!(secrets.key_ids().hash(b"data"), derived("auth-service signing key ids"));
            execute(&database, "DELETE FROM secret").await;
        }
        execute(&database, "DELETE FROM signing_key").await;
        let secrets = Secrets::open(&replica.store, &masters(1, None)).await.unwrap();
        assert_ne!(secrets.refresh_tokens().hash(b"data"), derived("auth-service refresh tokens"), "a new one is random");
    }
}

#[expect(clippy::print_stderr, reason = "a failure can be repeated")]
fn tell(seed: u64) {
    eprintln!("seed {seed}");
}
