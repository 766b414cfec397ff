//! `task-service doctor`.

use std::process::ExitCode;

use anyhow::Context;
use service_runtime::{
    clock::Clock,
    database::Database,
    doctor::{DoctorOptions, Findings, checks},
    sealed::MasterKey,
};

use crate::{grpc::judges_tokens, migration::Migrator, settings::Settings};

/// Looks at everything that the service needs, and changes nothing.
///
/// # Errors
/// When the findings cannot be told.
pub async fn doctor(settings: &Settings, options: DoctorOptions) -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    findings.add("auth-service", auth_service(&settings.auth_url).await);
    findings.add("env-file", checks::environment_file());
    let ports = [("TASK_LISTEN", settings.listen), ("TASK_OPERATIONS_LISTEN", settings.operations_listen)];
    findings.add("ports", checks::ports(&ports).await);
    let database = settings.database.to_settings();
    match checks::database::<Migrator>(&mut findings, "TASK_DATABASE_URL", &database, &Clock::system()).await {
        Some(database) => findings.add("page-token-key", page_token_key(settings, &database)),
        None => findings.skip(&["page-token-key"], "the database has to be there and up to date first"),
    }
    Ok(findings.tell(options)?)
}

/// Whether every replica of auth-service that is named is there and judges tokens.
async fn auth_service(urls: &str) -> anyhow::Result<String> {
    let urls: Vec<_> = urls.split(',').map(str::trim).collect();
    for url in &urls {
        let mend = || format!("start auth-service, or set TASK_AUTH_URL, which names {url}, to its internal port");
        judges_tokens(url).await.with_context(mend)?;
    }
    Ok(format!("it judges tokens at {}", urls.join(" and ")))
}

/// Whether the key is there, if the first start does not make it.
fn page_token_key(settings: &Settings, database: &Database) -> anyhow::Result<&'static str> {
    let source = settings.page_tokens.existing_source(database);
    let is_made_at_start = source.value.is_none() && settings.page_tokens.file.is_none();
    if is_made_at_start && source.file.as_ref().is_some_and(|file| !file.exists()) {
        return Ok("there is none yet; the first start makes it");
    }
    let variable = source.variable;
    checks::random(variable, &MasterKey::load(source)?)?;
    Ok("it is a good one")
}
