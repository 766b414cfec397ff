use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

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

fn password(text: &str) -> Password {
    Password::new(&SecretString::from(text))
}

fn soon() -> Deadline {
    Deadline::within(Duration::from_secs(60))
}

#[tokio::test]
async fn knows_the_password_it_hashed() {
    let pool = HashPool::start(&settings()).unwrap();
    let hash = pool.hash(&password("Xk4mPq9z"), soon()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    let verify = async |text: &str, hash| pool.verify(&password(text), hash, soon()).await.unwrap();
    assert_eq!(verify("Xk4mPq9z", Some(&*hash)).await, Verdict::Right);
    assert_eq!(verify("xk4mPq9z", Some(&*hash)).await, Verdict::Wrong);
    assert_eq!(verify("Xk4mPq9z", None).await, Verdict::Wrong);
}

#[tokio::test]
async fn the_stand_in_has_the_parameters_of_a_real_hash() {
    let pool = HashPool::start(&HashingSettings { memory_kib: 128, iterations: 3, ..settings() }).unwrap();
    let real = pool.hash(&password("Xk4mPq9z"), soon()).await.unwrap();
    let shape = |hash: &str| {
        let fields: Vec<_> = hash.split('$').collect();
        (fields[..4].join("$"), fields[4].len(), fields[5].len())
    };
    assert_eq!(shape(&real), shape(&pool.dummy));
}

#[tokio::test]
async fn checking_the_stand_in_is_real_work() {
    let costly = HashingSettings { memory_kib: 8192, iterations: 2, ..settings() };
    let pool = HashPool::start(&costly).unwrap();
    let mut hasher = Hasher::new(costly.params().unwrap());
    let mut time_alone = || {
        let begun = Instant::now();
        hasher.verify(b"wrong", &pool.dummy).unwrap();
        begun.elapsed()
    };
    let alone = (0..5).map(|_| time_alone()).min().unwrap();
    for _ in 0..5 {
        let begun = Instant::now();
        assert_eq!(pool.verify(&password("wrong"), None, soon()).await.unwrap(), Verdict::Wrong);
        assert!(begun.elapsed() > alone / 4, "{:?} instead of {alone:?}", begun.elapsed());
    }
}

/// Occupies the only thread for about a second.
async fn occupy(pool: &HashPool) {
    let busy = pool.clone();
    tokio::spawn(async move { busy.hash(&password("Xk4mPq9z"), soon()).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn slow() -> HashingSettings {
    HashingSettings { memory_kib: 65_536, iterations: 12, ..settings() }
}

#[tokio::test]
async fn refuses_at_once_what_does_not_fit() {
    let pool = HashPool::start(&slow()).unwrap();
    occupy(&pool).await;
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.hash(&password("Xk4mPq9z"), soon()).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let begun = Instant::now();
    let refused = pool.hash(&password("Xk4mPq9z"), soon()).await;
    assert!(matches!(refused, Err(Error::Overloaded)), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_millis(300), "it waited: {:?}", begun.elapsed());
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[test]
fn does_not_hash_for_whom_it_is_too_late_or_who_has_gone() {
    let mut hasher = Hasher::new(settings().params().unwrap());
    let job = |deadline| {
        let (answer, answered) = oneshot::channel();
        (Job { password: password("Xk4mPq9z"), task: Task::Hash, deadline, answer }, answered)
    };
    let (gone, answered) = job(soon());
    drop(answered);
    attend(&mut hasher, gone);
    let (late, mut answered) = job(Deadline::within(Duration::ZERO));
    attend(&mut hasher, late);
    assert!(matches!(answered.try_recv(), Ok(Err(Error::DeadlineExceeded))));
    assert!(!hasher.has_worked());
    let (wanted, mut answered) = job(soon());
    attend(&mut hasher, wanted);
    assert!(matches!(answered.try_recv(), Ok(Ok(Done::Hashed(_)))));
    assert!(hasher.has_worked());
}

#[test]
fn refuses_parameters_below_the_least() {
    let refused = HashPool::start(&HashingSettings { allow_weak: false, ..settings() }).unwrap_err();
    assert!(refused.to_string().contains("AUTH_HASH_MEMORY_KIB"), "{refused}");
    let least = HashingSettings { memory_kib: 19_456, iterations: 2, allow_weak: false, ..settings() };
    assert!(HashPool::start(&least).is_ok());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn its_threads_give_way() {
    let pool = HashPool::start(&settings()).unwrap();
    pool.hash(&password("Xk4mPq9z"), soon()).await.unwrap();
    let nice: Vec<String> = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).ok())
        .filter(|stat| stat.contains("(hash-"))
        .map(|stat| stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().to_owned())
        .collect();
    assert!(!nice.is_empty() && nice.contains(&"19".to_owned()), "{nice:?}");
    assert_eq!(rustix::process::getpriority_process(None).unwrap(), 0, "only those threads");
}
