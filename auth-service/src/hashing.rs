//! Password hashing in a small pool of threads of its own, of the lowest priority, so that a storm of logins neither
//! takes more memory nor slows anything else down.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use anyhow::{Context, ensure};
use argon2::Params;
use service_runtime::deadline::Deadline;
use tokio::sync::oneshot;

use crate::{
    error::{Error, Result},
    hasher::{Hasher, Verdict},
    password::Password,
    settings::HashingSettings,
};

impl HashingSettings {
    /// OWASP's least parameters that cost the same: the more memory, the fewer passes.
    const LEAST: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
    const MAX_MEMORY_KIB: u32 = 4 * 1024 * 1024;

    fn params(&self) -> anyhow::Result<Params> {
        let enough =
            Self::LEAST.iter().any(|(memory, passes)| self.memory_kib >= *memory && self.iterations >= *passes);
        ensure!(
            enough || self.allow_weak,
            "AUTH_HASH_MEMORY_KIB={} with AUTH_HASH_ITERATIONS={} is too weak; the least are 19456 with 2, 12288 with 3, \
             9216 with 4 or 7168 with 5",
            self.memory_kib,
            self.iterations
        );
        ensure!(
            self.memory_kib <= Self::MAX_MEMORY_KIB,
            "AUTH_HASH_MEMORY_KIB must be at most {}",
            Self::MAX_MEMORY_KIB
        );
        Params::new(self.memory_kib, self.iterations, 1, None)
            .map_err(|error| anyhow::anyhow!("AUTH_HASH_MEMORY_KIB and AUTH_HASH_ITERATIONS: {error}"))
    }
}

/// Makes and checks hashes. Clones share the threads, which end with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct HashPool {
    queue: SyncSender<Job>,
    dummy: Arc<str>,
}

struct Job {
    password: Password,
    task: Task,
    deadline: Deadline,
    answer: oneshot::Sender<Result<Done>>,
}

enum Task {
    Hash,
    Verify(Arc<str>),
}

enum Done {
    Hashed(String),
    Verified(Verdict),
}

impl HashPool {
    /// Starts the threads, and makes the hash that stands in for that of an unknown user: by the same code, with the
    /// same parameters, so that checking it takes as long.
    ///
    /// # Errors
    /// When the parameters are too weak or a thread cannot be started.
    pub(crate) fn start(settings: &HashingSettings) -> anyhow::Result<Self> {
        let params = settings.params()?;
        let mut secret = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut secret).context("the operating system has no randomness")?;
        let dummy = Hasher::new(params.clone()).hash(&secret).context("cannot hash")?.into();
        let (queue, jobs) = sync_channel(settings.queue.get());
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..settings.threads.get() {
            let (jobs, hasher) = (Arc::clone(&jobs), Hasher::new(params.clone()));
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&jobs, hasher))
                .context("cannot start a thread for password hashes")?;
        }
        Ok(Self { queue, dummy })
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// `Overloaded` at once when too many wait; `DeadlineExceeded` when its turn came too late.
    pub(crate) async fn hash(&self, password: &Password, deadline: Deadline) -> Result<String> {
        match self.submit(password, Task::Hash, deadline).await? {
            Done::Hashed(hash) => Ok(hash),
            Done::Verified(_) => Err(Error::internal("a thread answered what it was not asked")),
        }
    }

    /// Checks a password against the hash of a user; against none, in the same time, for a user who is unknown.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub(crate) async fn verify(&self, password: &Password, hash: Option<&str>, deadline: Deadline) -> Result<Verdict> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        match self.submit(password, Task::Verify(hash), deadline).await? {
            Done::Verified(verdict) if known => Ok(verdict),
            Done::Verified(_) => Ok(Verdict::Wrong),
            Done::Hashed(_) => Err(Error::internal("a thread answered what it was not asked")),
        }
    }

    async fn submit(&self, password: &Password, task: Task, deadline: Deadline) -> Result<Done> {
        let (answer, answered) = oneshot::channel();
        let job = Job { password: password.clone(), task, deadline, answer };
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::Overloaded,
            TrySendError::Disconnected(_) => Error::internal("the threads for password hashes have ended"),
        })?;
        answered.await.map_err(|_| Error::internal("a thread for password hashes has ended"))?
    }
}

fn work(jobs: &Mutex<Receiver<Job>>, mut hasher: Hasher) {
    lower_priority();
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        attend(&mut hasher, job);
    }
}

/// Does a job, unless whoever asked has gone.
fn attend(hasher: &mut Hasher, job: Job) {
    if job.answer.is_closed() {
        return;
    }
    let done = perform(hasher, &job);
    drop(job.answer.send(done));
}

fn perform(hasher: &mut Hasher, job: &Job) -> Result<Done> {
    if job.deadline.has_passed() {
        return Err(Error::DeadlineExceeded);
    }
    let password = job.password.as_bytes();
    match &job.task {
        Task::Hash => hasher.hash(password).map(Done::Hashed),
        Task::Verify(hash) => hasher.verify(password, hash).map(Done::Verified),
    }
    .map_err(|error| Error::internal(format!("a password hash is not usable: {error}")))
}

/// On Linux a priority belongs to the thread; elsewhere it would slow the whole process down.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        tracing::warn!(%error, "the threads for password hashes keep the ordinary priority");
    }
}

#[cfg(test)]
mod tests;
