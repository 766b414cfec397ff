use chrono::DateTime;
use fastrand::Rng;

use super::*;

const RULES: KeyRules = KeyRules { lifetime: TimeDelta::days(90), publication: TimeDelta::minutes(10) };

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn make(ring: &Keyring) -> Result<NewKey, ()> {
    Ok(NewKey { kid: format!("key {}", ring.keys.len()), public_key: vec![1], sealed_private_key: vec![2] })
}

fn tended(ring: &mut Keyring, now: DateTime<Utc>) {
    ring.tend(now, RULES, make).unwrap();
}

fn states(ring: &Keyring) -> Vec<&'static str> {
    ring.keys.iter().map(|key| key.state.name()).collect()
}

#[test]
fn a_key_goes_through_its_states_in_time() {
    let (mut ring, mut now) = (Keyring::default(), start());
    let mut after = |ring: &mut Keyring, time: TimeDelta| {
        now += time;
        tended(ring, now);
        states(ring)
    };
    assert_eq!(after(&mut ring, TimeDelta::zero()), ["active"]);
    let before_long = RULES.lifetime - RULES.publication;
    assert_eq!(after(&mut ring, before_long - TimeDelta::seconds(1)), ["active"]);
    assert_eq!(after(&mut ring, TimeDelta::seconds(1)), ["active", "pending"]);
    assert_eq!(after(&mut ring, RULES.publication - TimeDelta::seconds(1)), ["active", "pending"]);
    assert_eq!(after(&mut ring, TimeDelta::seconds(1)), ["retiring", "active"]);
    assert!(ring.keys[0].sealed_private_key.is_empty() && !ring.keys[1].sealed_private_key.is_empty());
    assert_eq!(after(&mut ring, TimeDelta::days(7) + TimeDelta::seconds(59)), ["retiring", "active"]);
    assert_eq!(after(&mut ring, TimeDelta::seconds(1)), ["retired", "active"]);
    assert_eq!(ring.events, [EventType::KeyRotated]);
}

#[test]
fn nobody_may_have_looked_for_a_year() {
    let mut ring = Keyring::default();
    tended(&mut ring, start());
    tended(&mut ring, start() + TimeDelta::days(365));
    assert_eq!(states(&ring), ["active", "pending"], "the new one is published before it signs, however late it is");
    tended(&mut ring, start() + TimeDelta::days(730));
    assert_eq!(states(&ring), ["retiring", "active"], "and signs for as long as any other");
}

#[test]
fn a_ring_without_an_active_key_gets_one_at_once() {
    let mut ring = Keyring::default();
    ring.publish(make(&ring).unwrap(), start(), RULES);
    tended(&mut ring, start());
    assert_eq!(states(&ring), ["active"]);
}

#[test]
fn no_more_keys_are_published_than_may_be() {
    let (mut ring, short) = (Keyring::default(), KeyRules { lifetime: TimeDelta::minutes(20), ..RULES });
    for minute in 0..1000 {
        ring.tend(start() + TimeDelta::minutes(minute), short, make).unwrap();
    }
    assert_eq!(ring.keys.len(), MOST_PUBLISHED);
    assert_eq!(states(&ring).iter().filter(|state| **state == "retiring").count(), MOST_PUBLISHED - 1);
    let time = ring.full_until().unwrap();
    ring.tend(time, short, make).unwrap();
    assert_eq!(ring.keys.len(), MOST_PUBLISHED + 1);
}

/// Whatever is done, and however seldom.
#[test]
fn there_is_one_active_key_and_each_is_published_long_enough() {
    let seed = fastrand::u64(..);
    let mut rng = Rng::with_seed(seed);
    for _ in 0..200 {
        let (mut ring, mut now) = (Keyring::default(), start());
        let mut hurried = Vec::new();
        for _ in 0..100 {
            let longest = 10_i64.pow(rng.u32(0..8));
            now += TimeDelta::seconds(rng.i64(0..=longest));
            tended(&mut ring, now);
            match rng.u8(..10) {
                0 if ring.pending().is_none() => ring.publish(make(&ring).unwrap(), now, RULES),
                1 if ring.pending().is_none() => {
                    hurried.push(ring.keys.len());
                    ring.replace(make(&ring).unwrap(), now);
                }
                2 if ring.pending().is_some() => {
                    hurried.push(ring.keys.iter().position(|key| key.state == KeyState::Pending).unwrap());
                    ring.activate_early(now);
                }
                3 => {
                    let kid = rng.choice(&ring.keys).unwrap().kid.clone();
                    ring.revoke(&kid, now);
                    if ring.active().is_none() {
                        hurried.push(ring.keys.len());
                        ring.replace(make(&ring).unwrap(), now);
                    }
                }
                _ => {}
            }
            let count = |state| ring.keys.iter().filter(|key| key.state == state).count();
            assert!(count(KeyState::Active) == 1 && count(KeyState::Pending) <= 1, "seed {seed}: {:?}", states(&ring));
            for (number, key) in ring.keys.iter().enumerate() {
                let signs = matches!(key.state, KeyState::Pending | KeyState::Active);
                assert_eq!(key.sealed_private_key.is_empty(), !signs, "seed {seed}");
                assert_eq!(key.generation, number as i64 + 1);
                let published = key.active_time - key.create_time;
                assert!(hurried.contains(&number) || number == 0 || published >= RULES.publication, "seed {seed}");
            }
        }
    }
}
