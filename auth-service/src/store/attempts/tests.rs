use sea_orm::PaginatorTrait;
use service_runtime::{database::Database, on_both_databases, testing::TestDatabase};

use super::*;
use crate::migration::Migrator;

const LENGTH: TimeDelta = TimeDelta::seconds(60);

fn window(client: &str) -> Window<'_> {
    Window { kind: "password", client, limit: 5, length: LENGTH }
}

async fn store(database: &TestDatabase) -> Store {
    let connected = Database::connect(&database.settings).await.unwrap();
    connected.migrate::<Migrator>().await.unwrap();
    Store::new(connected)
}

fn manual_clock() -> Clock {
    Clock::manual(DateTime::from_timestamp(1_800_000_000, 0).unwrap())
}

async fn admitted(store: &Store, clock: &Clock, client: &str) -> bool {
    store.admit(window(client), clock).await.unwrap() == Admission::Admitted
}

on_both_databases! {
    async fn no_window_of_sixty_seconds_holds_more_than_the_limit(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        let mut times = Vec::new();
        for step in 0..400_i64 {
            clock.advance(TimeDelta::milliseconds(step * 7919 % 9000));
            if admitted(&store, &clock, "192.0.2.1").await {
                times.push(clock.now());
            }
        }
        assert!(times.len() > 50, "{}", times.len());
        for six in times.windows(6) {
            assert!(six[5] - six[0] >= LENGTH, "{six:?}");
        }
    }

    async fn says_to_the_microsecond_when_the_next_one_is_let_in(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..5 {
            assert!(admitted(&store, &clock, "192.0.2.1").await);
            clock.advance(TimeDelta::microseconds(10_000_001));
        }
        let Admission::Refused(wait) = store.admit(window("192.0.2.1"), &clock).await.unwrap() else {
            panic!("the sixth was let in");
        };
        assert_eq!(wait, TimeDelta::microseconds(60_000_000 - 50_000_005));
        clock.advance(wait - TimeDelta::microseconds(1));
        assert!(!admitted(&store, &clock, "192.0.2.1").await, "too early");
        clock.advance(TimeDelta::microseconds(1));
        assert!(admitted(&store, &clock, "192.0.2.1").await, "the refused ones must not count");
        assert!(!admitted(&store, &clock, "192.0.2.1").await, "one place came free, not more");
    }

    async fn of_many_at_once_exactly_the_limit_is_let_in(database: TestDatabase) {
        let replicas = [store(&database).await, store(&database).await];
        let attempts: Vec<_> = (0..64)
            .map(|number| {
                let store = replicas[number % 2].clone();
                tokio::spawn(async move { admitted(&store, &Clock::system(), "192.0.2.1").await })
            })
            .collect();
        let mut let_in = 0;
        for attempt in attempts {
            let_in += usize::from(attempt.await.unwrap());
        }
        assert_eq!(let_in, 5);
    }

    async fn clients_and_kinds_are_counted_apart(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..5 {
            assert!(admitted(&store, &clock, "192.0.2.1").await);
        }
        assert!(!admitted(&store, &clock, "192.0.2.1").await);
        assert!(admitted(&store, &clock, "192.0.2.2").await);
        let other = Window { kind: "sign-up", ..window("192.0.2.1") };
        assert_eq!(store.admit(other, &clock).await.unwrap(), Admission::Admitted);
    }

    async fn another_limit_counts_the_same_attempts(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        for _ in 0..4 {
            assert!(admitted(&store, &clock, "192.0.2.1").await);
        }
        let lower = Window { limit: 3, ..window("192.0.2.1") };
        assert_ne!(store.admit(lower, &clock).await.unwrap(), Admission::Admitted);
        let higher = Window { limit: 6, ..window("192.0.2.1") };
        assert_eq!(store.admit(higher, &clock).await.unwrap(), Admission::Admitted);
        assert_eq!(store.admit(higher, &clock).await.unwrap(), Admission::Admitted);
        assert_ne!(store.admit(higher, &clock).await.unwrap(), Admission::Admitted);
    }

    async fn old_clients_are_forgotten_and_new_ones_are_not(database: TestDatabase) {
        let (store, clock) = (store(&database).await, manual_clock());
        assert!(admitted(&store, &clock, "192.0.2.1").await);
        clock.advance(TimeDelta::seconds(61));
        for _ in 0..9 {
            admitted(&store, &clock, "192.0.2.2").await;
        }
        let rows = async || attempt::Entity::find().count(store.database.reader()).await.unwrap();
        assert_eq!(rows().await, 6);
        assert_eq!(store.purge_attempts(LENGTH, &clock).await.unwrap(), 1);
        assert_eq!(rows().await, 5, "the attempts go with their client");
        assert!(!admitted(&store, &clock, "192.0.2.2").await);
        assert!(admitted(&store, &clock, "192.0.2.1").await);
    }
}
