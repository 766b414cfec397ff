//! Looks at an issuer as `doctor` does.

use anyhow::Context;

use super::{KeySource, Profile, fetch::Fetcher, keys::KeySet};

/// Whether an issuer's keys can be had and used, and how many they are.
///
/// # Errors
/// When they cannot; the message names the issuer and what to look at.
pub(crate) async fn examine(profile: &Profile) -> anyhow::Result<String> {
    let name = &profile.name;
    let (url, algorithms) = match &profile.keys {
        KeySource::Secret(_) => return Ok(format!("the secret of `{name}` is long enough")),
        KeySource::Jwks { url, algorithms } => (url, algorithms),
    };
    let mend = || format!("the keys of `{name}` cannot be had at {url}: is the issuer running, and the address right?");
    let body = Fetcher::new(url.clone()).fetch(None).await.with_context(mend)?.body.unwrap_or_default();
    let unusable = || format!("what `{name}` publishes at {url} is no set of keys that can be used");
    let keys = KeySet::parse(&body, algorithms).with_context(unusable)?;
    let refused = match &keys.refused[..] {
        [] => String::new(),
        refused => format!("; others are not used: {}", refused.join(", ")),
    };
    Ok(format!("`{name}` publishes keys, and {} can be used{refused}", keys.len()))
}
