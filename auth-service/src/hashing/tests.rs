use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use secrecy::SecretString;

use super::*;

fn settings() -> HashingSettings {
    HashingSettings {
        memory_kib: 64,
        iterations: 1,
        threads: NonZeroUsize::MIN,
        queue: NonZeroUsize::new(4).unwrap(),
        allow_weak: true,
    }
}

/// Occupies a thread for about a second.
fn slow() -> HashingSettings {
    HashingSettings { memory_kib: 65_536, iterations: 12, ..settings() }
}

fn password(text: &str) -> Password {
    Password::new(&SecretString::from(text))
}

fn soon() -> Deadline {
    Deadline::within(Duration::from_secs(60))
}

fn start(settings: &HashingSettings) -> HashPool {
    HashPool::start(settings, &Clock::system()).unwrap()
}

async fn hash(pool: &HashPool, text: &str) -> String {
    pool.place().unwrap().hash(&password(text), soon()).await.unwrap()
}

async fn check(pool: &HashPool, text: &str, hash: Option<&str>) -> Finding {
    let checked = pool.place().unwrap().check(&password(text), hash, Vec::new(), soon()).await;
    checked.unwrap().tell().await
}

const RIGHT: Finding = Finding::Right { new_hash: None };

#[tokio::test]
async fn knows_the_password_it_hashed() {
    let pool = start(&settings());
    let hash = hash(&pool, "Xk4mPq9z").await;
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    assert_eq!(check(&pool, "Xk4mPq9z", Some(&hash)).await, RIGHT);
    assert_eq!(check(&pool, "xk4mPq9z", Some(&hash)).await, Finding::Wrong);
    assert_eq!(check(&pool, "Xk4mPq9z", None).await, Finding::Wrong);
    assert_eq!(check(&pool, "", None).await, Finding::Wrong);
}

#[tokio::test]
async fn makes_a_weak_hash_anew_once_the_password_is_known() {
    let weak = hash(&start(&settings()), "Xk4mPq9z").await;
    for stronger in [HashingSettings { memory_kib: 128, ..settings() }, HashingSettings { iterations: 2, ..settings() }]
    {
        let pool = start(&stronger);
        assert_eq!(check(&pool, "Xk4mPq9y", Some(&weak)).await, Finding::Wrong);
        let Finding::Right { new_hash: Some(new) } = check(&pool, "Xk4mPq9z", Some(&weak)).await else {
            panic!("{weak}")
        };
        assert_eq!(check(&pool, "Xk4mPq9z", Some(&new)).await, RIGHT);
        assert_eq!(check(&start(&settings()), "Xk4mPq9z", Some(&new)).await, RIGHT, "a stronger one stays");
    }
}

#[tokio::test]
async fn a_hash_that_is_not_usable_lets_nobody_in() {
    let pool = start(&settings());
    for malformed in
        ["", "x", "$argon2id$v=19$m=64,t=1,p=1", "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"]
    {
        let checked = pool.place().unwrap().check(&password("x"), Some(malformed), Vec::new(), soon()).await;
        assert!(matches!(checked, Err(Error::Internal(_))), "{malformed}: {checked:?}");
    }
}

#[tokio::test]
async fn every_check_computes_one_hash_of_the_usual_cost() {
    let clock = Clock::manual(DateTime::<Utc>::UNIX_EPOCH);
    let pool = HashPool::start(&settings(), &clock).unwrap();
    let own = hash(&pool, "Xk4mPq9z").await;
    let other = hash(&start(&HashingSettings { memory_kib: 1024, ..settings() }), "Xk4mPq9z").await;
    let better_auth = "d6b3ab4a3c0f4ed5b1be8ed23a7a4f6a:".to_owned() + &"0".repeat(128);
    let bcrypt = "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm";
    let kept =
        |hashes: &[&str]| hashes.iter().map(|hash| StoredHash::parse(hash).unwrap().scheme()).collect::<Vec<_>>();
    let kept = kept(&[&own, &other, &better_auth, bcrypt]);
    let mut lengths = Vec::new();
    for (text, hash, others) in [
        ("Xk4mPq9z", None, 0),
        ("Xk4mPq9z", Some(&*own), 0),
        ("Xk4mPq9y", Some(&*own), 0),
        ("Xk4mPq9z", Some(&*other), 1),
        ("Xk4mPq9y", Some(&*other), 1),
        ("Xk4mPq9y", Some(&*better_auth), 1),
        ("Xk4mPq9y", Some(bcrypt), 1),
    ] {
        let counts = || (pool.counts().usual.get(), pool.counts().other.get());
        let before = counts();
        let checked = pool.place().unwrap().check(&password(text), hash, kept.clone(), soon()).await.unwrap();
        let after = counts();
        assert_eq!((after.0 - before.0, after.1 - before.1), (1, others), "{text} {hash:?}");
        checked.tell().await;
        lengths.extend(clock.take_pauses());
    }
    assert_eq!(lengths.len(), 7);
    assert!(lengths.iter().all(|length| *length == lengths[0] && !length.is_zero()), "{lengths:?}");
    let checked = pool.place().unwrap().check(&password("x"), Some(&own), kept[..1].to_vec(), soon()).await.unwrap();
    checked.tell().await;
    assert!(clock.take_pauses().is_empty(), "there is nothing to hide");
}

#[tokio::test]
async fn a_padded_answer_takes_as_long_as_the_slowest() {
    let pool = start(&settings());
    let own = hash(&pool, "Xk4mPq9z").await;
    let slow = vec![Scheme::scrypt(14, 8, 1).unwrap()];
    for hash in [None, Some(&*own)] {
        let begun = Instant::now();
        let checked = pool.place().unwrap().check(&password("x"), hash, slow.clone(), soon()).await.unwrap();
        let length = checked.length.unwrap();
        assert!(length > Duration::from_millis(10), "{length:?}");
        checked.tell().await;
        assert!(begun.elapsed() >= length, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn refuses_at_once_who_finds_no_place() {
    let pool = start(&slow());
    let places: Vec<_> = (0..5).map(|_| pool.place().unwrap()).collect();
    assert!(matches!(pool.place(), Err(Error::Overloaded)), "one thread and four who wait");
    drop(places);
    assert!(pool.place().is_ok());
    let mut busy: Vec<_> = (0..5)
        .map(|_| {
            let mut place = pool.place().unwrap();
            tokio::spawn(async move { place.hash(&password("Xk4mPq9z"), soon()).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(pool.place(), Err(Error::Overloaded)));
    let first = busy.remove(0);
    busy.iter().for_each(tokio::task::JoinHandle::abort);
    first.await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(1), async {
        while pool.places.available_permits() < 5 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("who has gone takes no time and leaves the place");
}

#[test]
fn does_not_hash_for_whom_it_is_too_late_or_who_has_gone() {
    let pool = start(&settings());
    let hasher = Hasher::new(settings().scheme().unwrap());
    let mut worker = Worker { hasher, shared: Arc::clone(&pool.shared) };
    let job = |deadline| {
        let (answer, answered) = oneshot::channel();
        let held = Arc::clone(&pool.place().unwrap().held);
        (Job { task: Task::Hash { password: password("Xk4mPq9z"), answer }, deadline, _held: held }, answered)
    };
    let (gone, answered) = job(soon());
    drop(answered);
    worker.attend(gone);
    let (late, mut answered) = job(Deadline::within(Duration::ZERO));
    worker.attend(late);
    assert!(matches!(answered.try_recv(), Ok(Err(Error::DeadlineExceeded))));
    assert!(!worker.hasher.has_worked());
    let (wanted, mut answered) = job(soon());
    worker.attend(wanted);
    assert!(matches!(answered.try_recv(), Ok(Ok(_))));
    assert!(worker.hasher.has_worked());
}

#[test]
fn refuses_parameters_below_the_least_and_beyond_the_most() {
    let start = |settings| HashPool::start(&settings, &Clock::system());
    let refused = start(HashingSettings { allow_weak: false, ..settings() }).unwrap_err();
    assert!(refused.to_string().contains("AUTH_HASH_MEMORY_KIB"), "{refused}");
    let refused = start(HashingSettings { memory_kib: 262_145, iterations: 2, ..settings() }).unwrap_err();
    assert!(refused.to_string().contains("AUTH_HASH_MEMORY_KIB"), "{refused}");
    let least = HashingSettings { memory_kib: 19_456, iterations: 2, allow_weak: false, ..settings() };
    assert!(start(least).is_ok());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn its_threads_give_way_but_one_less_than_the_others() {
    let own = rustix::process::getpriority_process(None).unwrap();
    let _pool = start(&HashingSettings { threads: NonZeroUsize::new(2).unwrap(), ..settings() });
    let nice = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        let stats = tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok());
        let of_hashers = stats.filter_map(|stat| {
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')').map(|(name, rest)| (name.to_owned(), rest))?;
            let number = name.strip_prefix("hash-")?.to_owned();
            Some((number, rest.split_whitespace().nth(16)?.to_owned()))
        });
        of_hashers.collect::<std::collections::BTreeSet<_>>()
    };
    let expected = [("0", "10"), ("1", "19")].map(|(number, nice)| (number.to_owned(), nice.to_owned()));
    tokio::time::timeout(Duration::from_secs(10), async {
        while !expected.iter().all(|one| nice().contains(one)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("{:?}", nice()));
    assert_eq!(rustix::process::getpriority_process(None).unwrap(), own, "only those threads");
}
