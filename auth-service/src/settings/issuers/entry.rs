//! One of the other issuers, as the list has it.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, de::IgnoredAny};
use service_runtime::settings::duration;

use crate::{
    issuers::{KeyAlgorithm, KeySource, Payload, Profile},
    settings::{at_most, secret},
    token::{LONGEST_LIFETIME, PERSON_SCOPES},
};

/// The longest name, source, issuer, audience or claim, in bytes.
const LONGEST_TEXT: usize = 255;
/// Where Better Auth serves its own API, unless it was told otherwise.
const BETTER_AUTH_PATH: &str = "/api/auth";

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Preset {
    #[serde(rename = "better-auth")]
    Plugin,
    #[serde(rename = "better-auth-oauth")]
    OAuth,
    #[serde(rename = "better-auth-cookie")]
    Cookie,
}

/// One table of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    name: Option<String>,
    preset: Option<Preset>,
    origin: Option<String>,
    source: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    typ: Option<String>,
    required_claims: Option<Vec<String>>,
    longest_life: Option<String>,
    scopes: Option<Vec<String>>,
    algorithms: Option<Vec<KeyAlgorithm>>,
    jwks_url: Option<String>,
    secret_file: Option<PathBuf>,
    secret_variable: Option<String>,
    /// Known, so that it can be said where it belongs.
    secret: Option<IgnoredAny>,
}

impl Entry {
    /// By what an error calls it.
    pub(super) fn shown(&self, index: usize) -> String {
        match &self.name {
            Some(name) => format!("`{name}`"),
            None => format!("number {}", index + 1),
        }
    }

    /// What it says, once nothing in it is unknown, missing or too weak. `variable` looks a variable of the environment up.
    pub(super) fn into_profile(self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Profile> {
        if self.secret.is_some() {
            bail!("take `secret` out: name a file by `secret_file`, or a variable by `secret_variable`");
        }
        match self.preset {
            Some(Preset::Plugin) => self.better_auth(),
            Some(Preset::OAuth) => self.better_auth_oauth(),
            Some(Preset::Cookie) => self.better_auth_cookie(variable),
            None => self.any(variable),
        }
    }

    /// The `jwt` plugin's tokens.
    fn better_auth(self) -> anyhow::Result<Profile> {
        self.refuse_what_the_preset_sets()?;
        self.refuse_secrets()?;
        let origin = self.origin()?;
        Ok(Profile {
            name: self.name("better-auth")?,
            audience: Some(self.audience()?.unwrap_or_else(|| origin.clone())),
            token_type: None,
            required_claims: Vec::new(),
            longest_life: self.longest_life(Duration::from_secs(15 * 60))?,
            source: self.source()?,
            scopes: self.scopes()?,
            payload: Payload::Claims,
            keys: self.jwks(Some(format!("{origin}{BETTER_AUTH_PATH}/jwks")))?,
            issuer: Some(origin),
        })
    }

    /// The access tokens of the `oauth-provider` plugin.
    fn better_auth_oauth(self) -> anyhow::Result<Profile> {
        self.refuse_what_the_preset_sets()?;
        self.refuse_secrets()?;
        let issuer = format!("{}{BETTER_AUTH_PATH}", self.origin()?);
        Ok(Profile {
            name: self.name("better-auth-oauth")?,
            audience: Some(self.audience()?.unwrap_or_else(|| issuer.clone())),
            token_type: Some("at+jwt".to_owned()),
            required_claims: ["client_id", "jti", "scope"].map(str::to_owned).to_vec(),
            longest_life: self.longest_life(Duration::from_secs(3600))?,
            source: self.source()?,
            scopes: self.scopes()?,
            payload: Payload::Claims,
            keys: self.jwks(Some(format!("{issuer}/jwks")))?,
            issuer: Some(issuer),
        })
    }

    /// The cookie cache with the strategy `jwt`.
    fn better_auth_cookie(self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Profile> {
        self.refuse_what_the_preset_sets()?;
        for (field, given) in [
            ("origin", self.origin.is_some()),
            ("audience", self.audience.is_some()),
            ("algorithms", self.algorithms.is_some()),
            ("jwks_url", self.jwks_url.is_some()),
        ] {
            ensure!(!given, "take `{field}` out: these tokens name no issuer and are signed with a secret");
        }
        Ok(Profile {
            name: self.name("better-auth-cookie")?,
            issuer: None,
            audience: None,
            token_type: None,
            required_claims: Vec::new(),
            longest_life: self.longest_life(Duration::from_secs(5 * 60))?,
            source: self.source()?,
            scopes: self.scopes()?,
            payload: Payload::CookieCache,
            keys: self.secret(variable)?,
        })
    }

    fn any(self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Profile> {
        ensure!(self.origin.is_none(), "take `origin` out: it goes with a preset; say `issuer` and `jwks_url`");
        let name = self.name.as_ref().context("give it a `name`, or a `preset`")?;
        let typ = self.typ.as_deref().context("say which `typ` its tokens have, such as \"at+jwt\", or \"none\"")?;
        let audience = self.audience()?.context("say which `audience` its tokens are for")?;
        let life = self.longest_life.as_ref().context("say how long its tokens live: `longest_life = \"1h\"`")?;
        let has_secret = self.secret_file.is_some() || self.secret_variable.is_some();
        ensure!(self.jwks_url.is_some() != has_secret, "give it either `jwks_url` or a secret");
        if has_secret {
            ensure!(self.algorithms.is_none(), "take `algorithms` out: with a secret it is HS256");
        }
        Ok(Profile {
            name: self.name(name)?,
            issuer: self.issuer.as_deref().map(|issuer| text("issuer", issuer)).transpose()?,
            audience: Some(audience),
            token_type: Some(text("typ", typ)?).filter(|typ| typ != "none"),
            required_claims: self.required_claims()?,
            longest_life: at_most_a_week(life)?,
            source: self.source()?,
            scopes: self.scopes()?,
            payload: Payload::Claims,
            keys: if has_secret { self.secret(variable)? } else { self.jwks(None)? },
        })
    }

    fn refuse_what_the_preset_sets(&self) -> anyhow::Result<()> {
        for (field, given) in [
            ("issuer", self.issuer.is_some()),
            ("typ", self.typ.is_some()),
            ("required_claims", self.required_claims.is_some()),
        ] {
            ensure!(!given, "take `{field}` out, which the preset sets, or take `preset` out and say everything");
        }
        Ok(())
    }

    fn refuse_secrets(&self) -> anyhow::Result<()> {
        let given = self.secret_file.is_some() || self.secret_variable.is_some();
        ensure!(!given, "take the secret out: these tokens are signed with keys that the issuer publishes");
        Ok(())
    }

    fn name(&self, default: &str) -> anyhow::Result<String> {
        word("name", self.name.as_deref().unwrap_or(default))
    }

    fn source(&self) -> anyhow::Result<String> {
        let mend = "give it a `source`, a word for whose subjects they are; issuers of one installation share it";
        word("source", self.source.as_deref().context(mend)?)
    }

    fn origin(&self) -> anyhow::Result<String> {
        let origin = self
            .origin
            .as_deref()
            .context("give it the `origin` of Better Auth: the scheme and host of its baseURL")?;
        let url = url("origin", origin)?;
        let bare = url.path_and_query().is_none_or(|path| path.as_str() == "/") && !origin.ends_with('/');
        ensure!(bare, "`origin` is `{origin}`; leave out what follows the host, as in https://app.example.org");
        Ok(origin.to_owned())
    }

    fn audience(&self) -> anyhow::Result<Option<String>> {
        self.audience.as_deref().map(|audience| text("audience", audience)).transpose()
    }

    fn required_claims(&self) -> anyhow::Result<Vec<String>> {
        self.required_claims.iter().flatten().map(|claim| text("required_claims", claim)).collect()
    }

    fn longest_life(&self, default: Duration) -> anyhow::Result<Duration> {
        self.longest_life.as_deref().map_or(Ok(default), at_most_a_week)
    }

    fn scopes(&self) -> anyhow::Result<Vec<&'static str>> {
        let Some(scopes) = &self.scopes else { return Ok(PERSON_SCOPES.to_vec()) };
        let all = PERSON_SCOPES.join("`, `");
        ensure!(!scopes.is_empty(), "`scopes` is empty, so its tokens would allow nothing; name some of `{all}`");
        let known = |scope: &String| PERSON_SCOPES.into_iter().find(|known| known == scope);
        let find = |scope| known(scope).with_context(|| format!("`scopes` names `{scope}`; there are `{all}`"));
        scopes.iter().map(find).collect()
    }

    fn jwks(&self, default: Option<String>) -> anyhow::Result<KeySource> {
        let given = self.jwks_url.clone().or(default).context("say where its keys are: `jwks_url`")?;
        let algorithms = match &self.algorithms {
            None => KeyAlgorithm::ALL.to_vec(),
            Some(some) if some.is_empty() => {
                bail!("`algorithms` is empty, so no key would be good; leave it out, or name some")
            }
            Some(some) => some.clone(),
        };
        Ok(KeySource::Jwks { url: url("jwks_url", &given)?, algorithms })
    }

    fn secret(&self, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<KeySource> {
        let secret = match (&self.secret_file, &self.secret_variable) {
            (Some(file), None) => secret::read(file)?,
            (None, Some(name)) => {
                // Its name is not shown: some write the secret there.
                let mend =
                    "the variable that `secret_variable` names is not set; set it, or name a file by `secret_file`";
                variable(name).context(mend)?.into()
            }
            _ => bail!("give it either a `secret_file` or a `secret_variable`"),
        };
        secret::check(&secret)?;
        Ok(KeySource::Secret(secret))
    }
}

fn at_most_a_week(life: &str) -> anyhow::Result<Duration> {
    duration(life)
        .and_then(|life| at_most(life, LONGEST_LIFETIME))
        .map_err(|mend| anyhow::anyhow!("`longest_life` is `{life}`: {mend}"))
}

/// An http or https URL; http only to this machine.
fn url(field: &str, given: &str) -> anyhow::Result<http::Uri> {
    let parsed: Option<http::Uri> = given.parse().ok();
    let url = parsed
        .filter(|url| {
            url.host().is_some() && !url.authority().is_some_and(|authority| authority.as_str().contains('@'))
        })
        .with_context(|| format!("`{field}` is `{given}`, which is no URL; write it as https://app.example.org"))?;
    match url.scheme_str() {
        Some("https") => {}
        Some("http") if is_loopback(&url) => {}
        _ => bail!("`{field}` is `{given}`; it must be https, or http on this machine (127.0.0.1, [::1] or localhost)"),
    }
    Ok(url)
}

fn is_loopback(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// A name that stands in tables, commands and metrics.
fn word(field: &str, given: &str) -> anyhow::Result<String> {
    let allowed =
        |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || "-_.".contains(character);
    let good = (1..=64).contains(&given.len()) && given.chars().all(allowed);
    ensure!(good, "`{field}` is `{given}`; it must have 1 to 64 of the characters a-z, 0-9, `-`, `_` and `.`");
    Ok(given.to_owned())
}

fn text(field: &str, given: &str) -> anyhow::Result<String> {
    ensure!((1..=LONGEST_TEXT).contains(&given.len()), "`{field}` must have 1 to {LONGEST_TEXT} bytes");
    Ok(given.to_owned())
}
