//! Follows what auth-service revokes.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use proto::auth::v1::{
    ErrorReason, Revocation, RevocationList, WatchRevocationsRequest, WatchRevocationsResponse,
    token_service_client::TokenServiceClient,
    watch_revocations_request::{Kind as Ask, Probe, Start},
    watch_revocations_response::Kind as Told,
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

use crate::{Subject, backoff::pause, endpoints::Endpoints, knowledge::Knowledge, lease::Lease, refusal};

/// A probe is sent so often.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A stream on which no probe has come back for so long is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);

/// What has expired is forgotten so often.
const FORGET_INTERVAL: Duration = Duration::from_secs(60);

/// Probes that may wait for the connection.
const MOST_UNSENT: usize = 4;

/// Follows one auth-service replica after another, and never ends by itself.
pub(crate) struct Follower {
    known: Arc<Knowledge>,
    endpoints: Arc<Endpoints>,
    lease: Lease,
    /// Where to go on: the newest that came after everything before it had been applied.
    cursor: String,
    next_probe: u64,
    /// Streams in a row on which no probe has come back.
    failures: u32,
    /// Which address is followed.
    address: usize,
}

/// Why a stream was left.
#[derive(Debug, thiserror::Error)]
enum Left {
    #[error("the cursor has expired")]
    CursorExpired,
    #[error("it echoed no probe in time")]
    Silent,
    #[error("it ended the stream")]
    Ended,
    #[error("it told what this version does not understand")]
    Unreadable,
    #[error("{0}")]
    Refused(Box<Status>),
}

impl Follower {
    pub(crate) fn new(known: Arc<Knowledge>, endpoints: Arc<Endpoints>, max_staleness: Duration) -> Self {
        let address = fastrand::usize(..endpoints.len());
        let lease = Lease::new(max_staleness);
        Self { known, endpoints, lease, cursor: String::new(), next_probe: 1, failures: 0, address }
    }

    pub(crate) async fn run(mut self) {
        loop {
            let left = self.follow(self.endpoints.connect(self.address)).await;
            if matches!(left, Left::CursorExpired) && !self.cursor.is_empty() {
                self.cursor.clear();
                continue;
            }
            self.log(&left);
            sleep(pause(self.failures, fastrand::f64())).await;
            self.failures = self.failures.saturating_add(1);
            self.address = (self.address + 1) % self.endpoints.len();
        }
    }

    fn log(&self, left: &Left) {
        let address = self.endpoints.name(self.address);
        match self.failures {
            0 => tracing::warn!(%address, cause = %left, "auth-service is not followed; trying again"),
            _ => tracing::debug!(%address, cause = %left, "auth-service is still not followed"),
        }
    }

    /// Follows one stream until it has to be left.
    async fn follow(&mut self, mut client: TokenServiceClient<Channel>) -> Left {
        self.lease.begin_stream();
        let (asking, asked) = mpsc::channel(MOST_UNSENT);
        ask(&asking, Ask::Start(Start { cursor: self.cursor.clone() }));
        let mut probes = interval(PROBE_INTERVAL);
        probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        probes.tick().await;
        self.probe(&asking);
        let mut give_up = Instant::now() + LONGEST_SILENCE;
        let mut stream = match timeout_at(give_up, client.watch_revocations(ReceiverStream::new(asked))).await {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => return Left::of(status),
            Err(_elapsed) => return Left::Silent,
        };
        let mut forgetting = interval(FORGET_INTERVAL);
        loop {
            tokio::select! {
                told = stream.message() => match told.map(|told| told.map(|told| self.apply(told))) {
                    Ok(Some(Ok(true))) => give_up = Instant::now() + LONGEST_SILENCE,
                    Ok(Some(Ok(false))) => {}
                    Ok(Some(Err(left))) => return left,
                    Ok(None) => return Left::Ended,
                    Err(status) => return Left::of(status),
                },
                _ = probes.tick() => self.probe(&asking),
                _ = forgetting.tick() => self.known.forget_expired(),
                () = sleep_until(give_up) => return Left::Silent,
            }
        }
    }

    /// Counts from before it is sent: that may take its time.
    fn probe(&mut self, asking: &mpsc::Sender<WatchRevocationsRequest>) {
        let id = self.next_probe;
        self.next_probe += 1;
        self.lease.sent(id, Instant::now());
        ask(asking, Ask::Probe(Probe { id }));
    }

    /// Takes one message in, wholly. Whether it was a sign of life: revocations alone are none, because probes may wait
    /// behind them for ever; the parts of a snapshot are, because they come to an end.
    fn apply(&mut self, told: WatchRevocationsResponse) -> Result<bool, Left> {
        let alive = match told.kind.ok_or(Left::Unreadable)? {
            Told::Snapshot(part) => {
                self.revoke(&part)?;
                // Its cursor would skip the parts that are still to come.
                return Ok(true);
            }
            Told::Revocations(list) => {
                self.revoke(&list)?;
                list.revocations.iter().for_each(|revocation| self.known.heard_of(&revocation.id));
                false
            }
            Told::Echo(echo) => self.echoed(echo.id),
        };
        if !told.cursor.is_empty() {
            self.cursor = told.cursor;
        }
        Ok(alive)
    }

    fn echoed(&mut self, id: u64) -> bool {
        let Some(until) = self.lease.echoed(id) else { return false };
        self.known.freshness.extend(until);
        self.endpoints.is_back(self.address);
        if self.failures > 0 {
            tracing::info!(address = %self.endpoints.name(self.address), "auth-service is followed again");
            self.failures = 0;
        }
        true
    }

    /// One that cannot be understood is not passed over: the stream is left, and nothing is fresh for long.
    fn revoke(&self, list: &RevocationList) -> Result<(), Left> {
        for revocation in &list.revocations {
            let (subject, expire_time) = read(revocation).ok_or(Left::Unreadable)?;
            self.known.revoke(&subject, expire_time);
        }
        Ok(())
    }
}

/// What does not fit waits for nobody: the next probe asks the same.
fn ask(asking: &mpsc::Sender<WatchRevocationsRequest>, kind: Ask) {
    let _ = asking.try_send(WatchRevocationsRequest { kind: Some(kind) });
}

fn read(revocation: &Revocation) -> Option<(Subject, SystemTime)> {
    let subject = Subject::read(revocation.subject.as_ref()?)?;
    Some((subject, SystemTime::try_from(revocation.expire_time?).ok()?))
}

impl Left {
    fn of(status: Status) -> Self {
        let expired = ErrorReason::CursorExpired.reason();
        let says_so = |info: tonic_types::ErrorInfo| info.domain == refusal::DOMAIN && info.reason == expired;
        if status.code() == Code::OutOfRange && status.get_details_error_info().is_some_and(says_so) {
            return Self::CursorExpired;
        }
        Self::Refused(Box::new(status))
    }
}
