//! Health that tells the truth: SERVING only while the database answers.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{CancellationToken, database::Database};

/// How often the database is asked.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `grpc.health.v1` and `/readyz` answer.
pub struct Health {
    reporter: HealthReporter,
    services: Vec<&'static str>,
    ready: watch::Sender<bool>,
}

impl Health {
    /// NOT_SERVING for these services, and for the server as a whole, until the database has answered.
    pub async fn new(services: Vec<&'static str>) -> Self {
        let health = Self { reporter: HealthReporter::new(), services, ready: watch::Sender::new(false) };
        health.set(false).await;
        health
    }

    /// What the gRPC health service reads.
    pub(crate) fn reporter(&self) -> HealthReporter {
        self.reporter.clone()
    }

    /// What the readiness probe reads.
    pub(crate) fn readiness(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// Asks the database again and again until `shutdown`; then NOT_SERVING for good.
    pub async fn follow(self, database: Database, shutdown: CancellationToken) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let follow = async {
            loop {
                ticks.tick().await;
                let answered = matches!(timeout(PATIENCE, database.ping()).await, Ok(Ok(())));
                if answered != *self.ready.borrow() {
                    tracing::info!(serving = answered, "health changed");
                    self.set(answered).await;
                }
            }
        };
        shutdown.run_until_cancelled(follow).await;
        self.set(false).await;
    }

    async fn set(&self, serving: bool) {
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.ready.send_replace(serving);
        for service in self.services.iter().chain([&""]) {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
