//! Secrets that are shared with another system, as it has them: text.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// Shorter than the hash that it is used with, a key can be guessed from what it signs (RFC 7518, 3.2).
const SHORTEST: usize = 32;
/// Longer is no secret, but the wrong file.
const LONGEST: u64 = 4096;
/// With fewer different characters it was typed and not drawn.
const FEWEST_CHARACTERS: usize = 10;
/// What Better Auth takes when nobody has given it a secret: everybody knows it.
const KNOWN: &str = "better-auth-secret-12345678901234567890";

/// Reads a secret from a file that is its owner's alone. A line's end behind it does not belong to it.
pub(super) fn read(file: &Path) -> anyhow::Result<SecretString> {
    let shown = file.display();
    let metadata = fs::metadata(file).with_context(|| format!("cannot read the secret in {shown}"))?;
    ensure!(
        metadata.permissions().mode() & 0o077 == 0,
        "the secret in {shown} can be read by others; mend it with `chmod 600 {shown}`"
    );
    ensure!(
        metadata.len() <= LONGEST,
        "{shown} has more than {LONGEST} bytes; it must hold the secret and nothing else"
    );
    let text = Zeroizing::new(fs::read_to_string(file).with_context(|| format!("cannot read the secret in {shown}"))?);
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(SecretString::from(line.strip_suffix('\r').unwrap_or(line)))
}

/// Whether it is hard to guess, as far as that shows.
pub(super) fn check(secret: &SecretString) -> anyhow::Result<()> {
    let mend = "give the issuer one that `openssl rand -base64 32` makes, and here the same";
    let text = secret.expose_secret();
    ensure!(text.len() >= SHORTEST, "the secret has {} bytes and must have {SHORTEST}; {mend}", text.len());
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    let drawn = characters.len() >= FEWEST_CHARACTERS && text != KNOWN;
    zeroize::Zeroize::zeroize(&mut characters);
    ensure!(drawn, "the secret is a placeholder; {mend}");
    Ok(())
}
