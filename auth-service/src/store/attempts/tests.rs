use std::collections::BTreeMap;

use sea_orm::PaginatorTrait;
use service_runtime::{database::Database, on_both_databases, testing::TestDatabase};

use super::*;
use crate::{migration::Migrator, store::Old};

const LENGTH: TimeDelta = TimeDelta::seconds(60);
const HOUR: TimeDelta = TimeDelta::hours(1);
const HALF_MINUTE: TimeDelta = TimeDelta::seconds(30);
const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);
const ACCOUNT_RULE: Rule = Rule { limit: 10, length: HOUR, interval: HALF_MINUTE };
/// Short, so that addresses are forgotten within a test.
const ADDRESS_LIFETIME: TimeDelta = TimeDelta::minutes(90);

fn limited_to(limit: u32, client: &str) -> Window<'_> {
    Window { kind: Kind::Password, key: client, rule: Rule::at_most(limit, LENGTH) }
}

fn window(client: &str) -> Window<'_> {
    limited_to(5, client)
}

fn address(client: &str) -> Address {
    Address { account: "ada".to_owned(), client: format!("ada from {client}") }
}

async fn store(database: &TestDatabase) -> Store {
    let connected = Database::connect(&database.settings).await.unwrap();
    connected.migrate::<Migrator>().await.unwrap();
    Store::new(connected, std::sync::Arc::new(crate::revocations::Revocations::new(Clock::system())))
}

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

/// How long the client has to wait, or nothing if it is let in.
async fn wait_of(store: &Store, clock: &Clock, window: Window<'_>) -> Option<TimeDelta> {
    let judged = store.admit(window, &Origin::command("test"), clock).await.unwrap();
    judged.err().map(|refused| refused.wait)
}

async fn admitted(store: &Store, clock: &Clock, client: &str) -> bool {
    wait_of(store, clock, window(client)).await.is_none()
}

/// An attempt on the account, from one of many clients that have no other limit.
async fn attempt(store: &Store, clock: &Clock, client: &str) -> Result<Admitted, TimeDelta> {
    let address = address(client);
    let account =
        Account { name: "ada@example.org", address: &address, rule: ACCOUNT_RULE, address_lifetime: ADDRESS_LIFETIME };
    let unlimited = limited_to(u32::MAX, client);
    let judged = store.admit_password(unlimited, account, &Origin::command("test"), clock).await.unwrap();
    judged.map(|counted| Admitted { address, counted }).map_err(|refused| refused.wait)
}

async fn forgive(store: &Store, clock: &Clock, admitted: &Admitted) {
    let transaction = store.database.begin().await.unwrap();
    super::forgive(&transaction, admitted, clock.now()).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn rows(store: &Store) -> u64 {
    attempt::Entity::find().count(store.database.reader()).await.unwrap()
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Mostly short steps, some of none at all, some right onto or before the time that was told, some long.
    fn step(&mut self, told: Option<TimeDelta>, length: TimeDelta) -> TimeDelta {
        let length = length.num_microseconds().unwrap().unsigned_abs();
        match (self.below(8), told) {
            (0, _) => TimeDelta::zero(),
            (1 | 2, Some(wait)) => wait,
            (3, Some(wait)) => wait - MICROSECOND,
            (4, _) => TimeDelta::microseconds(self.below(length).cast_signed()),
            _ => TimeDelta::microseconds(self.below(length / 12).cast_signed()),
        }
    }
}

/// What the rule says, by looking at every attempt there has been.
fn expected_wait(attempts: &[DateTime<Utc>], rule: Rule, now: DateTime<Utc>) -> Option<TimeDelta> {
    let within: Vec<_> = attempts.iter().filter(|time| **time + rule.length > now).collect();
    let over = within.len().checked_sub(rule.limit as usize)?;
    let one_leaves = *within[over] + rule.length;
    let interval_ends = **within.last().unwrap() + rule.interval;
    Some(one_leaves.min(interval_ends) - now).filter(|wait| *wait > TimeDelta::zero())
}

on_both_databases! {
    async fn clients_are_judged_as_by_looking_at_every_attempt(database: TestDatabase) {
        let (replicas, clock) = ([store(&database).await, store(&database).await], manual_clock());
        let mut random = Random(0x6475_6574);
        let mut times = Vec::new();
        let mut told = None;
        for step in 0..400 {
            clock.advance(random.step(told, LENGTH));
            told = wait_of(&replicas[usize::from(random.below(2) == 1)], &clock, window("192.0.2.1")).await;
            assert_eq!(told, expected_wait(&times, window("").rule, clock.now()), "step {step}");
            if told.is_none() {
                times.push(clock.now());
            }
        }
        assert!((50..350).contains(&times.len()), "{}", times.len());
        for six in times.windows(6) {
            assert!(six[5] - six[0] >= LENGTH, "{six:?}");
        }
        assert!(rows(&replicas[0]).await <= 6, "what does not count any more is not kept");
    }

    async fn accounts_are_judged_as_by_looking_at_every_failure(database: TestDatabase) {
        let (replicas, clock) = ([store(&database).await, store(&database).await], manual_clock());
        let mut random = Random(0x6475_6575);
        let mut failures: BTreeMap<Option<&str>, Vec<DateTime<Utc>>> = BTreeMap::new();
        let mut successes: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
        let mut undecided = Vec::new();
        let (mut told, mut refused, mut forgiven, mut from_known) = (None, 0, 0, 0);
        for step in 0..600 {
            let length = if random.below(40) == 0 { HOUR } else { TimeDelta::minutes(8) };
            clock.advance(random.step(told, length));
            let store = &replicas[usize::from(random.below(2) == 1)];
            let client = ["one", "two", "three", "four"][usize::try_from(random.below(4)).unwrap()];
            let known = successes.get(client).is_some_and(|time| *time + ADDRESS_LIFETIME > clock.now());
            let bucket = known.then_some(client);
            let judged = attempt(store, &clock, client).await;
            let counted = failures.entry(bucket).or_default();
            told = judged.as_ref().err().copied();
            assert_eq!(told, expected_wait(counted, ACCOUNT_RULE, clock.now()), "step {step}, {bucket:?}");
            from_known += i32::from(known);
            match judged {
                Ok(admitted) => {
                    counted.push(clock.now());
                    undecided.push((admitted, bucket, clock.now(), client));
                }
                Err(_) => refused += 1,
            }
            if random.below(9) == 0 && !undecided.is_empty() {
                let at = usize::try_from(random.below(undecided.len() as u64)).unwrap();
                let (admitted, bucket, time, client) = undecided.swap_remove(at);
                forgive(store, &clock, &admitted).await;
                let counted = failures.get_mut(&bucket).unwrap();
                counted.remove(counted.iter().position(|counted| *counted == time).unwrap());
                successes.insert(client, clock.now());
                forgiven += 1;
            }
        }
        assert!(refused > 50 && forgiven > 30 && from_known > 50, "{refused}, {forgiven}, {from_known}");
        // At most what is free and one in each interval, in each of five windows; and those of the clients.
        let of_accounts = attempt::Entity::find().filter(attempt::Column::Kind.ne("password"));
        let kept = of_accounts.count(replicas[0].database.reader()).await.unwrap();
        assert!(kept <= 5 * (10 + 120), "{kept}");
    }

    async fn an_attempt_is_let_in_at_the_time_that_was_told_and_not_a_microsecond_before(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..5 {
            assert!(admitted(&store, &clock, "192.0.2.1").await);
            clock.advance(TimeDelta::microseconds(10_000_001));
        }
        let wait = wait_of(&store, &clock, window("192.0.2.1")).await.unwrap();
        assert_eq!(wait, TimeDelta::microseconds(60_000_000 - 50_000_005));
        clock.advance(wait - MICROSECOND);
        assert!(!admitted(&store, &clock, "192.0.2.1").await, "too early");
        clock.advance(MICROSECOND);
        assert!(admitted(&store, &clock, "192.0.2.1").await, "the refused ones must not count");
        assert!(!admitted(&store, &clock, "192.0.2.1").await, "one place came free, not more");

        for _ in 0..10 {
            attempt(&store, &clock, "one").await.unwrap();
        }
        assert_eq!(attempt(&store, &clock, "two").await.unwrap_err(), HALF_MINUTE);
        clock.advance(HALF_MINUTE - MICROSECOND);
        assert_eq!(attempt(&store, &clock, "two").await.unwrap_err(), MICROSECOND);
        clock.advance(MICROSECOND);
        attempt(&store, &clock, "two").await.unwrap();
        assert_eq!(attempt(&store, &clock, "three").await.unwrap_err(), HALF_MINUTE, "one in the interval, not more");
    }

    async fn of_many_at_once_exactly_the_limit_is_let_in(database: TestDatabase) {
        let replicas = [store(&database).await, store(&database).await];
        let attempts: Vec<_> = (0..64)
            .map(|number| {
                let store = replicas[number % 2].clone();
                tokio::spawn(async move {
                    let client = admitted(&store, &Clock::system(), "192.0.2.1").await;
                    let account = attempt(&store, &Clock::system(), &format!("client {}", number % 8)).await.is_ok();
                    (client, account)
                })
            })
            .collect();
        let (mut clients, mut accounts) = (0, 0);
        for attempt in attempts {
            let (client, account) = attempt.await.unwrap();
            clients += usize::from(client);
            accounts += usize::from(account);
        }
        assert_eq!((clients, accounts), (5, 10));
    }

    async fn only_the_attempt_itself_is_taken_back(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        let old = attempt(&store, &clock, "one").await.unwrap();
        clock.advance(HOUR + MICROSECOND);
        store.forget(Old::AccountAttempts, clock.now() - HOUR, 10).await.unwrap();
        for _ in 0..9 {
            attempt(&store, &clock, "one").await.unwrap();
        }
        let tenth = attempt(&store, &clock, "one").await.unwrap();
        forgive(&store, &clock, &old).await;
        assert!(attempt(&store, &clock, "two").await.is_err(), "one that was forgotten takes none of its name along");
        forgive(&store, &clock, &tenth).await;
        attempt(&store, &clock, "two").await.unwrap();
        forgive(&store, &clock, &tenth).await;
        assert!(attempt(&store, &clock, "two").await.is_err(), "it cannot be taken back twice");
    }

    async fn a_refusal_by_the_account_still_counts_for_the_client(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..10 {
            attempt(&store, &clock, "others").await.unwrap();
        }
        for _ in 0..5 {
            assert_eq!(attempt(&store, &clock, "192.0.2.1").await.unwrap_err(), HALF_MINUTE);
        }
        assert_eq!(wait_of(&store, &clock, window("192.0.2.1")).await, Some(LENGTH));
    }

    async fn clients_and_kinds_are_counted_apart(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..5 {
            assert!(admitted(&store, &clock, "192.0.2.1").await);
        }
        assert!(!admitted(&store, &clock, "192.0.2.1").await);
        assert!(admitted(&store, &clock, "192.0.2.2").await);
        assert_eq!(wait_of(&store, &clock, Window { kind: Kind::SignUp, ..window("192.0.2.1") }).await, None);
    }

    async fn another_limit_counts_the_same_attempts(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..4 {
            assert!(admitted(&store, &clock, "192.0.2.1").await);
        }
        assert!(wait_of(&store, &clock, limited_to(3, "192.0.2.1")).await.is_some());
        assert!(wait_of(&store, &clock, limited_to(6, "192.0.2.1")).await.is_none());
        assert!(wait_of(&store, &clock, limited_to(6, "192.0.2.1")).await.is_none());
        assert!(wait_of(&store, &clock, limited_to(6, "192.0.2.1")).await.is_some());
    }

    async fn old_keys_are_forgotten_and_new_ones_are_not(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        assert!(admitted(&store, &clock, "192.0.2.1").await);
        let success = attempt(&store, &clock, "one").await.unwrap();
        forgive(&store, &clock, &success).await;
        clock.advance(LENGTH + MICROSECOND);
        for _ in 0..5 {
            assert!(admitted(&store, &clock, "192.0.2.2").await);
        }
        for _ in 0..10 {
            attempt(&store, &clock, "one").await.unwrap();
        }
        // The clients 192.0.2.1 and 192.0.2.2 and `one`, the account, and the account's known address.
        let keys = async || attempt_window::Entity::find().count(store.database.reader()).await.unwrap();
        assert_eq!(keys().await, 5);
        assert_eq!(store.forget(Old::ClientAttempts, clock.now() - LENGTH, 10).await.unwrap(), 1);
        assert_eq!(rows(&store).await, 5 + 11 + 10, "the attempts go with their client");
        assert_eq!(store.forget(Old::AccountAttempts, clock.now() - HOUR, 10).await.unwrap(), 0);
        assert!(!admitted(&store, &clock, "192.0.2.2").await);
        assert!(attempt(&store, &clock, "one").await.is_err());
        assert_eq!(store.attempts_beyond(4).await.unwrap(), None);
        let beyond = store.attempts_beyond(3).await.unwrap().unwrap();
        assert_eq!(beyond, clock.now() - LENGTH, "the account was last tried a microsecond before");
        assert_eq!(store.forget(Old::Attempts, beyond, 10).await.unwrap(), 1);
        assert_eq!(store.known_addresses_beyond(1).await.unwrap(), None);
        assert!(store.known_addresses_beyond(0).await.unwrap().is_some());
        assert_eq!(store.forget(Old::KnownAddresses, clock.now() - ADDRESS_LIFETIME, 10).await.unwrap(), 0);
        clock.advance(ADDRESS_LIFETIME);
        assert_eq!(store.forget(Old::KnownAddresses, clock.now() - ADDRESS_LIFETIME, 10).await.unwrap(), 1);
    }

    async fn the_newest_addresses_of_an_account_are_known(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        let most = known_addresses::MOST_OF_AN_ACCOUNT;
        for number in 0..=most {
            let success = attempt(&store, &clock, &number.to_string()).await.unwrap();
            forgive(&store, &clock, &success).await;
            clock.advance(TimeDelta::seconds(1));
        }
        for _ in 0..10 {
            attempt(&store, &clock, "stranger").await.unwrap();
        }
        assert!(attempt(&store, &clock, "0").await.is_err(), "it is the oldest of one too many");
        for number in 1..=most {
            attempt(&store, &clock, &number.to_string()).await.unwrap();
        }
    }
}
