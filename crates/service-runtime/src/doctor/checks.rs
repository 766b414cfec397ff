//! What both services need: ports, a database with its schema, files that are nobody else's, and a clock that is right.

use std::{
    fs,
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, bail, ensure};
use chrono::TimeDelta;
use rustix::fs::{Access, access};
use sea_orm_migration::MigratorTrait;

use super::Findings;
use crate::{
    clock::Clock,
    database::{Database, DatabaseSettings},
    sealed::MasterKey,
    service::healthcheck,
};

/// Two replicas that differ from the database by so much differ from each other by less than tokens allow for.
const LARGEST_DIFFERENCE: TimeDelta = TimeDelta::seconds(2);

/// What the checks need that look at a database.
const OF_THE_DATABASE: [&str; 3] = ["migrations", "files", "clock"];

/// Whether each port is free, or in use by the service itself, which then answers for its health. The first of them is
/// the one that it answers at.
///
/// # Errors
/// When one is taken by somebody else, or cannot be listened on; the message names the variable.
pub async fn ports(ports: &[(&'static str, SocketAddr)]) -> anyhow::Result<String> {
    let mut listeners = Vec::new();
    let mut in_use = Vec::new();
    for (variable, address) in ports {
        match TcpListener::bind(address) {
            // Kept until all are looked at, so that two settings with one port are found out.
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => in_use.push((*variable, *address)),
            Err(error) => {
                let mend = format!("set {variable} to an address of this machine and a port that is free");
                return Err(error).with_context(|| format!("cannot listen on {address}; {mend}"));
            }
        }
    }
    match (in_use.first(), ports.first()) {
        (Some((variable, address)), Some((_, public))) => {
            let served = in_use.len() == ports.len() && healthcheck(*public).await.is_ok();
            ensure!(served, "{address} is in use, and not by this service; set {variable} to a port that is free");
            Ok("the service is running on them, and serves".to_owned())
        }
        _ => Ok("they are free".to_owned()),
    }
}

/// Looks into the database: whether it answers, whether its schema is the program's, whether its files are nobody
/// else's, and whether its clock agrees. What comes back can only be read. `variable` names the setting with its URL.
pub async fn database<M: MigratorTrait>(
    findings: &mut Findings,
    variable: &'static str,
    settings: &DatabaseSettings,
    clock: &Clock,
) -> Option<Database> {
    let begun = Instant::now();
    let answered = async {
        if let Some(file) = settings.file()?.filter(|file| !file.exists()) {
            bail!("there is none at {}; run `migrate` or start the service, or set {variable}", file.display());
        }
        let database = Database::look_into(settings).await.with_context(|| format!("see {variable}"))?;
        database.ping().await.with_context(|| format!("the database does not answer; see {variable}"))?;
        let took = begun.elapsed().as_millis();
        Ok((database, format!("it answers, {took} ms after the first try to reach it")))
    };
    let Some(database) = findings.keep("database", answered.await) else {
        findings.skip(&OF_THE_DATABASE, "the database cannot be looked into");
        return None;
    };
    let schema = database.check_schema::<M>().await;
    let is_current = schema.is_ok();
    findings.add("migrations", schema.map(|()| "none is missing"));
    findings.add("files", files(&database, settings));
    findings.add("clock", difference(&database, clock).await);
    is_current.then_some(database)
}

fn files(database: &Database, settings: &DatabaseSettings) -> anyhow::Result<String> {
    let (Some(folder), Some(file)) = (database.folder(), settings.file()?) else {
        return Ok("there are none on this machine".to_owned());
    };
    for suffix in ["", "-wal", "-shm"] {
        let path = PathBuf::from(format!("{}{suffix}", file.display()));
        if path.exists() {
            private(&path)?;
            writable(&path)?;
        }
    }
    writable(folder)?;
    Ok(format!("those of {} are this user's alone, and can be written", file.display()))
}

fn writable(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    access(path, Access::WRITE_OK).with_context(|| format!("{shown} cannot be written; give it to the service's user"))
}

async fn difference(database: &Database, clock: &Clock) -> anyhow::Result<String> {
    let before = clock.now();
    let theirs = database.now(database.reader(), clock).await.context("the database does not tell its time")?;
    let after = clock.now();
    // It looked at its clock somewhere in between.
    let least = (theirs - after).max(before - theirs).max(TimeDelta::zero());
    let most = (theirs - before).max(after - theirs);
    let told =
        |difference: TimeDelta| format!("{}.{:03} s", difference.num_seconds(), difference.subsec_nanos() / 1_000_000);
    ensure!(
        least <= LARGEST_DIFFERENCE,
        "this machine's clock and the database's differ by {} at least, and {} s are the most that is safe; have both set \
         by NTP",
        told(least),
        LARGEST_DIFFERENCE.num_seconds()
    );
    Ok(format!("it differs from the database's by {} at most", told(most)))
}

/// Whether a key that was chosen for an installation can be random.
///
/// # Errors
/// When it is a pattern or a text; the message names the variable and the mend.
pub fn random(variable: &str, key: &MasterKey) -> anyhow::Result<()> {
    ensure!(
        key.may_be_random(),
        "{variable} is a pattern or a text and no random key; before anything is sealed with it, make one with `openssl \
         rand -base64 32`"
    );
    Ok(())
}

/// Whether the file `.env`, which may hold secrets, is nobody else's to read, if there is one.
///
/// # Errors
/// When it is; the message names the mend.
pub fn environment_file() -> anyhow::Result<String> {
    // As dotenvy looks for it: here, and in every folder above.
    let here = std::env::current_dir().context("there is no working directory")?;
    match here.ancestors().map(|folder| folder.join(".env")).find(|file| file.is_file()) {
        Some(file) => private(&file).map(|()| format!("{} is this user's alone", file.display())),
        None => Ok("there is none".to_owned()),
    }
}

fn private(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let mode = fs::metadata(path).with_context(|| format!("cannot look at {shown}"))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{shown} is open to others (mode {:03o}); mend it with `chmod 600 {shown}`", mode & 0o777);
    }
    Ok(())
}
