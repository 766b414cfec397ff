//! What task-service's way of keeping tasks is compared with. Each row has servers and databases of its own, which are
//! gone with it; nobody is asked who calls, so that nothing but the storage differs.

mod commits;
mod driver;
mod pages;
mod transactions;

use std::path::Path;

use crate::{
    database::{Database, Engine},
    options::Options,
    programs::{Served, Setting},
    results::Results,
};

/// Measures those of the rows that are wanted and can be.
pub async fn measure(options: &Options, results: &mut Results) {
    if options.wants(commits::NAME) {
        results.add(commits::NAME, commits::measure(options).await);
    }
    for (name, engine) in Engine::rows(driver::NAME, options) {
        results.add(&name, driver::measure(engine, name.clone(), options).await);
    }
    if let Some(engine) = Engine::postgres(driver::ROUND_TRIPS, options) {
        results.add(driver::ROUND_TRIPS, driver::round_trips(engine).await);
    }
    if let Some(engine) = Engine::postgres(transactions::NAME, options) {
        results.add(transactions::NAME, transactions::measure(engine, options).await);
    }
    for (name, engine) in Engine::rows(pages::NAME, options) {
        results.add(&name, pages::measure(engine, name.clone(), options).await);
    }
}

/// task-service where a token is the id of its user.
async fn open_tasks(name: &str, folder: &Path, database_url: &str, settings: &[Setting<'_>]) -> anyhow::Result<Served> {
    Served::comparison(name, &["serve-tasks-open"], folder, database_url, settings).await
}

/// Does something on a database that is made for it and removed afterwards.
async fn on<T>(
    engine: Engine,
    folder: &Path,
    work: impl AsyncFnOnce(&Database) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let database = Database::create(engine, folder).await?;
    let done = work(&database).await;
    database.remove().await?;
    done
}
