//! Signing keys as administrators look after them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use service_runtime::clock::Clock;

use crate::{
    error::{Error, Result},
    event::Origin,
    secrets::{MasterKeys, Secrets},
    signing::{Key, KeyMaker, KeyRules, KeyState, Keyring},
    store::{Sealed, Store},
};

/// What became of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rotated {
    /// This key signs.
    Active(String),
    /// This key signs from then on.
    Pending(String, DateTime<Utc>),
    /// This key had been made before, and signs from then on.
    PendingBefore(String, DateTime<Utc>),
    /// As many keys are published as may be, until then.
    Full(DateTime<Utc>),
}

/// What became of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revoked {
    /// It was made.
    Made,
    /// It was made, and this key signs in its place.
    Replaced(String),
    /// It had been made before.
    MadeBefore,
    /// There is no such key.
    NoSuchKey,
}

/// All keys.
pub(crate) struct Keys {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl Keys {
    /// All of them, in the order in which they were made.
    pub(crate) async fn list(&self) -> Result<Vec<Key>> {
        self.store.signing_keys().await
    }

    /// Makes the key that signs next, or lets it sign at once.
    pub(crate) async fn rotate(
        &self,
        at_once: bool,
        maker: &KeyMaker,
        rules: KeyRules,
        origin: &Origin,
    ) -> Result<Rotated> {
        let rotate = |ring: &mut Keyring, now| {
            if let (Some(pending), false) = (ring.pending(), at_once) {
                return Ok(Rotated::PendingBefore(pending.kid.clone(), pending.active_time));
            }
            if let Some(pending) = ring.pending() {
                let kid = pending.kid.clone();
                ring.activate_early(now);
                return Ok(Rotated::Active(kid));
            }
            if let Some(time) = ring.full_until() {
                return Ok(Rotated::Full(time));
            }
            let new = maker.make(ring).map_err(Error::internal)?;
            let kid = new.kid.clone();
            if at_once {
                ring.replace(new, now);
                return Ok(Rotated::Active(kid));
            }
            ring.publish(new, now, rules);
            Ok(Rotated::Pending(kid, now + rules.publication))
        };
        Ok(self.store.change_keys(&self.clock, origin, rotate).await?.0)
    }

    /// Has every token refused that a key signed, and every one that it will sign. If it was the one that signs, another
    /// one does at once.
    pub(crate) async fn revoke(&self, kid: &str, maker: &KeyMaker, origin: &Origin) -> Result<Revoked> {
        let revoke = |ring: &mut Keyring, now| {
            let state = ring.keys.iter().find(|key| key.kid == kid).map(|key| key.state);
            match state {
                None => Ok(Revoked::NoSuchKey),
                Some(KeyState::Revoked) => Ok(Revoked::MadeBefore),
                Some(state) => {
                    let new = if state == KeyState::Active { Some(maker.make(ring)) } else { None };
                    ring.revoke(kid, now);
                    let Some(new) = new.transpose().map_err(Error::internal)? else { return Ok(Revoked::Made) };
                    let replaced = Revoked::Replaced(new.kid.clone());
                    ring.replace(new, now);
                    Ok(replaced)
                }
            }
        };
        Ok(self.store.change_keys(&self.clock, origin, revoke).await?.0)
    }

    /// Seals under the current master key whatever is sealed under the previous one, and counts it.
    ///
    /// # Errors
    /// When neither of them opens something: then nothing has been changed.
    pub(crate) async fn reseal(&self, masters: &MasterKeys) -> anyhow::Result<BTreeMap<Sealed, usize>> {
        let (keys, secrets) = (KeyMaker::vault(masters)?, Secrets::vault(masters)?);
        let reseal = |what, context: &str, sealed: &[u8]| match what {
            Sealed::SigningKey => keys.reseal(sealed, context.as_bytes()),
            Sealed::Secret => secrets.reseal(sealed, context.as_bytes()),
        };
        let mut counts = BTreeMap::from([(Sealed::SigningKey, 0), (Sealed::Secret, 0)]);
        for what in self.store.reseal(reseal).await? {
            *counts.entry(what).or_default() += 1;
        }
        Ok(counts)
    }
}
