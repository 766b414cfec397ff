//! One of the threads, and what it does for whoever has a place.

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc::Receiver},
    time::Duration,
};

use service_runtime::deadline::Deadline;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Checked, Finding, Shared};
use crate::{
    error::{Error, Result},
    hash_cost,
    hash_scheme::Scheme,
    hasher::Hasher,
    password::{ContextWords, Password, PasswordPolicy},
    stored_hash::StoredHash,
};

/// What a thread is to do, until when, and the place that it keeps meanwhile.
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) deadline: Deadline,
    pub(super) _held: Arc<OwnedSemaphorePermit>,
}

pub(super) type Answer<T> = oneshot::Sender<Result<T>>;

pub(super) enum Task {
    Hash {
        password: Password,
        answer: Answer<String>,
    },
    Check {
        password: Password,
        hash: Option<String>,
        kept: Vec<Scheme>,
        answer: Answer<Checked>,
    },
    Examine {
        password: Password,
        policy: Arc<PasswordPolicy>,
        context: ContextWords,
        answer: Answer<Vec<&'static str>>,
    },
}

/// One of the threads.
pub(super) struct Worker {
    pub(super) hasher: Hasher,
    pub(super) shared: Arc<Shared>,
}

/// Does what is in the queue until nobody can put anything there any more.
pub(super) fn work(jobs: &Mutex<Receiver<Job>>, mut worker: Worker) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        worker.attend(job);
    }
}

impl Worker {
    pub(super) fn attend(&mut self, job: Job) {
        match job.task {
            Task::Hash { password, answer } => respond(job.deadline, answer, || self.hash(&password)),
            Task::Check { password, hash, kept, answer } => {
                respond(job.deadline, answer, || self.check(&password, hash.as_deref(), &kept));
            }
            Task::Examine { password, policy, context, answer } => {
                respond(job.deadline, answer, || Ok(policy.broken_rules(&password, &context)));
            }
        }
    }

    fn hash(&mut self, password: &Password) -> anyhow::Result<String> {
        self.shared.counts.usual.inc();
        self.hasher.hash(password.as_bytes())
    }

    fn verify(&mut self, password: &Password, hash: &StoredHash) -> anyhow::Result<bool> {
        let counts = &self.shared.counts;
        let counter = if hash.scheme() == self.hasher.scheme() { &counts.usual } else { &counts.other };
        counter.inc();
        self.hasher.verify(password.as_bytes(), hash)
    }

    fn check(&mut self, password: &Password, hash: Option<&str>, kept: &[Scheme]) -> anyhow::Result<Checked> {
        let wanted = self.hasher.scheme();
        let measure = |scheme| hash_cost::measure(scheme, &mut self.hasher);
        let padding = self.shared.costs.padding(wanted, kept, measure)?;
        let begun = self.shared.clock.stopwatch();
        let hash = hash.map(StoredHash::parse).transpose().map_err(anyhow::Error::msg)?;
        let (finding, usual) = self.find(password, hash.as_ref())?;
        Ok(Checked { finding, begun, length: padding.map(|padding| padding.length(usual)) })
    }

    /// Checks a password, and tells how long the one hash by the scheme of new hashes took. It comes first whatever the
    /// hash to check is: after another one it would take a little less time, and the answer with it.
    fn find(&mut self, password: &Password, hash: Option<&StoredHash>) -> anyhow::Result<(Finding, Duration)> {
        let wanted = self.hasher.scheme();
        let begun = self.shared.clock.stopwatch();
        let (right, new_hash, usual) = match hash {
            None => {
                let shared = Arc::clone(&self.shared);
                self.verify(password, &shared.stand_in)?;
                (false, None, begun.elapsed())
            }
            Some(hash) if hash.scheme() == wanted => (self.verify(password, hash)?, None, begun.elapsed()),
            Some(hash) => {
                let new_hash = self.hash(password)?;
                let usual = begun.elapsed();
                let new_hash = Some(new_hash).filter(|_| !hash.scheme().is_as_good_as(wanted));
                (self.verify(password, hash)?, new_hash, usual)
            }
        };
        Ok((if right { Finding::Right { new_hash } } else { Finding::Wrong }, usual))
    }
}

/// Does a job, unless whoever asked has gone or waits no longer.
fn respond<T>(deadline: Deadline, answer: Answer<T>, job: impl FnOnce() -> anyhow::Result<T>) {
    if answer.is_closed() {
        return;
    }
    let done = match deadline.has_passed() {
        true => Err(Error::DeadlineExceeded),
        false => job().map_err(|error| Error::internal(format!("a password hash is not usable: {error}"))),
    };
    drop(answer.send(done));
}

/// The first thread keeps a share of a busy processor: a tenth of one core against one ordinary thread there, whereas
/// those of the lowest priority get a seventieth, and nobody could log in. More would be felt by every other call. The
/// others take only what nobody wants.
const NICE_OF_THE_FIRST: i32 = 10;
const NICE_OF_THE_OTHERS: i32 = 19;

/// On Linux a priority belongs to the thread; elsewhere it would slow the whole process down.
pub(super) fn lower_priority(number: usize) {
    #[cfg(target_os = "linux")]
    {
        let nice = if number == 0 { NICE_OF_THE_FIRST } else { NICE_OF_THE_OTHERS };
        if let Err(error) = rustix::process::setpriority_process(None, nice) {
            tracing::warn!(%error, "the threads for password hashes keep the ordinary priority");
        }
    }
}
