//! Has tokens judged by auth-service, and remembers what it said.

use std::{sync::Arc, time::Duration};

use proto::auth::v1::RejectionReason;
use service_runtime::{clock::Clock, deadline::Deadline, operations::Registry};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{
    Caller, MaxStaleness, TokenKey, Unavailable, Validity, Verdict, Verify,
    endpoints::{Endpoints, MalformedAddress},
    flight::{Boarding, Flights, Waiting},
    follow::Follower,
    knowledge::Knowledge,
    metrics::Metrics,
    upstream::{Question, Upstream},
};

/// How long auth-service may take to answer, whatever the caller's deadline leaves.
const LONGEST_QUESTION: Duration = Duration::from_secs(2);

/// Questions at once; one more is not asked, and its caller is told that auth-service is unavailable.
const MOST_QUESTIONS: usize = 2048;

/// The audience that the installation issues for.
const OWN_AUDIENCE: &str = "";

/// By the contract, a longer token is malformed. In bytes.
const LONGEST_TOKEN: usize = 8 * 1024;

/// Judges tokens from memory, as long as auth-service keeps telling which of them are good no longer; asks
/// `TokenService.ValidateToken` about any other. Clones share everything. It stops listening when the last of them, and
/// of the [`Validity`]s that came from them, is dropped.
#[derive(Clone, Debug)]
pub struct RemoteVerifier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    known: Arc<Knowledge>,
    upstream: Arc<Upstream>,
    flights: Arc<Flights<Option<Answer>>>,
    max_staleness: MaxStaleness,
    /// Ends with the verifier.
    _listening: JoinSet<()>,
}

/// What auth-service said, and when it was asked: from then on the answer ages.
#[derive(Clone, Debug)]
struct Answer {
    verdict: Verdict,
    asked: Instant,
}

impl RemoteVerifier {
    /// Begins to follow auth-service, at the internal port of one of its replicas; `urls` has commas between them. It
    /// connects by itself, and again whenever a connection is lost. Within a tokio runtime only.
    ///
    /// # Errors
    /// When one of the URLs is not one.
    pub fn start(urls: &str, max_staleness: MaxStaleness, clock: Clock) -> Result<Self, MalformedAddress> {
        let endpoints = Arc::new(Endpoints::parse(urls)?);
        let known = Arc::new(Knowledge::new(max_staleness.of_memory(), clock));
        let patience = LONGEST_QUESTION.min(max_staleness.of_answer());
        let calls = known.metrics.upstream_calls.clone();
        let upstream = Arc::new(Upstream::new(Arc::clone(&endpoints), patience, calls));
        let mut listening = JoinSet::new();
        listening.spawn(Follower::new(Arc::clone(&known), endpoints, max_staleness.of_memory()).run());
        let telling = Arc::clone(&known);
        listening.spawn(async move { telling.freshness.tell().await });
        let flights = Arc::new(Flights::new(MOST_QUESTIONS));
        Ok(Self(Arc::new(Inner { known, upstream, flights, max_staleness, _listening: listening })))
    }

    pub(crate) fn known(&self) -> &Knowledge {
        &self.0.known
    }

    /// Adds what it counts to a service's metrics.
    pub fn register_metrics(&self, registry: &mut Registry) {
        Metrics::register(&self.0.known, registry);
    }
}

impl Inner {
    fn board(&self, key: TokenKey, token: &str) -> Boarding<Option<Answer>> {
        let known = || self.known.recall(&key).map(|verdict| Some(Answer { verdict, asked: Instant::now() }));
        self.flights.board(key, known, || {
            let (known, upstream, question) = (self.known.clone(), self.upstream.clone(), Question::about(token));
            let in_time = self.max_staleness;
            async move {
                let asked = Instant::now();
                let verdict = upstream.ask(&question).await.ok()?;
                in_time.allows(asked).then(|| Answer { verdict: known.learn(key, verdict), asked })
            }
        })
    }

    /// A question may have been asked for somebody else, and have taken its time.
    async fn wait(&self, waiting: Waiting<Option<Answer>>, deadline: Deadline) -> Result<Verdict, Unavailable> {
        let answer = timeout_at(deadline.at(), waiting.answer()).await.ok().flatten().flatten();
        answer.filter(|answer| self.max_staleness.allows(answer.asked)).map(|answer| answer.verdict).ok_or(Unavailable)
    }
}

impl Verify for RemoteVerifier {
    async fn verify(&self, token: &str, deadline: Deadline) -> Result<Verdict, Unavailable> {
        if token.len() > LONGEST_TOKEN {
            return Ok(Verdict::Rejected(RejectionReason::Malformed));
        }
        let (key, metrics) = (TokenKey::of(token, OWN_AUDIENCE), &self.0.known.metrics);
        if let Some(verdict) = self.0.known.recall(&key) {
            metrics.hits.inc();
            return Ok(verdict);
        }
        metrics.misses.inc();
        match self.0.board(key, token) {
            Boarding::Known(answer) => answer.map(|answer| answer.verdict).ok_or(Unavailable),
            Boarding::Started(waiting) => self.0.wait(waiting, deadline).await,
            Boarding::Joined(waiting) => {
                metrics.coalesced.inc();
                self.0.wait(waiting, deadline).await
            }
            Boarding::Full => Err(Unavailable),
        }
    }

    fn validity(&self, caller: Arc<Caller>, token: &str) -> Validity {
        Validity::followed(caller, token, self.clone())
    }
}
