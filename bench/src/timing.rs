//! Whether the time of a refused login tells what kind of account it was tried on: Welch's t between logins that are
//! refused for an unknown address and those refused for each other reason.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::ensure;
use proto::auth::v1::{LoginRequest, auth_service_client::AuthServiceClient};
use serde::Serialize;
use tonic::{Code, transport::Channel};
use xtask::scratch::Scratch;

use crate::{
    calls::{Credentials, connect},
    options::Options,
    programs::AuthService,
    progress,
};

const DATABASE: &str = "sqlite://auth.db";
const WRONG_PASSWORD: &str = "Wr0ng-Xk4mPq9z";
/// Each kind of account, by the address that is tried. The first is the one that the others are compared with.
const KINDS: [&str; 4] = ["unknown", "known", "disabled", "imported"];
/// Logins of each kind that are not counted.
const WARM_UP: usize = 20;

/// What this is called in the report.
pub const NAME: &str = "Refused logins";

/// How much the hashes of a run cost.
#[derive(Clone, Copy, Debug)]
pub struct Hashes {
    /// What they are called in the report.
    pub name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    /// An imported hash: nobody knows its password, and nobody needs it.
    imported: &'static str,
}

/// So cheap that the rest of the work shows.
pub const CHEAP: Hashes = Hashes {
    name: "cheap hashes",
    settings: &[("AUTH_ALLOW_WEAK_HASH", "true"), ("AUTH_HASH_MEMORY_KIB", "64"), ("AUTH_HASH_ITERATIONS", "1")],
    imported: "$scrypt$ln=4,r=8,p=1$c29tZXNhbHRzb21lc2FsdA$FfBWbUPM8Zk0h/RhkRlkwiPMXmvWJzWZ4S0ysXAJgEM",
};

/// The defaults, and a hash such as Better Auth makes.
pub const REAL: Hashes = Hashes {
    name: "real hashes",
    settings: &[],
    imported: "$scrypt$ln=14,r=16,p=1$c29tZXNhbHRzb21lc2FsdA$FfBWbUPM8Zk0h/RhkRlkwiPMXmvWJzWZ4S0ysXAJgEM",
};

/// What the logins took.
#[derive(Debug, Serialize)]
pub struct Timing {
    /// How much the hashes cost.
    pub hashes: &'static str,
    /// Each kind of account.
    pub kinds: Vec<Kind>,
}

/// What the logins of one kind took.
#[derive(Debug, Serialize)]
pub struct Kind {
    /// Which.
    pub name: &'static str,
    /// How many were counted.
    pub logins: usize,
    /// What they took on average, in milliseconds.
    pub mean_milliseconds: f64,
    /// Welch's t against those of an unknown address.
    pub t: f64,
}

/// Measures about so many refused logins, one after the other, the kinds in an order that changes.
///
/// # Errors
/// When the service does not start, or a login is answered with anything but a refusal.
pub async fn measure(hashes: Hashes, logins: usize, options: &Options) -> anyhow::Result<Timing> {
    progress(&format!("Refused logins, {}: {logins}", hashes.name));
    let scratch = Scratch::create("bench-timing")?;
    let auth = start(hashes, options, scratch.path()).await?;
    let mut client = AuthServiceClient::new(connect(auth.public).await?);
    let mut taken: [Vec<f64>; KINDS.len()] = Default::default();
    for round in 0..WARM_UP + logins / KINDS.len() {
        for turn in 0..KINDS.len() {
            // Each kind follows each other one equally often.
            let kind = if round % 2 == 0 {
                (round / 2 + turn) % KINDS.len()
            } else {
                (round / 2 + KINDS.len() - turn) % KINDS.len()
            };
            let time = refused_login(&mut client, KINDS[kind]).await?;
            if round >= WARM_UP {
                taken[kind].push(time.as_secs_f64() * 1000.0);
            }
        }
    }
    let unknown = Sample::of(&taken[0]);
    let kinds = (KINDS.iter().zip(&taken))
        .map(|(name, taken)| {
            let sample = Sample::of(taken);
            Kind { name, logins: taken.len(), mean_milliseconds: sample.mean, t: sample.welch(&unknown) }
        })
        .collect();
    Ok(Timing { hashes: hashes.name, kinds })
}

async fn start(hashes: Hashes, options: &Options, folder: &Path) -> anyhow::Result<AuthService> {
    let auth = AuthService::start("auth-service", options, folder, DATABASE, hashes.settings).await?;
    for kind in ["known", "disabled"] {
        auth.sign_up(&Credentials::of(kind)).await?;
    }
    let line = serde_json::json!({ "email": Credentials::of("imported").email, "password_hash": hashes.imported });
    fs::write(folder.join("users.jsonl"), format!("{line}\n"))?;
    for arguments in [&["import", "users.jsonl"][..], &["disable", &Credentials::of("disabled").email]] {
        let mut command = Command::new(options.program("auth-service"));
        command.envs(hashes.settings.iter().copied()).env("AUTH_DATABASE_URL", DATABASE).current_dir(folder);
        let output = command.arg("users").args(arguments).output()?;
        ensure!(output.status.success(), "users {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(auth)
}

async fn refused_login(client: &mut AuthServiceClient<Channel>, kind: &str) -> anyhow::Result<Duration> {
    let request = LoginRequest {
        email: Credentials::of(kind).email,
        password: WRONG_PASSWORD.to_owned(),
        ..LoginRequest::default()
    };
    let begun = Instant::now();
    let answer = client.login(request).await;
    let taken = begun.elapsed();
    match answer {
        Err(status) if status.code() == Code::Unauthenticated => Ok(taken),
        other => anyhow::bail!("a login of {kind} was not refused as it should be: {other:?}"),
    }
}

struct Sample {
    mean: f64,
    /// The variance of the mean.
    variance: f64,
}

impl Sample {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, variance: squares / (count - 1.0) / count }
    }

    /// Welch's t (B. L. Welch, 1947).
    fn welch(&self, other: &Self) -> f64 {
        match self.mean - other.mean {
            0.0 => 0.0,
            difference => difference / (self.variance + other.variance).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_is_as_another_program_computes_it() {
        let first = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
        let second = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.7];
        let t = Sample::of(&first).welch(&Sample::of(&second));
        assert!((t + 2.8694).abs() < 1e-4, "{t}");
        assert_eq!(Sample::of(&first).welch(&Sample::of(&first)), 0.0);
    }
}
