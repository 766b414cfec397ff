//! What administrators do from the command line, beside a running service or without one.
//!
//! A command works on the service's database, by the service's own settings. It neither makes a database nor brings one
//! up to date, because both belong to the service; and what it changes, the running service learns from there.

mod doctor;
mod import;
mod keys;
mod list;
mod not_before;
mod output;
mod single;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Subcommand;
use service_runtime::{
    clock::Clock,
    database::{Database, DatabaseSettings},
};

pub use self::{
    doctor::doctor,
    import::ImportUsers,
    keys::{KeysCommand, ListKeys, RevokeKey, RotateKey},
    list::ListUsers,
    not_before::{NotBeforeCommand, OfIssuer, OfUser},
    single::{DeleteUser, OneUser},
};
use crate::{
    identities::FormerNames, keys::Keys, limiter::Names, migration::Migrator, revocations::Revocations,
    secrets::Secrets, settings::Settings, store::Store, users::Users,
};

/// How a command ended that says so by its exit status: 0 for done, 1 for an error, which `main` tells.
const USAGE: u8 = 2;
const NOT_FOUND: u8 = 3;

/// One to read, one to write.
const CONNECTIONS: u32 = 2;

/// What can be done with users.
#[derive(Clone, Debug, Subcommand)]
pub enum UsersCommand {
    /// Print users, one a line, the oldest first
    List(ListUsers),
    /// Keep a user from logging in, and end every session at once
    #[command(after_help = "Example:\n  auth-service users disable ada@example.org")]
    Disable(OneUser),
    /// Let a user log in again; the sessions that ended stay ended
    #[command(after_help = "Example:\n  auth-service users enable ada@example.org")]
    Enable(OneUser),
    /// Delete a user for good, with all that is kept about the person
    Delete(DeleteUser),
    /// Make users of another system's, with the passwords that they have there
    Import(ImportUsers),
}

/// Runs a command to its end, and tells the exit status.
///
/// # Errors
/// When it could not be done; the message says why.
pub async fn run(command: &UsersCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        UsersCommand::Delete(delete) if !delete.can_be_confirmed() => return Ok(ExitCode::from(USAGE)),
        _ => {}
    }
    let place = Place::open(settings).await?;
    let users = Users { store: place.store.clone(), clock: Clock::system() };
    let done = match command {
        UsersCommand::List(list) => list.run(&users).await,
        UsersCommand::Disable(user) => user.disable(&users).await,
        UsersCommand::Enable(user) => user.enable(&users).await,
        UsersCommand::Delete(delete) => delete.run(&users, &names(settings, &place).await?).await,
        UsersCommand::Import(import) => import.run(&users).await,
    };
    place.tell().await;
    done
}

/// Runs a command on the signing keys to its end, and tells the exit status.
///
/// # Errors
/// When it could not be done; the message says why.
pub async fn run_keys(command: &KeysCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    if !command.can_be_confirmed() {
        return Ok(ExitCode::from(USAGE));
    }
    let place = Place::open(settings).await?;
    let keys = Keys { store: place.store.clone(), clock: Clock::system() };
    let done = command.run(&keys, settings, &place.database).await;
    place.tell().await;
    done
}

/// Runs a command on the tokens of other issuers to its end, and tells the exit status.
///
/// # Errors
/// When it could not be done; the message says why.
pub async fn run_not_before(command: &NotBeforeCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    let place = Place::open(settings).await?;
    let users = Users { store: place.store.clone(), clock: Clock::system() };
    let done = command.run(&users, settings).await;
    place.tell().await;
    done
}

/// Where the service keeps what it knows.
struct Place {
    database: Database,
    store: Store,
    revocations: Arc<Revocations>,
}

impl Place {
    async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let settings = DatabaseSettings { max_connections: CONNECTIONS, ..settings.database.to_settings() };
        let database = Database::connect_existing(&settings).await.context("see AUTH_DATABASE_URL")?;
        database.check_schema::<Migrator>().await?;
        let revocations = Arc::new(Revocations::new(Clock::system()));
        Ok(Self { store: Store::new(database.clone(), Arc::clone(&revocations)), database, revocations })
    }

    /// Has running services look at once, if something was revoked.
    async fn tell(&self) {
        if self.revocations.are_any() {
            self.store.ring().await;
        }
    }
}

/// What is remembered of a user goes by names that only the service's own key yields: with another one it would be left
/// behind, or nothing would keep a deleted user from coming back.
async fn names(settings: &Settings, place: &Place) -> anyhow::Result<(Names, FormerNames)> {
    let masters = settings.master_key.load_existing(&place.database)?;
    let secrets = Secrets::peek(&place.store, &masters).await?;
    Ok((Names::new(secrets.accounts()), FormerNames::new(secrets.former_identities())))
}
