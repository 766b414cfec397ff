//! `auth-service doctor`.

use std::{process::ExitCode, sync::Arc};

use anyhow::{Context, ensure};
use service_runtime::{
    clock::Clock,
    database::Database,
    doctor::{DoctorOptions, Findings, checks},
};

use crate::{
    issuers::examine,
    migration::Migrator,
    revocations::Revocations,
    secrets::{ANOTHER_KEY, Secrets},
    settings::{HashingSettings, Settings},
    signing::{KeyMaker, Keyring},
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
    issuers(&mut findings, settings).await;
    Ok(findings.tell(options)?)
}

fn hashing(settings: &HashingSettings) -> anyhow::Result<&'static str> {
    HashingSettings { allow_weak: false, ..*settings }.scheme()?;
    ensure!(!settings.allow_weak, "AUTH_ALLOW_WEAK_HASH is set, which is for tests only; unset it");
    Ok("a hash costs enough")
}

/// Whether the master key is there, and opens what is sealed under it: the key that signs now and the other secrets.
async fn master_key(settings: &Settings, database: &Database, clock: Clock) -> anyhow::Result<&'static str> {
    let store = Store::new(database.clone(), Arc::new(Revocations::new(clock)));
    let keys = store.signing_keys().await?;
    if keys.is_empty() && settings.master_key.is_to_be_made(database) {
        return Ok("there is none yet, nor a signing key; the first start makes both");
    }
    let masters = settings.master_key.load_existing(database)?;
    checks::random("AUTH_MASTER_KEY", &masters.current)?;
    let maker = KeyMaker::new(&Secrets::peek(&store, &masters).await?, &masters)?;
    if keys.is_empty() {
        return Ok("it is a good one; the first start makes a signing key");
    }
    let ring = Keyring::from(keys);
    let active = ring.active().context("no signing key is active; a start of the service makes one")?;
    maker.open(active).context(ANOTHER_KEY)?;
    Ok("it opens the signing key that is active, and every other secret")
}

/// Whether the keys of each other issuer can be had now.
async fn issuers(findings: &mut Findings, settings: &Settings) {
    // What is wrong with the list itself has been found with the settings.
    for profile in settings.profiles().unwrap_or_default() {
        findings.add("issuer", examine(&profile).await);
    }
}
