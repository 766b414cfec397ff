//! `auth-service doctor`.

use std::{process::ExitCode, sync::Arc};

use anyhow::ensure;
use service_runtime::{
    clock::Clock,
    database::Database,
    doctor::{DoctorOptions, Findings, checks},
};

use crate::{
    migration::Migrator,
    revocations::Revocations,
    settings::{HashingSettings, Settings},
    signing::SigningKeys,
    store::Store,
};

/// Looks at everything that the service needs, and changes nothing.
///
/// # Errors
/// When the findings cannot be told.
pub async fn doctor(settings: &Settings, options: DoctorOptions) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    let mut findings = Findings::default();
    findings.add("settings", settings.check().map(|()| "they go together"));
    findings.add("hashing", hashing(&settings.passwords.hashing));
    findings.add("env-file", checks::environment_file());
    let listen = &settings.listen;
    let ports = [
        ("AUTH_LISTEN", listen.public),
        ("AUTH_INTERNAL_LISTEN", listen.internal),
        ("AUTH_OPERATIONS_LISTEN", listen.operations),
    ];
    findings.add("ports", checks::ports(&ports).await);
    let database = settings.database.to_settings();
    match checks::database::<Migrator>(&mut findings, "AUTH_DATABASE_URL", &database, &clock).await {
        Some(database) => findings.add("master-key", master_key(settings, &database, clock).await),
        None => findings.skip(&["master-key"], "the database has to be there and up to date first"),
    }
    Ok(findings.tell(options)?)
}

fn hashing(settings: &HashingSettings) -> anyhow::Result<&'static str> {
    HashingSettings { allow_weak: false, ..*settings }.scheme()?;
    ensure!(!settings.allow_weak, "AUTH_ALLOW_WEAK_HASH is set, which is for tests only; unset it");
    Ok("a hash costs enough")
}

/// Whether the master key is there, and opens the signing keys that are.
async fn master_key(settings: &Settings, database: &Database, clock: Clock) -> anyhow::Result<&'static str> {
    let store = Store::new(database.clone(), Arc::new(Revocations::new(clock)));
    let is_new = store.signing_keys().await?.is_empty();
    let source = settings.master_key.existing_source(database);
    let is_made_at_start = source.value.is_none() && settings.master_key.master_key_file.is_none();
    if is_new && is_made_at_start && source.file.as_ref().is_some_and(|file| !file.exists()) {
        return Ok("there is none yet, nor a signing key; the first start makes both");
    }
    let master = checks::secret(source)?;
    SigningKeys::check(&store, &master).await?;
    Ok(if is_new { "it is a good one; the first start makes a signing key" } else { "it opens the signing key" })
}
