//! Tokens that are not known to be good: seen for the first time, or bad.

use std::sync::Arc;

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::{auth, validation};
use crate::{
    calls::{BadToken, Target},
    mint::Mint,
    options::Options,
    programs::Served,
    progress,
    rounds::{self, Measured},
    rows::{Row, Variant},
    stage::Stage,
};

pub(super) const COLD: &str = "ValidateToken, cold token / echo that verifies";
pub(super) const MALFORMED: &str = "ValidateToken, malformed token / bare tonic echo";
pub(super) const REPEATED: &str = "ValidateToken, repeated bad token / bare tonic echo";

const GOAL: &str = "CPU ≤ 1.1";
/// Tokens take a while to make: a round is so much shorter than others.
const SHORTER: f64 = 0.5;
/// How many more tokens are made for a round than the echo would take in that time.
const MARGIN: f64 = 1.2;
/// Digits that the number in a malformed token has.
const NUMBER: usize = 16;

/// Each call shows a token that nobody has seen, to auth-service and to an echo that does nothing but verify its
/// signature.
pub(super) async fn cold(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let arguments = ["serve-echo", "--verify", &stage.auth.public.to_string()];
    let echo = Served::echo("verifying-echo", &arguments, stage.folder(), &stage.answer()).await?;
    let (seconds, warm_up) = (options.seconds * SHORTER, options.warm_up * SHORTER);
    let options = &Options { seconds, warm_up, ..options.clone() };
    let rate = Variant::of("echo", validation(stage), &echo).measure(options).await?.calls_per_second;
    let count = (rate * (seconds + warm_up) * MARGIN) as usize + usize::from(options.streams);
    progress(&format!("{COLD}: {count} tokens are made for each round"));
    let mint = Arc::new(Mint::open(&stage.auth, &stage.credentials, count).await?);
    let row = Row {
        name: COLD.to_owned(),
        goal: GOAL,
        variants: [
            auth("auth-service", Target::ValidateFresh(Arc::clone(&mint)), stage),
            Variant::of("echo that verifies", Target::ValidateMany(mint), &echo),
        ],
    };
    rounds::measure(&row, options).await
}

pub(super) async fn malformed(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let token = malformed_like(&stage.token).context("this is no token")?;
    refused(MALFORMED, token, stage, options).await
}

pub(super) async fn repeated(stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let token = BadToken::One(forged(&stage.token).context("this is no token")?);
    refused(REPEATED, token, stage, options).await
}

async fn refused(name: &str, token: BadToken, stage: &Stage, options: &Options) -> anyhow::Result<Measured> {
    let answer = stage.folder().join("refusal");
    stage.auth.keep_verdict(&token.next(), false, &answer).await?;
    let echo = Served::echo("refusing-echo", &["serve-echo"], stage.folder(), &answer).await?;
    let target = Target::Refused(token);
    let row = Row {
        name: name.to_owned(),
        goal: GOAL,
        variants: [auth("auth-service", target.clone(), stage), Variant::of("echo", target, &echo)],
    };
    rounds::measure(&row, options).await
}

/// Claims that end too early, which is found out last. The signature begins with a number, so that no two are alike.
fn malformed_like(token: &str) -> Option<BadToken> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    let cut = BASE64_URL_SAFE_NO_PAD.encode(claims.split_last()?.1);
    Some(BadToken::Each(format!("{header}.{cut}."), signature.get(NUMBER..)?.to_owned()))
}

/// The same token with another signature.
fn forged(token: &str) -> Option<String> {
    let (message, signature) = token.rsplit_once('.')?;
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    Some(format!("{message}.{other}{}", signature.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_token_is_as_long_as_a_good_one_and_never_the_same() {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"somebody"}"#);
        let good = format!("aGVhZA.{claims}.{}", "s".repeat(86));
        let bad = malformed_like(&good).unwrap();
        let (first, second) = (bad.next(), bad.next());
        assert_ne!(first, second);
        assert!(good.len() - first.len() <= 2, "{first}");
        let claims = BASE64_URL_SAFE_NO_PAD.decode(first.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(claims, br#"{"sub":"somebody""#);
        assert_eq!(malformed_like("a.b"), None);
    }

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("h.c.Axy").as_deref(), Some("h.c.Bxy"));
        assert_eq!(forged("h.c.xyz").as_deref(), Some("h.c.Ayz"));
    }
}
