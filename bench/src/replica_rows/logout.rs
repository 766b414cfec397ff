//! How long after the answer to a Logout the session's token is still accepted anywhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use hdrhistogram::Histogram;
use proto::auth::v1::{LogoutRequest, auth_service_client::AuthServiceClient};
use sqlx::{Connection, PgConnection};
use tokio::{task::JoinHandle, time::sleep};
use tonic::{Code, Request, transport::Channel};

use super::Ground;
use crate::{
    calls::{CreateTask, Credentials, GetTask, ValidateToken, bearer, connect},
    figure::{Figure, Line},
    load::{Call, histogram},
    options::Options,
    programs::{AuthService, Served, Setting},
    progress,
};

pub(super) const NAME: &str = "Logout answered → refused everywhere, ms";
pub(super) const DEAF: &str = "Logout answered → refused everywhere, doorbell dead, ms";

/// Who is asked. The first replica is the one that is told of the logout; task-service asks the second.
const PLACES: [&str; 3] = ["replica 1", "replica 2", "task-service"];
/// The hash of a password is nothing that is measured here.
const CHEAP_HASHES: [Setting<'_>; 3] =
    [("AUTH_ALLOW_WEAK_HASH", "true"), ("AUTH_HASH_MEMORY_KIB", "64"), ("AUTH_HASH_ITERATIONS", "1")];
/// Between two questions whether a token is still accepted.
const PAUSE: Duration = Duration::from_millis(1);
/// Longer than any bound.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a token is shown again that has been refused.
const AGAIN: usize = 3;
/// How often those that listen for news are cut off.
const CUT: Duration = Duration::from_millis(50);

/// As it usually is.
pub(super) async fn heard(ground: &Ground<'_>, options: &Options) -> anyhow::Result<Figure> {
    progress(NAME);
    let lines = measure(ground, options).await?;
    Ok(Figure { name: NAME.to_owned(), goal: "p99 ≤ 25 ms", lines })
}

/// While nobody who listens for news stays connected.
pub(super) async fn deaf(ground: &Ground<'_>, options: &Options) -> anyhow::Result<Figure> {
    progress(DEAF);
    let cutter = Cutter::begin(ground.database.url()).await?;
    let mut lines = measure(ground, options).await?;
    let cut = cutter.cut.load(Ordering::Relaxed);
    lines.push(Line::new("connections that listened, cut off", [("in all", cut as f64)]));
    Ok(Figure { name: DEAF.to_owned(), goal: "p99 ≤ 1,000 ms", lines })
}

async fn measure(ground: &Ground<'_>, options: &Options) -> anyhow::Result<Vec<Line>> {
    let scene = Scene::set(ground, options).await?;
    let mut everywhere = histogram()?;
    let mut places = [(); PLACES.len()].map(|()| histogram());
    for number in 1..=options.logouts {
        let taken = scene.log_out().await.with_context(|| format!("logout {number}"))?;
        record(&mut everywhere, taken.into_iter().max().unwrap_or_default());
        for (place, taken) in places.iter_mut().flatten().zip(taken) {
            record(place, taken);
        }
        if number % 50 == 0 {
            progress(&format!("  {number} of {} logouts", options.logouts));
        }
    }
    let mut lines = vec![line(format!("everywhere, {} logouts", options.logouts), &everywhere)];
    lines.extend(PLACES.iter().zip(places.iter().flatten()).map(|(place, taken)| line(*place, taken)));
    Ok(lines)
}

fn record(taken: &mut Histogram<u32>, time: Duration) {
    taken.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

fn line(name: impl Into<String>, taken: &Histogram<u32>) -> Line {
    let milliseconds = |microseconds: u64| microseconds as f64 / 1000.0;
    let [p50, p99] = [0.5, 0.99].map(|quantile| milliseconds(taken.value_at_quantile(quantile)));
    Line::new(name, [("p50", p50), ("p99", p99), ("most", milliseconds(taken.max()))])
}

struct Scene {
    replicas: Vec<AuthService>,
    _task: Served,
    credentials: Credentials,
    task_id: String,
    /// To the internal ports and to task-service.
    channels: [Channel; PLACES.len()],
}

impl Scene {
    async fn set(ground: &Ground<'_>, options: &Options) -> anyhow::Result<Self> {
        let (replicas, credentials) = ground.replicas(2, ground.database.url(), &CHEAP_HASHES, options).await?;
        let [first, second] = &*replicas else { bail!("these are not two replicas") };
        let task = Served::task_service("task-service", options, ground.folder, "sqlite://task.db", second).await?;
        let token = first.log_in(&credentials).await?.access_token;
        let channels = [connect(first.internal).await?, connect(second.internal).await?, connect(task.address).await?];
        let task_id = CreateTask::of(channels[2].clone(), &token)?.create().await?.id;
        Ok(Self { replicas, _task: task, credentials, task_id, channels })
    }

    /// Begins a session, shows its token everywhere, ends it, and tells how long each place took from the answer on to
    /// refuse the token.
    async fn log_out(&self) -> anyhow::Result<[Duration; PLACES.len()]> {
        let token = self.replicas[0].log_in(&self.credentials).await?.access_token;
        let [one, two, task] = self.channels.clone();
        let mut probes = (
            ValidateToken::new(one, &token),
            ValidateToken::new(two, &token),
            GetTask::new(task, &token, &self.task_id)?,
        );
        probes.0.call().await.context("replica 1 does not accept the token")?;
        probes.1.call().await.context("replica 2 does not accept the token")?;
        probes.2.call().await.context("task-service does not accept the token")?;
        let mut client = AuthServiceClient::new(connect(self.replicas[0].public).await?);
        let mut request = Request::new(LogoutRequest::default());
        request.metadata_mut().insert("authorization", bearer(&token)?);
        client.logout(request).await.context("cannot log out")?;
        let answered = Instant::now();
        let (one, two, task) = tokio::try_join!(
            refused(&mut probes.0, answered),
            refused(&mut probes.1, answered),
            refused(&mut probes.2, answered),
        )?;
        Ok([one, two, task])
    }
}

/// When the first refusal came, which must not be the last. Not to know is no refusal.
async fn refused(probe: &mut impl Call, since: Instant) -> anyhow::Result<Duration> {
    while !refuses(probe).await? {
        ensure!(since.elapsed() < PATIENCE, "the token is accepted after {PATIENCE:?}");
        sleep(PAUSE).await;
    }
    let taken = since.elapsed();
    for _ in 0..AGAIN {
        ensure!(refuses(probe).await?, "the token is accepted again");
    }
    Ok(taken)
}

async fn refuses(probe: &mut impl Call) -> anyhow::Result<bool> {
    match probe.call().await {
        Ok(()) => Ok(false),
        Err(status) => match status.code() {
            // An answer of ValidateToken that is none of a good token.
            Code::Internal if status.message().contains("Rejection") => Ok(true),
            Code::Unauthenticated => Ok(true),
            Code::Unavailable => Ok(false),
            _ => Err(status.into()),
        },
    }
}

/// Cuts off, again and again, every connection to the database that listens for news.
struct Cutter {
    cut: Arc<AtomicU64>,
    cutting: JoinHandle<()>,
}

impl Cutter {
    async fn begin(url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        let cut = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&cut);
        let cutting = tokio::spawn(async move {
            let query = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() \
                         AND pid <> pg_backend_pid() AND query ~* '^\\s*(unlisten|listen|notify|select pg_notify)'";
            while let Ok(count) = sqlx::query_scalar::<_, i64>(query).fetch_one(&mut connection).await {
                counted.fetch_add(count.unsigned_abs(), Ordering::Relaxed);
                sleep(CUT).await;
            }
        });
        Ok(Self { cut, cutting })
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.cutting.abort();
    }
}
