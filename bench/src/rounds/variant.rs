//! One variant, measured once.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use tonic::transport::Channel;
use xtask::http;

use super::Figures;
use crate::{
    calls::{CreateTask, GetTask, ListTasks, Login, Refused, Target, ValidateEach, ValidateToken, connect},
    cpu,
    load::{self, Call, Load},
    options::Options,
    pgbench::Script,
    rows::Variant,
    storm::Storm,
};

/// What the servers have done up to a moment.
struct Spent {
    cpu: Vec<Duration>,
    resident_mebibytes: f64,
    validations: Option<f64>,
}

impl Variant {
    /// Once, over connections of its own: which of a server's threads serve which connection is chance, and a new one
    /// each time.
    ///
    /// # Errors
    /// When a call fails or a server is gone.
    pub async fn measure(&self, options: &Options) -> anyhow::Result<Figures> {
        let streams = self.streams.unwrap_or(options.streams);
        let mut connections = Vec::new();
        let count = usize::from(options.connections).max(self.addresses.len());
        for address in self.addresses.iter().cycle().take(count) {
            connections.push(connect(*address).await?);
        }
        let shared = connections.iter().cycle().take(usize::from(streams)).cloned();
        match &self.target {
            Target::ValidateToken { token } => {
                self.load(shared.map(|channel| ValidateToken::new(channel, token)).collect(), options).await
            }
            Target::ValidateFresh(mint) => {
                let tokens = Arc::new(mint.fresh().await?);
                self.load(shared.map(|channel| ValidateEach::new(channel, Arc::clone(&tokens))).collect(), options)
                    .await
            }
            Target::ValidateMany(mint) => {
                let tokens = Arc::new(mint.known().await?);
                self.load(shared.map(|channel| ValidateEach::new(channel, Arc::clone(&tokens))).collect(), options)
                    .await
            }
            Target::Refused(token) => {
                self.load(shared.map(|channel| Refused::new(channel, token)).collect(), options).await
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
            Target::Transaction(script) => self.transactions(script, streams, options).await,
        }
    }

    async fn transactions(&self, script: &Script, clients: u16, options: &Options) -> anyhow::Result<Figures> {
        let mut edges = Vec::new();
        let edge = || {
            edges.push(self.spent()?);
            Ok(())
        };
        let load = script.run(clients, options.warm_up(), options.measured(), edge).await?;
        self.figures(&load, &edges)
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
        let storm = match storm {
            Some(storm) => Some(storm.end(load.elapsed).await?),
            None => None,
        };
        Ok(Figures { storm, ..self.figures(&load, &edges)? })
    }

    fn spent(&self) -> anyhow::Result<Spent> {
        let cpu = self.servers.iter().map(|(_, server)| cpu::spent(*server)).collect::<anyhow::Result<_>>()?;
        let resident = self.servers.iter().map(|(_, server)| cpu::resident_mebibytes(*server));
        Ok(Spent {
            cpu,
            resident_mebibytes: resident.sum::<anyhow::Result<f64>>()?,
            validations: self.validations.map(validations).transpose()?,
        })
    }

    fn figures(&self, load: &Load, edges: &[Spent]) -> anyhow::Result<Figures> {
        let [before, after] = edges else { anyhow::bail!("a load has two edges") };
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
///
/// # Errors
/// When it does not tell.
pub fn validations(operations: SocketAddr) -> anyhow::Result<f64> {
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
