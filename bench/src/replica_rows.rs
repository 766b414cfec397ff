//! What several replicas of auth-service on one PostgreSQL cost and know of each other. Each row has servers and a database
//! of its own, which are gone with it.

mod logout;
mod spread;
mod statements;

use std::path::Path;

use xtask::scratch::Scratch;

use crate::{
    calls::Credentials,
    database::{Database, Engine},
    options::Options,
    programs::{AuthService, Setting},
    results::{Finding, Results},
};

/// Measures those of the rows that are wanted and can be.
pub async fn measure(options: &Options, results: &mut Results) {
    add(spread::NAME, spread::measure, options, results).await;
    add(statements::NAME, statements::measure, options, results).await;
    add(logout::NAME, logout::heard, options, results).await;
    add(logout::DEAF, logout::deaf, options, results).await;
}

async fn add<F: Finding>(
    name: &str,
    measure: impl AsyncFnOnce(&Ground<'_>, &Options) -> anyhow::Result<F>,
    options: &Options,
    results: &mut Results,
) {
    let Some(engine) = Engine::postgres(name, options) else { return };
    results.add(name, on(engine, measure, options).await);
}

async fn on<F: Finding>(
    engine: Engine,
    measure: impl AsyncFnOnce(&Ground<'_>, &Options) -> anyhow::Result<F>,
    options: &Options,
) -> anyhow::Result<F> {
    let folder = Scratch::create("bench")?;
    let database = Database::create(engine, folder.path()).await?;
    let measured = measure(&Ground { database: &database, folder: folder.path() }, options).await;
    database.remove().await?;
    measured
}

/// A database for auth-service, and a folder for logs.
struct Ground<'a> {
    database: &'a Database,
    folder: &'a Path,
}

impl Ground<'_> {
    /// So many replicas on the database of this URL, with a user.
    async fn replicas(
        &self,
        count: usize,
        database_url: &str,
        settings: &[Setting<'_>],
        options: &Options,
    ) -> anyhow::Result<(Vec<AuthService>, Credentials)> {
        let mut replicas = Vec::new();
        for number in 1..=count {
            let name = format!("auth-service-{number}-of-{count}");
            replicas.push(AuthService::start(&name, options, self.folder, database_url, settings).await?);
        }
        let credentials = Credentials::of(&format!("bench-{count}"));
        if let Some(first) = replicas.first() {
            first.sign_up(&credentials).await?;
        }
        Ok((replicas, credentials))
    }
}
