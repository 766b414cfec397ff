//! The variants of a row take turns.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::Serialize;
use tonic::transport::Channel;
use xtask::http;

use crate::{
    calls::{CreateTask, GetTask, ListTasks, Login, Target, ValidateToken, connect},
    cpu,
    load::{self, Call, Load},
    options::Options,
    progress,
    rows::{Row, Variant},
    statistics::Spread,
    storm::{Storm, StormFigures},
};

/// A row, measured.
#[derive(Debug)]
pub struct Measured {
    /// What it tells.
    pub name: String,
    /// The ratios to reach.
    pub goal: &'static str,
    /// Its variants.
    pub variants: [MeasuredVariant; 2],
}

impl Measured {
    /// The median of what the first variant, which is ours, did in a second.
    pub fn calls_per_second(&self) -> f64 {
        Spread::of(self.variants[0].rounds.iter().map(|figures| figures.calls_per_second)).median
    }
}

/// A variant, measured once in each round.
#[derive(Debug)]
pub struct MeasuredVariant {
    /// What it is.
    pub name: &'static str,
    /// What each round gave.
    pub rounds: Vec<Figures>,
}

/// What one round gave.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Calls answered per second.
    pub calls_per_second: f64,
    /// Processor time that the servers spent for a call, in microseconds.
    pub cpu_microseconds_per_call: f64,
    /// The same for each of them.
    pub cpu_microseconds_by_server: Vec<(&'static str, f64)>,
    /// Half of the calls took at most so many microseconds.
    pub p50_microseconds: u64,
    /// 99 of 100 did.
    pub p99_microseconds: u64,
    /// 999 of 1,000 did.
    pub p999_microseconds: u64,
    /// How often auth-service was asked for a call, warm-up left out.
    pub validations_per_call: Option<f64>,
    /// The memory that the servers held at the end, in mebibytes.
    pub resident_mebibytes: f64,
    /// What became of the logins that came meanwhile.
    pub storm: Option<StormFigures>,
}

/// Measures a row: A B A B, and so on.
///
/// # Errors
/// When a call fails or a server is gone.
pub async fn measure(row: &Row<'_>, options: &Options) -> anyhow::Result<Measured> {
    progress(&row.name);
    let mut variants =
        [&row.variants[0], &row.variants[1]].map(|variant| MeasuredVariant { name: variant.name, rounds: vec![] });
    for round in 1..=options.rounds {
        for (variant, measured) in row.variants.iter().zip(&mut variants) {
            let figures = variant.measure(options).await;
            let figures = figures.with_context(|| format!("cannot measure {}: {}", row.name, variant.name))?;
            progress(&format!(
                "  round {round}/{}: {:<18} {:>8.0} calls/s {:>7.1} µs of CPU a call",
                options.rounds, variant.name, figures.calls_per_second, figures.cpu_microseconds_per_call
            ));
            measured.rounds.push(figures);
        }
    }
    Ok(Measured { name: row.name.clone(), goal: row.goal, variants })
}

/// What the servers have done up to a moment.
struct Spent {
    at: Instant,
    cpu: Vec<Duration>,
    resident_mebibytes: f64,
    validations: Option<f64>,
}

impl Variant<'_> {
    /// Once, over connections of its own: which of a server's threads serve which connection is chance, and a new one
    /// each time.
    async fn measure(&self, options: &Options) -> anyhow::Result<Figures> {
        let mut connections = Vec::new();
        for _ in 0..options.connections {
            connections.push(connect(self.address).await?);
        }
        let streams = self.streams.unwrap_or(options.streams);
        let shared = connections.iter().cycle().take(usize::from(streams)).cloned();
        match &self.target {
            Target::ValidateToken { token } => {
                self.load(shared.map(|channel| ValidateToken::new(channel, token)).collect(), options).await
            }
            Target::GetTask { token, task_id } => {
                let stream = |channel: Channel| GetTask::new(channel, token, task_id);
                self.load(shared.map(stream).collect::<anyhow::Result<_>>()?, options).await
            }
            Target::Login(credentials) => {
                self.load(shared.map(|channel| Login::new(channel, credentials)).collect(), options).await
            }
            Target::ListTasks { token, page_token } => {
                let stream = |channel: Channel| ListTasks::new(channel, token, page_token);
                self.load(shared.map(stream).collect::<anyhow::Result<_>>()?, options).await
            }
            Target::CreateTask => self.load(shared.map(CreateTask::new).collect::<anyhow::Result<_>>()?, options).await,
        }
    }

    async fn load(&self, streams: Vec<impl Call>, options: &Options) -> anyhow::Result<Figures> {
        let storm = match &self.storm {
            Some(storm) => Some(Storm::begin(storm.address, &storm.credentials, storm.logins_per_second).await?),
            None => None,
        };
        let mut edges = Vec::new();
        let edge = || {
            if let Some(storm) = &storm {
                storm.count(edges.is_empty());
            }
            edges.push(self.spent()?);
            Ok(())
        };
        let pace = self.calls_per_second.map(|rate| Duration::from_secs_f64(f64::from(options.streams) / rate));
        let load = load::run(streams, pace, options.warm_up(), options.measured(), edge).await?;
        let [before, after] = &*edges else { anyhow::bail!("a load has two edges") };
        let storm = match storm {
            Some(storm) => Some(storm.end(after.at - before.at).await?),
            None => None,
        };
        Ok(Figures { storm, ..self.figures(&load, before, after)? })
    }

    fn spent(&self) -> anyhow::Result<Spent> {
        let cpu = self.servers.iter().map(|(_, server)| cpu::spent(server.id())).collect::<anyhow::Result<_>>()?;
        let resident = self.servers.iter().map(|(_, server)| cpu::resident_mebibytes(server.id()));
        Ok(Spent {
            at: Instant::now(),
            cpu,
            resident_mebibytes: resident.sum::<anyhow::Result<f64>>()?,
            validations: self.validations.map(validations).transpose()?,
        })
    }

    fn figures(&self, load: &Load, before: &Spent, after: &Spent) -> anyhow::Result<Figures> {
        anyhow::ensure!(!load.latencies.is_empty(), "no call was answered in {:?}", load.elapsed);
        let calls = load.latencies.len() as f64;
        let spent = after.cpu.iter().zip(&before.cpu).map(|(after, before)| after.saturating_sub(*before));
        let by_server: Vec<_> = (self.servers.iter().zip(spent))
            .map(|((name, _), spent)| (*name, spent.as_secs_f64() * 1e6 / calls))
            .collect();
        Ok(Figures {
            calls_per_second: calls / load.elapsed.as_secs_f64(),
            cpu_microseconds_per_call: by_server.iter().map(|(_, spent)| spent).sum(),
            cpu_microseconds_by_server: by_server,
            p50_microseconds: load.latencies.value_at_quantile(0.5),
            p99_microseconds: load.latencies.value_at_quantile(0.99),
            p999_microseconds: load.latencies.value_at_quantile(0.999),
            validations_per_call: after
                .validations
                .zip(before.validations)
                .map(|(after, before)| (after - before) / calls),
            resident_mebibytes: after.resident_mebibytes,
            storm: None,
        })
    }
}

/// How often auth-service was asked to validate a token since it began.
fn validations(operations: SocketAddr) -> anyhow::Result<f64> {
    let metrics = http::get(operations, "/metrics").context("auth-service does not tell its metrics")?;
    Ok(sum_of_validations(&metrics))
}

fn sum_of_validations(metrics: &str) -> f64 {
    let counters = metrics.lines().filter(|line| {
        line.starts_with("grpc_server_handled_total{") && line.contains("/duet.auth.v1.TokenService/ValidateToken\"")
    });
    counters.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_validations_however_they_ended() {
        let metrics = "\
# TYPE grpc_server_handled counter
grpc_server_handled_total{method=\"/duet.auth.v1.TokenService/ValidateToken\",code=\"OK\"} 40
grpc_server_handled_total{method=\"/duet.auth.v1.TokenService/ValidateToken\",code=\"UNAVAILABLE\"} 2
grpc_server_handled_total{method=\"/duet.auth.v1.AuthService/Login\",code=\"OK\"} 700
grpc_server_handling_seconds_count{method=\"/duet.auth.v1.TokenService/ValidateToken\"} 42
";
        assert_eq!(sum_of_validations(metrics), 42.0);
        assert_eq!(sum_of_validations(""), 0.0);
    }
}
