//! What administrators do from the command line, beside a running service or without one.
//!
//! A command works on the service's database, by the service's own settings. It neither makes a database nor brings one
//! up to date, because both belong to the service; and what it changes, the running service learns from there.

mod doctor;
mod import;
mod list;
mod output;
mod single;

use std::{process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Subcommand;
use service_runtime::{
    clock::Clock,
    database::{Database, DatabaseSettings},
    sealed::MasterKey,
};

pub use self::{
    doctor::doctor,
    import::ImportUsers,
    list::ListUsers,
    single::{DeleteUser, OneUser},
};
use crate::{
    identities::FormerNames, limiter::Names, migration::Migrator, revocations::Revocations, settings::Settings,
    signing::SigningKeys, store::Store, users::Users,
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
    let database = open(settings).await?;
    let clock = Clock::system();
    let revocations = Arc::new(Revocations::new(clock.clone()));
    let users = Users { store: Store::new(database.clone(), Arc::clone(&revocations)), clock };
    let done = match command {
        UsersCommand::List(list) => list.run(&users).await,
        UsersCommand::Disable(user) => user.disable(&users).await,
        UsersCommand::Enable(user) => user.enable(&users).await,
        UsersCommand::Delete(delete) => delete.run(&users, &names(settings, &database, &users.store).await?).await,
        UsersCommand::Import(import) => import.run(&users).await,
    };
    if revocations.are_any() {
        users.store.ring().await;
    }
    done
}

async fn open(settings: &Settings) -> anyhow::Result<Database> {
    let settings = DatabaseSettings { max_connections: CONNECTIONS, ..settings.database.to_settings() };
    let database = Database::connect_existing(&settings).await.context("see AUTH_DATABASE_URL")?;
    database.check_schema::<Migrator>().await?;
    Ok(database)
}

/// What is remembered of a user goes by names that only the service's own key yields: with another one it would be left
/// behind, or nothing would keep a deleted user from coming back.
async fn names(settings: &Settings, database: &Database, store: &Store) -> anyhow::Result<(Names, FormerNames)> {
    let master = MasterKey::load(settings.master_key.existing_source(database))?;
    SigningKeys::check(store, &master).await?;
    Ok((Names::new(&master)?, FormerNames::new(&master)?))
}
