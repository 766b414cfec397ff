//! What the signing keys are sealed with, and how long they live.

use std::{path::PathBuf, time::Duration};

use anyhow::ensure;
use chrono::TimeDelta;
use clap::Args;
use secrecy::SecretString;
use service_runtime::{
    database::Database,
    sealed::{MasterKey, SecretSource},
    settings::duration,
};

use super::{at_most, ten_years_at_most};
use crate::{secrets::MasterKeys, signing::KeyRules};

const MASTER_KEY: &str = "AUTH_MASTER_KEY";
const PREVIOUS: &str = "AUTH_MASTER_KEY_PREVIOUS";
const KEY_FILE: &str = "auth-master.key";

/// What the signing keys, and the other secrets in the database, are sealed with.
#[derive(Args, Clone, Debug)]
pub struct MasterKeySettings {
    /// What the signing keys and other secrets in the database are sealed with: base64 of 32 random bytes, the same for
    /// every replica. With SQLite it is made on first start, beside the database
    #[arg(long = "auth-master-key", env = MASTER_KEY, hide_env_values = true, global = true)]
    pub master_key: Option<SecretString>,
    /// A file with that key, readable by its owner only
    #[arg(long = "auth-master-key-file", env = "AUTH_MASTER_KEY_FILE", conflicts_with = "master_key", global = true)]
    pub master_key_file: Option<PathBuf>,
    /// The master key before that, until `auth-service keys reseal` has replaced it: what it sealed is opened, too
    #[arg(long = "auth-master-key-previous", env = PREVIOUS, hide_env_values = true, global = true)]
    pub previous: Option<SecretString>,
    /// A file with that key, readable by its owner only
    #[arg(
        long = "auth-master-key-previous-file",
        env = "AUTH_MASTER_KEY_PREVIOUS_FILE",
        conflicts_with = "previous",
        global = true
    )]
    pub previous_file: Option<PathBuf>,
}

impl MasterKeySettings {
    /// The keys of a service, which makes one where the database is embedded.
    pub(crate) fn load(&self, database: &Database) -> anyhow::Result<MasterKeys> {
        self.load_from(self.source(database))
    }

    /// The keys of the service beside which a command runs; none is made.
    pub(crate) fn load_existing(&self, database: &Database) -> anyhow::Result<MasterKeys> {
        let file = self.master_key_file.clone().or_else(|| Self::made_at_start(database));
        self.load_from(SecretSource { file, generate_in: None, ..self.source(database) })
    }

    /// Whether there is no key and the next start makes one.
    pub(crate) fn is_to_be_made(&self, database: &Database) -> bool {
        let is_given = self.master_key.is_some() || self.master_key_file.is_some();
        !is_given && Self::made_at_start(database).is_some_and(|file| !file.exists())
    }

    fn made_at_start(database: &Database) -> Option<PathBuf> {
        database.folder().map(|folder| folder.join(KEY_FILE))
    }

    fn load_from(&self, current: SecretSource) -> anyhow::Result<MasterKeys> {
        let (value, file) = (self.previous.clone(), self.previous_file.clone());
        let is_given = value.is_some() || file.is_some();
        let previous = SecretSource { variable: PREVIOUS, value, file, generate_in: None, file_name: KEY_FILE };
        let previous = is_given.then(|| MasterKey::load(previous)).transpose()?;
        Ok(MasterKeys { current: MasterKey::load(current)?, previous })
    }

    fn source(&self, database: &Database) -> SecretSource {
        SecretSource {
            variable: MASTER_KEY,
            value: self.master_key.clone(),
            file: self.master_key_file.clone(),
            generate_in: database.folder().map(ToOwned::to_owned),
            file_name: KEY_FILE,
        }
    }
}

/// How long signing keys live.
#[derive(Args, Clone, Copy, Debug)]
pub struct KeySettings {
    /// How long a signing key signs before another one takes over; at least twice AUTH_KEY_PUBLICATION. At most 32 keys
    /// are published at once, each for 7 days after it signed: with less than 6h a change may have to wait
    #[arg(
        long = "auth-key-lifetime",
        env = "AUTH_KEY_LIFETIME",
        default_value = "90d",
        value_parser = ten_years_at_most,
        global = true
    )]
    pub lifetime: Duration,
    /// How long a new key is published before it signs, 2s to 7d; the key set may be kept for half of that (max-age)
    #[arg(
        long = "auth-key-publication",
        env = "AUTH_KEY_PUBLICATION",
        default_value = "10m",
        value_parser = publication,
        global = true
    )]
    pub publication: Duration,
}

impl KeySettings {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.lifetime >= self.publication * 2,
            "AUTH_KEY_LIFETIME is less than twice AUTH_KEY_PUBLICATION; make the one longer or the other shorter"
        );
        Ok(())
    }

    /// As the keys know them. Neither is too long for that.
    pub(crate) fn rules(&self) -> KeyRules {
        let span = |length| TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX);
        KeyRules { lifetime: span(self.lifetime), publication: span(self.publication) }
    }
}

fn publication(text: &str) -> Result<Duration, String> {
    match at_most(duration(text)?, Duration::from_secs(7 * 24 * 3600))? {
        given if given < Duration::from_secs(2) => Err("it must be at least 2s".to_owned()),
        given => Ok(given),
    }
}
