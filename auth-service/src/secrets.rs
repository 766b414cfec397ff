//! The secrets of an installation beside its signing keys: made once, kept in the database, sealed under the master
//! key. So another master key takes over by sealing them anew, and nothing that was made with them becomes void.

use anyhow::{Context, bail};
use aws_lc_rs::rand;
use service_runtime::sealed::{HashingKey, KEY_BYTES, MasterKey, SealingKey};
use zeroize::Zeroizing;

use crate::{
    signing::PRIVATE_KEY_PURPOSE,
    store::{SealedSecret, Store},
};

const PURPOSE: &str = "auth-service secrets";

const KEY_IDS: &str = "auth-service signing key ids";
const REFRESH_TOKENS: &str = "auth-service refresh tokens";
const ACCOUNTS: &str = "auth-service accounts and addresses of attempts";
const FORMER_IDENTITIES: &str = "auth-service identities of deleted users";
const PAGES: &str = "auth-service page tokens";

type Secret = Zeroizing<[u8; KEY_BYTES]>;

/// The master key, and the one before it as long as that is given too: what either sealed is opened.
#[derive(Debug)]
pub(crate) struct MasterKeys {
    pub(crate) current: MasterKey,
    pub(crate) previous: Option<MasterKey>,
}

/// Seals and opens values of one kind.
pub(crate) struct Vault {
    current: SealingKey,
    previous: Option<SealingKey>,
}

impl Vault {
    pub(crate) fn new(masters: &MasterKeys, purpose: &'static str) -> anyhow::Result<Self> {
        let previous = masters.previous.as_ref().map(|previous| previous.sealing_key(purpose)).transpose()?;
        Ok(Self { current: masters.current.sealing_key(purpose)?, previous })
    }

    /// The value, if one of the master keys sealed it for this context.
    pub(crate) fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let previous = || self.previous.as_ref()?.open(sealed, context);
        self.current.open(sealed, context).or_else(previous)
    }

    /// Seals a value under the master key that others, each with its context, are sealed under; the current one if
    /// there are none.
    pub(crate) fn seal_as<'a>(
        &self,
        mut others: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        value: &[u8],
        context: &[u8],
    ) -> anyhow::Result<Vec<u8>> {
        let previous = self.previous.as_ref();
        let under = previous.filter(|previous| others.any(|(other, context)| previous.open(other, context).is_some()));
        under.unwrap_or(&self.current).seal(value, context)
    }

    /// Seals a value under the current master key that is sealed under the previous one; nothing, if it is already.
    ///
    /// # Errors
    /// When neither of them opens it.
    pub(crate) fn reseal(&self, sealed: &[u8], context: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        if self.current.open(sealed, context).is_some() {
            return Ok(None);
        }
        let value = self.open(sealed, context).context(
            "what the database has is sealed under neither AUTH_MASTER_KEY nor AUTH_MASTER_KEY_PREVIOUS; give the master \
             key that the service had until now as AUTH_MASTER_KEY_PREVIOUS",
        )?;
        self.current.seal(&value, context).map(Some)
    }
}

/// What hashes, tags and page tokens are made with.
pub(crate) struct Secrets {
    key_ids: Secret,
    refresh_tokens: Secret,
    accounts: Secret,
    former_identities: Secret,
    pages: Secret,
}

impl Secrets {
    /// Reads the secrets, and makes those that there are not yet. Replicas that start together agree.
    ///
    /// # Errors
    /// When the database cannot be reached, or the master key is not the one that it was sealed with.
    pub(crate) async fn open(store: &Store, masters: &MasterKeys) -> anyhow::Result<Self> {
        let rows = store.secrets().await.context("cannot read the secrets")?;
        let missing = missing(&rows, store, masters).await?;
        if missing.is_empty() {
            return Self::unsealed(&rows, masters);
        }
        store.add_secrets(missing).await.context("cannot keep the secrets")?;
        Self::unsealed(&store.secrets().await.context("cannot read the secrets")?, masters)
    }

    /// As [`open`](Self::open), for a command: what is missing is the service's to keep.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) async fn peek(store: &Store, masters: &MasterKeys) -> anyhow::Result<Self> {
        let mut rows = store.secrets().await.context("cannot read the secrets")?;
        let missing = missing(&rows, store, masters).await?;
        rows.extend(missing);
        Self::unsealed(&rows, masters)
    }

    /// What seals them.
    pub(crate) fn vault(masters: &MasterKeys) -> anyhow::Result<Vault> {
        Vault::new(masters, PURPOSE)
    }

    fn unsealed(rows: &[SealedSecret], masters: &MasterKeys) -> anyhow::Result<Self> {
        let vault = Self::vault(masters)?;
        let secret = |name: &str| {
            let row = rows.iter().find(|row| row.name == name).context("a secret is missing")?;
            let value = vault.open(&row.sealed, name.as_bytes()).context(ANOTHER_KEY)?;
            value.as_slice().try_into().map(Zeroizing::new).context("a secret has another length")
        };
        Ok(Self {
            key_ids: secret(KEY_IDS)?,
            refresh_tokens: secret(REFRESH_TOKENS)?,
            accounts: secret(ACCOUNTS)?,
            former_identities: secret(FORMER_IDENTITIES)?,
            pages: secret(PAGES)?,
        })
    }

    /// What makes key ids.
    pub(crate) fn key_ids(&self) -> HashingKey {
        HashingKey::new(&self.key_ids)
    }

    /// What makes the tags of refresh tokens.
    pub(crate) fn refresh_tokens(&self) -> HashingKey {
        HashingKey::new(&self.refresh_tokens)
    }

    /// What hides the accounts and addresses that the limits remember.
    pub(crate) fn accounts(&self) -> HashingKey {
        HashingKey::new(&self.accounts)
    }

    /// What hides the identities of deleted users.
    pub(crate) fn former_identities(&self) -> HashingKey {
        HashingKey::new(&self.former_identities)
    }

    /// What seals page tokens.
    ///
    /// # Errors
    /// Never in practice: when the cryptographic library refuses the key's length.
    pub(crate) fn pages(&self) -> anyhow::Result<SealingKey> {
        SealingKey::new(&self.pages)
    }
}

/// What is said when the master key is not the one.
pub(crate) const ANOTHER_KEY: &str = "\
    AUTH_MASTER_KEY is not the one that the keys in the database were sealed with; give the old one back, or both: the \
    old one as AUTH_MASTER_KEY_PREVIOUS";

/// Those that are not kept yet.
async fn missing(rows: &[SealedSecret], store: &Store, masters: &MasterKeys) -> anyhow::Result<Vec<SealedSecret>> {
    let vault = Secrets::vault(masters)?;
    let elder = if rows.is_empty() { elder_master(store, masters).await? } else { None };
    let names = [KEY_IDS, REFRESH_TOKENS, ACCOUNTS, FORMER_IDENTITIES, PAGES].into_iter();
    let missing = names.filter(|name| !rows.iter().any(|row| row.name == *name)).map(|name| {
        let value = elder.map_or_else(random, |master| master.derive(name))?;
        let others = rows.iter().map(|row| (row.sealed.as_slice(), row.name.as_bytes()));
        Ok(SealedSecret { name: name.to_owned(), sealed: vault.seal_as(others, &*value, name.as_bytes())? })
    });
    missing.collect()
}

/// The master key of an installation that is older than these secrets, which derived them from it; none of a new one.
async fn elder_master<'a>(store: &Store, masters: &'a MasterKeys) -> anyhow::Result<Option<&'a MasterKey>> {
    let keys = store.signing_keys().await.context("cannot read the signing keys")?;
    if keys.iter().all(|key| key.sealed_private_key.is_empty()) {
        return Ok(None);
    }
    for master in [&masters.current].into_iter().chain(&masters.previous) {
        let vault = master.sealing_key(PRIVATE_KEY_PURPOSE)?;
        if keys.iter().any(|key| vault.open(&key.sealed_private_key, key.kid.as_bytes()).is_some()) {
            return Ok(Some(master));
        }
    }
    bail!(ANOTHER_KEY)
}

fn random() -> anyhow::Result<Secret> {
    let mut secret = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(&mut *secret).context("the operating system has no randomness")?;
    Ok(secret)
}
