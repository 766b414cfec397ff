//! `auth-service users list`.

use std::{io, process::ExitCode};

use clap::Args;
use serde_json::json;

use super::output::{Output, exact, in_seconds, printable};
use crate::{
    email::Email,
    store::UserFilter,
    users::{Account, Users},
};

const HEADER: &str =
    "ID                                    STATE     CREATED               LAST LOGIN            E-MAIL, NAME";

/// Which users to print, and how.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Each line has the id, the state, when the user was made and last logged in (- if never), the e-mail address and the
name, the last two with a tabulator between them.

Examples:
  auth-service users list | head
  auth-service users list --disabled
  auth-service users list --email-contains @example.org --json | jq -r .id")]
pub struct ListUsers {
    /// Only those who are disabled
    #[arg(long)]
    disabled: bool,
    /// Only those whose e-mail address contains this, in any case
    #[arg(long, value_name = "TEXT", value_parser = part_of_an_address)]
    email_contains: Option<String>,
    /// One JSON object a line: id, email, display_name, state, create_time, update_time, last_login_time, disable_time
    #[arg(long)]
    json: bool,
}

impl ListUsers {
    pub(super) async fn run(&self, users: &Users) -> anyhow::Result<ExitCode> {
        let filter = UserFilter { disabled: self.disabled, email_contains: self.email_contains.clone() };
        let mut output = Output::new();
        if output.is_terminal() && !self.json {
            output.line(format_args!("{HEADER}"))?;
        }
        let mut after = None;
        while !output.is_closed() {
            let page = users.page(&filter, after).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.user.id);
            page.iter().try_for_each(|account| self.print(account, &mut output))?;
            output.flush()?;
        }
        output.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, account: &Account, output: &mut Output) -> io::Result<()> {
        let Account { user, disable_time, .. } = account;
        let state = if disable_time.is_some() { "disabled" } else { "active" };
        if self.json {
            let line = json!({
                "id": user.id.to_string(),
                "email": user.email,
                "display_name": user.display_name,
                "state": state,
                "create_time": exact(user.create_time),
                "update_time": exact(user.update_time),
                "last_login_time": user.last_login_time.map(exact),
                "disable_time": disable_time.map(exact),
            });
            return output.line(format_args!("{line}"));
        }
        let login = user.last_login_time.map_or_else(|| "-".to_owned(), in_seconds);
        let email = printable(user.email.as_deref().unwrap_or("-"));
        let name = printable(&user.display_name);
        let create = in_seconds(user.create_time);
        output.line(format_args!("{}  {state:8}  {create:20}  {login:20}  {email}\t{name}", user.id))
    }
}

fn part_of_an_address(text: &str) -> Result<String, String> {
    match text.len() {
        1..=Email::MAX_BYTES => Ok(text.to_owned()),
        _ => Err(format!("it must have 1 to {} bytes", Email::MAX_BYTES)),
    }
}
