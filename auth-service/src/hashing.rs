//! Password hashing in a small pool of threads of its own, of low priority, so that a storm of logins neither slows
//! anything else down nor takes more memory: each thread keeps that of one hash of the configured cost, and takes up to
//! 256 MiB more while it checks one of another scheme.

mod worker;

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use anyhow::{Context, ensure};
use service_runtime::{
    clock::{Clock, Stopwatch},
    deadline::Deadline,
    operations::{Counter, Registry},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    error::{Error, Result},
    hash_cost::HashCosts,
    hash_scheme::Scheme,
    hasher::Hasher,
    password::{ContextWords, Password, PasswordPolicy},
    settings::HashingSettings,
    stored_hash::StoredHash,
};
use worker::{Answer, Job, Task, Worker, lower_priority, work};

impl HashingSettings {
    /// OWASP's least parameters that cost the same: the more memory, the fewer passes.
    const LEAST: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

    /// What a hash costs.
    ///
    /// # Errors
    /// When it is too cheap or too dear; the message names the settings.
    pub(crate) fn scheme(&self) -> anyhow::Result<Scheme> {
        let enough =
            Self::LEAST.iter().any(|(memory, passes)| self.memory_kib >= *memory && self.iterations >= *passes);
        ensure!(
            enough || self.allow_weak,
            "AUTH_HASH_MEMORY_KIB={} with AUTH_HASH_ITERATIONS={} is too weak; the least are 19456 with 2, 12288 with 3, \
             9216 with 4 or 7168 with 5",
            self.memory_kib,
            self.iterations
        );
        Scheme::argon2id(self.memory_kib, self.iterations)
            .map_err(|error| anyhow::anyhow!("AUTH_HASH_MEMORY_KIB (m) and AUTH_HASH_ITERATIONS (t): {error}"))
    }
}

/// Makes and checks hashes. Clones share the threads, which end with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct HashPool {
    queue: SyncSender<Job>,
    places: Arc<Semaphore>,
    shared: Arc<Shared>,
}

/// What the threads have in common.
#[derive(Debug)]
struct Shared {
    /// Takes the place of a hash that is not there, or has been found to be of another scheme.
    stand_in: StoredHash,
    costs: HashCosts,
    counts: HashCounts,
    clock: Clock,
}

/// What the threads have done; an operator sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HashCounts {
    usual: Counter,
    other: Counter,
    refused: Counter,
}

impl HashCounts {
    /// Has them shown among the metrics.
    pub(crate) fn register(&self, metrics: &mut Registry) {
        let mut register = |name, help, counter: &Counter| metrics.register(name, help, counter.clone());
        register("auth_password_hashes", "Password hashes computed by the scheme of new ones", &self.usual);
        register("auth_password_hashes_other", "Password hashes computed by another scheme, to check one", &self.other);
        register("auth_password_hashes_refused", "Calls refused because too many passwords waited", &self.refused);
    }
}

/// A place among the threads and those who wait for one; somebody else's once this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    queue: SyncSender<Job>,
    held: Arc<OwnedSemaphorePermit>,
}

/// What the check of a password found.
#[derive(Debug)]
pub(crate) struct Checked {
    finding: Finding,
    begun: Stopwatch,
    length: Option<Duration>,
}

/// Whether it is the password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is. If its hash is weaker than a new one would be, here is a new one.
    Right { new_hash: Option<String> },
    /// It is another one, or there is none.
    Wrong,
}

impl Checked {
    /// What it found, told no sooner than it would be of anybody else's password.
    pub(crate) async fn tell(self) -> Finding {
        if let Some(length) = self.length {
            self.begun.reach(length).await;
        }
        self.finding
    }
}

impl HashPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the parameters are too weak or a thread cannot be started.
    pub(crate) fn start(settings: &HashingSettings, clock: &Clock) -> anyhow::Result<Self> {
        let scheme = settings.scheme()?;
        let stand_in = Hasher::new(scheme).hash(&[]).context("cannot hash")?;
        let shared = Arc::new(Shared {
            stand_in: StoredHash::parse(&stand_in).map_err(anyhow::Error::msg)?,
            costs: HashCosts::default(),
            counts: HashCounts::default(),
            clock: clock.clone(),
        });
        let places = settings.threads.get().saturating_add(settings.queue.get());
        let (queue, jobs) = sync_channel(places);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..settings.threads.get() {
            let worker = Worker { hasher: Hasher::new(scheme), shared: Arc::clone(&shared) };
            let jobs = Arc::clone(&jobs);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || {
                    lower_priority(number);
                    work(&jobs, worker);
                })
                .context("cannot start a thread for password hashes")?;
        }
        Ok(Self { queue, places: Arc::new(Semaphore::new(places)), shared })
    }

    /// What the threads have done.
    pub(crate) fn counts(&self) -> &HashCounts {
        &self.shared.counts
    }

    /// Takes a place.
    ///
    /// # Errors
    /// `Overloaded`, at once, when all are taken.
    pub(crate) fn place(&self) -> Result<Place> {
        let held = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            self.shared.counts.refused.inc();
            Error::Overloaded
        })?;
        Ok(Place { queue: self.queue.clone(), held: Arc::new(held) })
    }
}

impl Place {
    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// `DeadlineExceeded` when its turn came too late.
    pub(crate) async fn hash(&mut self, password: &Password, deadline: Deadline) -> Result<String> {
        self.submit(deadline, |answer| Task::Hash { password: password.clone(), answer }).await
    }

    /// Checks a password against the hash of a user, or against none. One hash by the scheme of new hashes is computed
    /// in any case, and nothing else unless the user's is of another scheme. `kept` are the schemes of all hashes that
    /// are kept; the answer of each check takes as long as that of the slowest.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub(crate) async fn check(
        &mut self,
        password: &Password,
        hash: Option<&str>,
        kept: Vec<Scheme>,
        deadline: Deadline,
    ) -> Result<Checked> {
        let (password, hash) = (password.clone(), hash.map(ToOwned::to_owned));
        self.submit(deadline, |answer| Task::Check { password, hash, kept, answer }).await
    }

    /// Every rule of the policy that a password breaks.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub(crate) async fn examine(
        &mut self,
        password: &Password,
        policy: &Arc<PasswordPolicy>,
        context: ContextWords,
        deadline: Deadline,
    ) -> Result<Vec<&'static str>> {
        let (password, policy) = (password.clone(), Arc::clone(policy));
        self.submit(deadline, |answer| Task::Examine { password, policy, context, answer }).await
    }

    async fn submit<T>(&mut self, deadline: Deadline, task: impl FnOnce(Answer<T>) -> Task) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        // A job that its caller has given up keeps the place until a thread has come by it.
        let job = Job { task: task(answer), deadline, _held: Arc::clone(&self.held) };
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => Error::internal("the threads for password hashes have ended"),
        })?;
        answered.await.map_err(|_| Error::internal("a thread for password hashes has ended"))?
    }
}

#[cfg(test)]
mod tests;
