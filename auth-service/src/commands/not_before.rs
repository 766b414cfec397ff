//! `auth-service not-before`.

use std::process::ExitCode;

use chrono::{DateTime, SubsecRound, Utc};
use clap::{Args, Subcommand};

use super::{
    NOT_FOUND, USAGE,
    output::{exact, note, printable, say},
};
use crate::{
    event::Origin,
    issuers::Profile,
    not_before::NotBefore,
    settings::Settings,
    users::{UserName, Users},
};

const USER: &str = "auth-service not-before user";
const ISSUER: &str = "auth-service not-before issuer";

/// Whose tokens of other issuers are refused.
#[derive(Clone, Debug, Subcommand)]
pub enum NotBeforeCommand {
    /// Those that any other issuer gave one user
    #[command(after_help = "\
A session that began here by a password is not touched: `auth-service users disable` ends everything.

Examples:
  auth-service not-before user 0190b0b0-0000-7000-8000-00000000002a
  auth-service not-before user 0190b0b0-0000-7000-8000-00000000002a --at 2026-11-21T12:00:00Z")]
    User(OfUser),
    /// Those that one issuer gave anybody
    #[command(after_help = "\
The name is the one in AUTH_ISSUERS or AUTH_ISSUERS_FILE. After a key of the issuer has got into wrong hands, have the
issuer replace it first.

Example:
  auth-service not-before issuer better-auth")]
    Issuer(OfIssuer),
}

/// Which user's.
#[derive(Args, Clone, Debug)]
pub struct OfUser {
    /// The user's id, or the e-mail address that the user logs in with
    #[arg(value_name = "USER")]
    name: UserName,
    #[command(flatten)]
    until: Until,
}

/// Which issuer's.
#[derive(Args, Clone, Debug)]
pub struct OfIssuer {
    /// What the issuer is called in the settings
    name: String,
    #[command(flatten)]
    until: Until,
}

/// Up to when.
#[derive(Args, Clone, Copy, Debug)]
struct Until {
    /// Refuse tokens whose `iat` is not later than this time (RFC 3339); now, unless it is given. Of several such times
    /// the latest holds
    #[arg(long, value_name = "TIME", value_parser = time)]
    at: Option<DateTime<Utc>>,
}

impl NotBeforeCommand {
    pub(super) async fn run(&self, users: &Users, settings: &Settings) -> anyhow::Result<ExitCode> {
        let rules = NotBefore { store: users.store.clone(), clock: users.clock.clone() };
        let (Self::User(OfUser { until, .. }) | Self::Issuer(OfIssuer { until, .. })) = self;
        let time = match rules.time(until.at) {
            Ok(time) => time,
            Err(why) => {
                note(format_args!("error: --at is refused: {why}"));
                return Ok(ExitCode::from(USAGE));
            }
        };
        match self {
            Self::User(user) => user.run(users, &rules, time).await,
            Self::Issuer(issuer) => issuer.run(&settings.profiles()?, &rules, time).await,
        }
    }
}

impl OfUser {
    async fn run(&self, users: &Users, rules: &NotBefore, time: DateTime<Utc>) -> anyhow::Result<ExitCode> {
        let Some(account) = users.find(&self.name).await? else {
            note("error: there is no such user");
            return Ok(ExitCode::from(NOT_FOUND));
        };
        let user = account.user.id;
        match rules.of_user(user, time, &Origin::command(USER)).await? {
            true => say(format_args!("other issuers' tokens for {user} of up to {} are refused", exact(time))),
            false => say(format_args!("no other issuer knows {user}: nothing to do")),
        }
    }
}

impl OfIssuer {
    async fn run(&self, profiles: &[Profile], rules: &NotBefore, time: DateTime<Utc>) -> anyhow::Result<ExitCode> {
        let Some(profile) = profiles.iter().find(|profile| profile.name == self.name) else {
            let names: Vec<_> = profiles.iter().map(|profile| profile.name.as_str()).collect();
            let shown = printable(&self.name);
            match &names[..] {
                [] => note("error: AUTH_ISSUERS and AUTH_ISSUERS_FILE name no issuer"),
                names => note(format_args!("error: no issuer is called {shown}; there are {}", names.join(", "))),
            }
            return Ok(ExitCode::from(NOT_FOUND));
        };
        let origin = Origin::command(&format!("{ISSUER} {}", profile.name));
        rules.of_issuer(profile.issuer(), time, &origin).await?;
        say(format_args!("tokens of {} of up to {} are refused", profile.name, exact(time)))
    }
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| "write it as 2026-11-21T12:00:00Z".to_owned())?;
    Ok(time.with_timezone(&Utc).trunc_subsecs(6))
}
