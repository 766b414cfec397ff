use std::time::Duration;

use authn::MemoryBounds;
use chrono::{DateTime, TimeDelta, Utc};
use service_runtime::clock::Clock;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{super::MOST_WATCHERS, *};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn revocation(number: u128) -> Revocation {
    let id = Uuid::from_u128(number);
    let subject = authn::Subject::Session(id.into());
    Revocation { id, subject, expire_time: start() + TimeDelta::seconds(100) }
}

fn revocations(clock: &Clock, most: usize) -> Arc<Revocations> {
    let bounds = MemoryBounds { accepted: 64, rejected: 64, revoked: most };
    let revocations = Arc::new(Revocations::bounded(clock.clone(), bounds));
    revocations.has_read(Instant::now());
    revocations
}

fn some(most: usize) -> Arc<Revocations> {
    revocations(&Clock::manual(start()), most)
}

async fn is_silent(watcher: &mut Watcher) -> bool {
    timeout(Duration::from_millis(1), watcher.next()).await.is_err()
}

#[tokio::test]
async fn a_snapshot_comes_in_parts_and_then_what_is_new() {
    let revocations = some(10_000);
    let old: Vec<_> = (0..2500).map(revocation).collect();
    revocations.take_in(&old);
    revocations.take_in(&old[..10]);
    let mut watcher = revocations.watch("").unwrap();
    for part in old.chunks(PART) {
        assert_eq!(watcher.next().await, Told::Snapshot(part.to_vec()));
    }
    assert!(is_silent(&mut watcher).await);
    revocations.take_in(&[revocation(5000), revocation(7), revocation(5001)]);
    assert_eq!(watcher.next().await, Told::News(vec![revocation(5000), revocation(5001)]));
    let cursor = watcher.cursor();
    revocations.take_in(&[revocation(5002)]);
    let mut other = revocations.watch(&cursor).unwrap();
    assert_eq!(other.next().await, Told::News(vec![revocation(5002)]));
    assert!(is_silent(&mut other).await, "each once");
}

#[tokio::test]
async fn without_any_the_snapshot_is_empty_and_its_cursor_leads_on() {
    let revocations = some(10);
    let mut watcher = revocations.watch("").unwrap();
    assert_eq!(watcher.next().await, Told::Snapshot(vec![]));
    let mut other = revocations.watch(&watcher.cursor()).unwrap();
    assert!(is_silent(&mut other).await);
    let elsewhere = some(10);
    for refused in [watcher.cursor(), "garbage".to_owned()] {
        assert!(matches!(elsewhere.watch(&refused), Err(Error::CursorExpired)), "{refused}");
    }
}

#[tokio::test]
async fn a_probe_is_answered_by_a_reading_that_began_after_it_came() {
    let revocations = some(10);
    let mut watcher = revocations.watch("").unwrap();
    watcher.next().await;
    let under_way = Instant::now();
    sleep(Duration::from_millis(1)).await;
    watcher.probe(1).unwrap();
    revocations.has_read(under_way);
    assert!(is_silent(&mut watcher).await, "that reading may have missed what was revoked before the probe");
    let begun = Instant::now();
    revocations.take_in(&[revocation(1)]);
    revocations.has_read(begun);
    assert_eq!(watcher.next().await, Told::News(vec![revocation(1)]), "what the reading found comes first");
    assert_eq!(watcher.next().await, Told::Echo(1));
    revocations.has_read(Instant::now());
    assert!(is_silent(&mut watcher).await, "once");
}

#[tokio::test]
async fn a_flood_of_news_keeps_no_echo_back() {
    let revocations = some(10_000);
    let mut watcher = revocations.watch("").unwrap();
    watcher.next().await;
    watcher.probe(1).unwrap();
    let begun = Instant::now();
    revocations.take_in(&[revocation(0)]);
    revocations.has_read(begun);
    let mut told = Vec::new();
    for number in 1..10 {
        revocations.take_in(&[revocation(number)]);
        told.push(watcher.next().await);
    }
    let echo = told.iter().position(|told| *told == Told::Echo(1)).unwrap();
    assert_eq!(told[0], Told::News(vec![revocation(0), revocation(1)]), "what the reading found comes first");
    assert_eq!(echo, 1, "{told:?}");
}

#[tokio::test]
async fn of_many_probes_the_newest_is_answered_and_none_waits_for_ever() {
    let revocations = some(10);
    let mut watcher = revocations.watch("").unwrap();
    watcher.next().await;
    for id in 1..=3 {
        watcher.probe(id).unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    revocations.has_read(Instant::now());
    assert_eq!(watcher.next().await, Told::Echo(3));
    // Probes come faster than readings end.
    watcher.probe(4).unwrap();
    for id in [10, 20, 30] {
        let begun = Instant::now();
        sleep(Duration::from_millis(1)).await;
        watcher.probe(id).unwrap();
        revocations.has_read(begun);
        assert!(matches!(watcher.next().await, Told::Echo(answered) if answered < id));
    }
    assert!(matches!(watcher.probe(30), Err(Error::Malformed(_))));
}

#[tokio::test]
async fn nothing_is_vouched_for_without_room_or_without_readings() {
    let clock = Clock::manual(start());
    let revocations = revocations(&clock, 2);
    let mut watcher = revocations.watch("").unwrap();
    watcher.next().await;
    revocations.take_in(&[revocation(1), revocation(2), revocation(3)]);
    assert_eq!(watcher.next().await, Told::News(vec![revocation(1), revocation(2)]));
    watcher.probe(1).unwrap();
    revocations.has_read(Instant::now());
    assert!(is_silent(&mut watcher).await, "one is missing");
    clock.advance(TimeDelta::seconds(100));
    revocations.has_read(Instant::now());
    assert_eq!(watcher.next().await, Told::Echo(1), "its tokens have expired");

    assert!(revocations.is_fresh());
    sleep(Duration::from_secs(1)).await;
    assert!(!revocations.is_fresh());
    assert!(matches!(revocations.watch(""), Err(Error::DatabaseSilent)));
}

#[tokio::test]
async fn places_are_bounded_and_come_free() {
    let revocations = some(10);
    let mut watchers: Vec<_> = (0..MOST_WATCHERS).map(|_| revocations.watch("").unwrap()).collect();
    assert!(matches!(revocations.watch(""), Err(Error::TooManyWatchers)));
    watchers.pop();
    assert!(revocations.watch("").is_ok());
}
