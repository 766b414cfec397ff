//! Secrets at rest: a master key from the installation, keys derived from it, and values sealed under those
//! (AES-256-GCM-SIV, RFC 8452; HKDF-SHA-256, RFC 5869).

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac, rand,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The length of every key and secret here.
pub const KEY_BYTES: usize = 32;

/// Where an installation's secret comes from: its value, a file, or, for an embedded database only, a file that is
/// made on first start.
#[derive(Debug)]
pub struct SecretSource {
    /// The variable that holds the value; `<variable>_FILE` names a file. Errors name it.
    pub variable: &'static str,
    /// The variable's value: base64 of 32 random bytes.
    pub value: Option<SecretString>,
    /// A file with such a value, readable by its owner only.
    pub file: Option<PathBuf>,
    /// The folder in which a missing secret is made.
    pub generate_in: Option<PathBuf>,
    /// The name of the file made there.
    pub file_name: &'static str,
}

/// The secret that every other key of an installation is derived from. It is never printed.
pub struct MasterKey(Zeroizing<[u8; KEY_BYTES]>);

impl MasterKey {
    /// Reads the secret, or makes it where that is allowed.
    ///
    /// # Errors
    /// When it is missing, not base64 of 32 bytes, the same byte throughout, or in a file that others can read; the
    /// message says what to do.
    pub fn load(source: SecretSource) -> anyhow::Result<Self> {
        let variable = source.variable;
        let mend = format!("make one with `openssl rand -base64 {KEY_BYTES}`");
        if let Some(value) = source.value {
            return Self::decode(value.expose_secret()).with_context(|| format!("{variable} is no usable key; {mend}"));
        }
        let path = match (source.file, source.generate_in) {
            (Some(file), _) => file,
            (None, Some(folder)) => {
                let path = folder.join(source.file_name);
                generate(&path).with_context(|| format!("cannot make the key file {}", path.display()))?;
                path
            }
            (None, None) => bail!("{variable} or {variable}_FILE must be set for this database; {mend}"),
        };
        let text = read_private(&path)?;
        Self::decode(&text).with_context(|| format!("{} holds no usable key; {mend}", path.display()))
    }

    fn decode(text: &str) -> anyhow::Result<Self> {
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.trim()).context("it is not base64")?);
        let key: [u8; KEY_BYTES] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| anyhow::anyhow!("it has {} bytes and must have {KEY_BYTES}", bytes.len()))?;
        if key.iter().all(|byte| *byte == key[0]) {
            bail!("it is a placeholder, not a random key");
        }
        Ok(Self(Zeroizing::new(key)))
    }

    /// Whether it can be what it ought to be: no pattern, no text. Of random keys fewer than one in 2⁴⁰ is taken for one
    /// that is not.
    pub fn may_be_random(&self) -> bool {
        let distinct: BTreeSet<u8> = self.0.iter().copied().collect();
        let steps: BTreeSet<u8> = self.0.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        distinct.len() > 16 && steps.len() > 8 && !self.0.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_control())
    }

    /// A key for one purpose. Keys of different purposes tell nothing of each other.
    ///
    /// # Errors
    /// Never in practice: when the cryptographic library refuses the key's length.
    pub fn sealing_key(&self, purpose: &str) -> anyhow::Result<SealingKey> {
        SealingKey::from_secret(&self.0, purpose)
    }

    /// A key for keyed hashes (HMAC-SHA-256) of one purpose.
    ///
    /// # Errors
    /// Never in practice: when the cryptographic library refuses the key's length.
    pub fn hashing_key(&self, purpose: &str) -> anyhow::Result<HashingKey> {
        Ok(HashingKey::new(&*self.derive(purpose)?))
    }

    /// The secret that the keys for one purpose are made from.
    ///
    /// # Errors
    /// Never in practice: when the cryptographic library refuses the key's length.
    pub fn derive(&self, purpose: &str) -> anyhow::Result<Zeroizing<[u8; KEY_BYTES]>> {
        derive(&self.0, purpose)
    }
}

fn derive(secret: &[u8; KEY_BYTES], purpose: &str) -> anyhow::Result<Zeroizing<[u8; KEY_BYTES]>> {
    let extracted = Salt::new(HKDF_SHA256, b"duet").extract(secret);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    extracted.expand(&[purpose.as_bytes()], DerivedKey)?.fill(&mut *key)?;
    Ok(key)
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MasterKey")
    }
}

#[derive(Clone, Copy)]
struct DerivedKey;

impl KeyType for DerivedKey {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// Seals values so that they can be neither read nor changed, nor moved to another context.
#[derive(Clone)]
pub struct SealingKey(Arc<RandomizedNonceKey>);

impl SealingKey {
    /// A key derived from 256 random bits that somebody else keeps.
    ///
    /// # Errors
    /// Never in practice: when the cryptographic library refuses the key's length.
    pub fn from_secret(secret: &[u8; KEY_BYTES], purpose: &str) -> anyhow::Result<Self> {
        Self::new(&*derive(secret, purpose)?)
    }

    /// This key itself: 256 random bits that seal nothing else.
    ///
    /// # Errors
    /// As [`from_secret`](Self::from_secret).
    pub fn new(key: &[u8; KEY_BYTES]) -> anyhow::Result<Self> {
        Ok(Self(Arc::new(RandomizedNonceKey::new(&AES_256_GCM_SIV, key)?)))
    }

    /// The sealed value: a random nonce of 12 bytes, the ciphertext, a tag of 16 bytes. The same `context` opens it.
    ///
    /// # Errors
    /// When the operating system has no randomness, or the value is of an absurd size.
    pub fn seal(&self, plaintext: &[u8], context: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut sealed = plaintext.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(context), &mut sealed)?;
        sealed.splice(0..0, nonce.as_ref().iter().copied());
        Ok(sealed)
    }

    /// The value, if it was sealed by this key for this `context` and not changed since.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(context), &mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SealingKey")
    }
}

/// Makes hashes that nobody without the key can make or test guesses against.
#[derive(Clone, Debug)]
pub struct HashingKey(hmac::Key);

impl HashingKey {
    /// This key itself: 256 random bits that hash for one purpose.
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The keyed hash of `data`.
    pub fn hash(&self, data: &[u8]) -> [u8; KEY_BYTES] {
        let mut hash = [0; KEY_BYTES];
        hash.copy_from_slice(hmac::sign(&self.0, data).as_ref());
        hash
    }
}

/// Makes the file unless it is there. Racing starts agree: the file appears whole, under its name, once.
fn generate(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(&mut *key)?;
    // A name of its own: one left behind by a start that was killed must not stand in the way of the next.
    let draft = path.with_extension(format!("{}.draft", uuid::Uuid::new_v4().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(BASE64_STANDARD.encode(*key).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        // Values sealed under it may reach the disk next: its name must be there first.
        _ => Ok(fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?),
    }
}

fn read_private(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let shown = path.display();
    let mode = fs::metadata(path).with_context(|| format!("cannot read the key file {shown}"))?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("the key file {shown} can be read by others; mend it with `chmod 600 {shown}`");
    }
    Ok(Zeroizing::new(fs::read_to_string(path).with_context(|| format!("cannot read the key file {shown}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(value: &str) -> SecretSource {
        SecretSource {
            variable: "TEST_KEY",
            value: Some(SecretString::from(value)),
            file: None,
            generate_in: None,
            file_name: "test.key",
        }
    }

    fn key() -> MasterKey {
        MasterKey::load(source(&BASE64_STANDARD.encode(std::array::from_fn::<u8, 32, _>(|index| index as u8)))).unwrap()
    }

    #[test]
    fn opens_only_what_it_sealed_for_the_same_context() {
        let sealing = key().sealing_key("test").unwrap();
        let sealed = sealing.seal(b"value", b"here").unwrap();
        assert_eq!(sealing.open(&sealed, b"here").unwrap().as_slice(), b"value");
        assert!(sealing.open(&sealed, b"there").is_none());
        assert!(key().sealing_key("other").unwrap().open(&sealed, b"here").is_none());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(sealing.open(&changed, b"here").is_none(), "byte {index}");
        }
        for length in 0..sealed.len() {
            assert!(sealing.open(&sealed[..length], b"here").is_none(), "length {length}");
        }
    }

    #[test]
    fn refuses_missing_short_and_placeholder_keys_by_name() {
        let missing = SecretSource { value: None, ..source("") };
        for (refused, part) in [
            (missing, "TEST_KEY_FILE must be set"),
            (source("c2hvcnQ="), "it has 5 bytes"),
            (source("no base64!"), "it is not base64"),
            (source(&BASE64_STANDARD.encode([0; 32])), "placeholder"),
        ] {
            let message = format!("{:#}", MasterKey::load(refused).unwrap_err());
            assert!(message.contains("TEST_KEY") && message.contains(part), "{message}");
        }
    }

    #[test]
    fn tells_patterns_and_texts_from_keys() {
        let key = |bytes: [u8; KEY_BYTES]| MasterKey::load(source(&BASE64_STANDARD.encode(bytes))).unwrap();
        for made_up in [
            std::array::from_fn(|index| index as u8),
            std::array::from_fn(|index| 255 - 3 * index as u8),
            std::array::from_fn(|index| b"change me"[index % 9]),
            *b"correct horse battery staple 123",
            std::array::from_fn(|index| [0, 255][index % 2]),
        ] {
            assert!(!key(made_up).may_be_random(), "{made_up:?}");
        }
        for _ in 0..1000 {
            let mut bytes = [0; KEY_BYTES];
            rand::fill(&mut bytes).unwrap();
            assert!(key(bytes).may_be_random(), "{bytes:?}");
        }
    }

    #[test]
    fn makes_a_private_file_once_and_refuses_it_when_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let made = || SecretSource { value: None, generate_in: Some(folder.path().to_owned()), ..source("") };
        let first = MasterKey::load(made()).unwrap();
        assert_eq!(*first.0, *MasterKey::load(made()).unwrap().0);
        let path = folder.path().join("test.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(MasterKey::load(made()).unwrap_err().to_string().contains("chmod 600"));
    }
}
