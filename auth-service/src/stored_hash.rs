//! Password hashes as they are kept: Duet's own, and those that people bring along from elsewhere.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use base64::Engine;
use subtle::ConstantTimeEq;

use crate::hash_scheme::Scheme;

/// A password hash whose cost is within bounds. Accepted are
/// - argon2id, argon2i and argon2d, and scrypt, as PHC strings,
/// - the scrypt of Better Auth, `<hexadecimal salt>:<hexadecimal key>`,
/// - bcrypt, as `$2a$`, `$2b$` or `$2y$`.
///
/// `to_string` gives it as it is kept.
#[derive(Clone)]
pub(crate) struct StoredHash {
    text: String,
    scheme: Scheme,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl StoredHash {
    /// The longest that is read, in bytes.
    pub(crate) const MAX_BYTES: usize = 512;

    /// Reads a hash.
    ///
    /// # Errors
    /// Why it is refused, in words that do not quote it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, salt, key) = match text {
            text if text.len() > Self::MAX_BYTES => return Err(format!("it is longer than {} bytes", Self::MAX_BYTES)),
            text if text.starts_with("$2") => bcrypt(text)?,
            text if text.starts_with('$') => phc(text)?,
            text => better_auth(text)?,
        };
        Ok(Self { text: text.to_owned(), scheme, salt, key })
    }

    /// Its kind and cost.
    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// How long the key of a password has to be to be compared.
    pub(crate) fn key_length(&self) -> usize {
        self.key.len()
    }

    /// Whether this is the key, in a time that does not tell where it differs.
    pub(crate) fn has_key(&self, key: &[u8]) -> bool {
        self.key.ct_eq(key).into()
    }
}

type Parts = (Scheme, Vec<u8>, Vec<u8>);

fn phc(text: &str) -> Result<Parts, String> {
    const SHORTEST_KEY: usize = 16;
    let hash = PasswordHash::new(text).map_err(|_| "it is no PHC string")?;
    let scheme = Scheme::of_phc(&hash)?;
    match (&hash.salt, &hash.hash) {
        (Some(_), Some(key)) if key.len() < SHORTEST_KEY => {
            Err(format!("its key is shorter than {SHORTEST_KEY} bytes"))
        }
        (Some(salt), Some(key)) => Ok((scheme, salt.to_vec(), key.as_bytes().to_vec())),
        _ => Err("its salt or its key is missing".to_owned()),
    }
}

fn bcrypt(text: &str) -> Result<Parts, String> {
    const SALT_DIGITS: usize = 22;
    let malformed = "it is no bcrypt hash: `$2b$`, two digits, `$` and 53 characters";
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or(malformed)?;
    let (cost, digits) = rest.split_once('$').ok_or(malformed)?;
    if cost.len() != 2 || !cost.bytes().all(|digit| digit.is_ascii_digit()) || digits.len() != 53 || !digits.is_ascii()
    {
        return Err(malformed.to_owned());
    }
    let scheme = Scheme::bcrypt(cost.parse().map_err(|_| malformed)?)?;
    let (salt, key) = digits.split_at(SALT_DIGITS);
    let decode = |digits| bcrypt::BASE_64.decode(digits).map_err(|_| malformed);
    Ok((scheme, decode(salt)?, decode(key)?))
}

/// N = 16384, r = 16, p = 1; the salt is the text of its hexadecimal digits, not what they stand for.
fn better_auth(text: &str) -> Result<Parts, String> {
    let malformed =
        "it is none of the kinds that are known: a PHC string, bcrypt, or 32 hexadecimal digits, `:` and 128 more";
    let (salt, key) = text.split_once(':').ok_or(malformed)?;
    if (salt.len(), key.len()) != (32, 128) || !salt.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(malformed.to_owned());
    }
    let pairs = key.as_bytes().chunks_exact(2).map(|pair| Some(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?));
    let key = pairs.collect::<Option<Vec<u8>>>().ok_or(malformed)?;
    Ok((Scheme::scrypt(14, 16, 1)?, salt.as_bytes().to_vec(), key))
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl fmt::Display for StoredHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for StoredHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoredHash({})", self.scheme)
    }
}

#[cfg(test)]
mod tests;
