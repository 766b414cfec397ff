//! `auth-service users disable | enable | delete`.

use std::process::ExitCode;

use clap::Args;

use super::{
    NOT_FOUND,
    output::{can_ask, confirmed, counted, note, printable, say},
};
use crate::{
    event::Origin,
    identities::FormerNames,
    limiter::Names,
    users::{Account, Change, UserName, Users},
};

/// Whom to change.
#[derive(Args, Clone, Debug)]
pub struct OneUser {
    /// The user's id or e-mail address
    #[arg(value_name = "USER")]
    name: UserName,
}

impl OneUser {
    pub(super) async fn disable(&self, users: &Users) -> anyhow::Result<ExitCode> {
        let Some(account) = self.find(users).await? else { return Ok(no_such_user()) };
        let change = users.disable(account.user.id, &Origin::command("auth-service users disable")).await?;
        let user = shown(&account);
        match change {
            Change::Made(sessions) => say(format_args!("disabled {user}: {} ended", counted(sessions, "session"))),
            Change::MadeBefore => say(format_args!("{user} was disabled before: nothing to do")),
            Change::NoSuchUser => Ok(no_such_user()),
        }
    }

    pub(super) async fn enable(&self, users: &Users) -> anyhow::Result<ExitCode> {
        let Some(account) = self.find(users).await? else { return Ok(no_such_user()) };
        let change = users.enable(account.user.id, &Origin::command("auth-service users enable")).await?;
        let user = shown(&account);
        match change {
            Change::Made(_) => say(format_args!("enabled {user}")),
            Change::MadeBefore => say(format_args!("{user} is not disabled: nothing to do")),
            Change::NoSuchUser => Ok(no_such_user()),
        }
    }

    async fn find(&self, users: &Users) -> anyhow::Result<Option<Account>> {
        Ok(users.find(&self.name).await?)
    }
}

/// Whom to delete.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
The sessions end at once, the person's data are erased here, and the other services are told to remove theirs. Nothing
brings the user back. The address may sign up again, as another user.

Example:
  auth-service users delete ada@example.org --yes")]
pub struct DeleteUser {
    #[command(flatten)]
    user: OneUser,
    /// Do not ask; needed where there is nobody to ask
    #[arg(long)]
    yes: bool,
}

impl DeleteUser {
    /// Whether it has been confirmed, or somebody can be asked; says how, if not.
    pub(super) fn can_be_confirmed(&self) -> bool {
        self.yes || can_ask("add --yes to delete the user for good")
    }

    pub(super) async fn run(&self, users: &Users, names: &(Names, FormerNames)) -> anyhow::Result<ExitCode> {
        let Some(account) = self.user.find(users).await? else { return Ok(no_such_user()) };
        let user = shown(&account);
        let question = format!("Delete {user} for good, with everything that is kept for this user?");
        if !self.yes && !confirmed(&question)? {
            note("nothing was deleted");
            return Ok(ExitCode::FAILURE);
        }
        match users.delete(&account, names, &Origin::command("auth-service users delete")).await? {
            true => say(format_args!("deleted {user}")),
            false => Ok(no_such_user()),
        }
    }
}

fn shown(account: &Account) -> String {
    let id = account.user.id;
    account.user.email.as_ref().map_or_else(|| id.to_string(), |email| format!("{} ({id})", printable(email)))
}

fn no_such_user() -> ExitCode {
    note("error: there is no such user");
    ExitCode::from(NOT_FOUND)
}
