//! `auth-service keys`.

use std::{io, process::ExitCode};

use clap::{Args, Subcommand};
use serde_json::json;
use service_runtime::database::Database;

use super::{
    NOT_FOUND,
    output::{Output, can_ask, confirmed, counted, exact, in_seconds, note, printable, say},
};
use crate::{
    event::Origin,
    keys::{Keys, Revoked, Rotated},
    secrets::{MasterKeys, Secrets},
    settings::Settings,
    signing::{Key, KeyMaker},
    store::Sealed,
};

const HEADER: &str =
    "KEY                               STATE     CREATED               SIGNS FROM            RETIRES OR REVOKED";

/// What can be done with signing keys.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
    /// Print signing keys, one a line, the oldest first
    List(ListKeys),
    /// Make the key that signs next; the service does so by itself in time
    Rotate(RotateKey),
    /// Have every token refused that a key signed, because somebody else may have the key
    Revoke(RevokeKey),
    /// Seal all keys and secrets in the database under another master key
    #[command(after_help = "\
What AUTH_MASTER_KEY_PREVIOUS sealed is sealed under AUTH_MASTER_KEY, all of it or nothing. Nobody is logged out.

  1. Restart each replica with the new key as AUTH_MASTER_KEY and the old one as AUTH_MASTER_KEY_PREVIOUS.
  2. Once all of them have both: auth-service keys reseal
  3. Restart each replica without AUTH_MASTER_KEY_PREVIOUS, and destroy the old key.

Example, with the keys in files:
  AUTH_MASTER_KEY_FILE=new.key AUTH_MASTER_KEY_PREVIOUS_FILE=old.key auth-service keys reseal")]
    Reseal,
}

/// How to print keys.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Each line has the key's id (`kid`), its state, when it was made, from when on it signs, and when it retires or was
revoked (- if that is not known yet).

  pending   published, and does not sign yet
  active    signs; there is always one
  retiring  signs no more, and is published for the tokens that it signed
  retired   no token that it signed is good any more
  revoked   every token that it signed is refused

Examples:
  auth-service keys list
  auth-service keys list --json | jq -r 'select(.state == \"active\").kid'")]
pub struct ListKeys {
    /// One JSON object a line: kid, state, create_time, active_time, retire_time, revoke_time
    #[arg(long)]
    json: bool,
}

/// How soon to rotate.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The new key is published for AUTH_KEY_PUBLICATION, so that whoever keeps the key set has it in time, and then takes over.
No token becomes void. Where a key is pending already, nothing is done.

Examples:
  auth-service keys rotate
  auth-service keys rotate --now")]
pub struct RotateKey {
    /// Let it sign at once. Both services know it at once, too; whoever else keeps the key set may refuse new tokens until
    /// it is fetched again
    #[arg(long)]
    now: bool,
}

/// Which key to revoke.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Within three seconds every replica and every service that follows refuses the tokens that it signed. Nobody is logged out:
people go on with new tokens by RefreshToken. If the key was the active one, a new key signs at once. Whoever checks tokens
with the key set alone goes on accepting them until the set is fetched again. Nothing undoes it.

Example:
  auth-service keys revoke \"$(auth-service keys list --json | jq -r 'select(.state == \"active\").kid')\" --yes")]
pub struct RevokeKey {
    /// The key's id, as `auth-service keys list` has it
    #[arg(value_name = "KID", allow_hyphen_values = true)]
    kid: String,
    /// Do not ask; needed where there is nobody to ask
    #[arg(long)]
    yes: bool,
}

impl KeysCommand {
    /// Whether it has been confirmed, or somebody can be asked, or need not be; says how, if not.
    pub(super) fn can_be_confirmed(&self) -> bool {
        match self {
            Self::Revoke(revoke) => revoke.yes || can_ask("add --yes to revoke the key"),
            _ => true,
        }
    }

    pub(super) async fn run(&self, keys: &Keys, settings: &Settings, database: &Database) -> anyhow::Result<ExitCode> {
        let masters = || settings.master_key.load_existing(database);
        match self {
            Self::List(list) => list.run(keys).await,
            Self::Rotate(rotate) => rotate.run(keys, &maker(keys, &masters()?).await?, settings).await,
            Self::Revoke(revoke) => revoke.run(keys, &maker(keys, &masters()?).await?).await,
            Self::Reseal => reseal(keys, &masters()?).await,
        }
    }
}

async fn maker(keys: &Keys, masters: &MasterKeys) -> anyhow::Result<KeyMaker> {
    KeyMaker::new(&Secrets::open(&keys.store, masters).await?, masters)
}

impl ListKeys {
    async fn run(&self, keys: &Keys) -> anyhow::Result<ExitCode> {
        let mut output = Output::new();
        if output.is_terminal() && !self.json {
            output.line(format_args!("{HEADER}"))?;
        }
        keys.list().await?.iter().try_for_each(|key| self.print(key, &mut output))?;
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, key: &Key, output: &mut Output) -> io::Result<()> {
        if self.json {
            let line = json!({
                "kid": key.kid,
                "state": key.state.name(),
                "create_time": exact(key.create_time),
                "active_time": exact(key.active_time),
                "retire_time": key.retire_time.map(exact),
                "revoke_time": key.revoke_time.map(exact),
            });
            return output.line(format_args!("{line}"));
        }
        let end = key.revoke_time.or(key.retire_time).map_or_else(|| "-".to_owned(), in_seconds);
        let (create, active) = (in_seconds(key.create_time), in_seconds(key.active_time));
        output.line(format_args!("{:32}  {:8}  {create:20}  {active:20}  {end}", key.kid, key.state.name()))
    }
}

impl RotateKey {
    async fn run(&self, keys: &Keys, maker: &KeyMaker, settings: &Settings) -> anyhow::Result<ExitCode> {
        let origin = Origin::command("auth-service keys rotate");
        match keys.rotate(self.now, maker, settings.keys.rules(), &origin).await? {
            Rotated::Active(kid) => say(format_args!("{kid} signs from now on")),
            Rotated::Pending(kid, time) => say(format_args!("{kid} is published, and signs from {}", in_seconds(time))),
            Rotated::PendingBefore(kid, time) => {
                let time = in_seconds(time);
                say(format_args!(
                    "{kid} is published already, and signs from {time}: nothing to do; --now does not wait"
                ))
            }
            Rotated::Full(time) => {
                let time = in_seconds(time);
                note(format_args!("error: as many keys are published as may be; try again after {time}"));
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

impl RevokeKey {
    async fn run(&self, keys: &Keys, maker: &KeyMaker) -> anyhow::Result<ExitCode> {
        let kid = printable(&self.kid);
        let question = format!("Revoke {kid}, so that every token that it signed is refused?");
        if !self.yes && !confirmed(&question)? {
            note("nothing was revoked");
            return Ok(ExitCode::FAILURE);
        }
        match keys.revoke(&self.kid, maker, &Origin::command("auth-service keys revoke")).await? {
            Revoked::Made => say(format_args!("revoked {kid}")),
            Revoked::Replaced(new) => say(format_args!("revoked {kid}: {new} signs from now on")),
            Revoked::MadeBefore => say(format_args!("{kid} was revoked before: nothing to do")),
            Revoked::NoSuchKey => {
                note("error: there is no such key");
                Ok(ExitCode::from(NOT_FOUND))
            }
        }
    }
}

async fn reseal(keys: &Keys, masters: &MasterKeys) -> anyhow::Result<ExitCode> {
    let counts = keys.reseal(masters).await?;
    let count = |what| counts.get(&what).copied().unwrap_or_default();
    let (keys, secrets) = (count(Sealed::SigningKey), count(Sealed::Secret));
    if keys + secrets == 0 {
        return say(format_args!("everything is sealed under AUTH_MASTER_KEY already: nothing to do"));
    }
    let (keys, secrets) = (counted(keys, "signing key"), counted(secrets, "other secret"));
    say(format_args!("{keys} and {secrets} are sealed under AUTH_MASTER_KEY now"))
}
