//! The life of signing keys, as rules without a database or a key in them.
//!
//! A key is *pending* while it is published and does not sign yet, *active* while it signs, *retiring* while tokens that
//! it signed may be good, and *retired* after that. One that may be in wrong hands is *revoked*, from whatever state.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{event::EventType, token::LONGEST_LIFETIME};

/// How many keys are published at most; another one is made when one of them has retired.
pub(crate) const MOST_PUBLISHED: usize = 32;

/// How much longer a key is published than the tokens that it signed are good: a replica that has not heard yet may sign
/// with it for some seconds more, and clocks differ.
const MARGIN: TimeDelta = TimeDelta::seconds(60);

macro_rules! states {
    ($($(#[$doc:meta])* $state:ident = $name:literal,)+) => {
        /// Where a key is in its life.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum KeyState {
            $($(#[$doc])* $state,)+
        }

        impl KeyState {
            pub(crate) const ALL: [Self; 5] = [$(Self::$state,)+];

            /// As it is kept and shown.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$state => $name,)+
                }
            }
        }
    };
}

states! {
    /// Published, and does not sign yet.
    Pending = "pending",
    /// Signs.
    Active = "active",
    /// Signs no more, and is published for the tokens that it signed.
    Retiring = "retiring",
    /// No token that it signed is good any more.
    Retired = "retired",
    /// May be in wrong hands: no token that it signed is good.
    Revoked = "revoked",
}

impl KeyState {
    /// Those of keys that stand in the key set.
    pub(crate) const PUBLISHED: [Self; 3] = [Self::Pending, Self::Active, Self::Retiring];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether it stands in the key set.
    pub(crate) fn is_published(self) -> bool {
        Self::PUBLISHED.contains(&self)
    }
}

/// A key as the database has it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kid: String,
    /// One more than that of the key that was made before.
    pub(crate) generation: i64,
    pub(crate) state: KeyState,
    pub(crate) public_key: Vec<u8>,
    /// Empty once it signs no more.
    pub(crate) sealed_private_key: Vec<u8>,
    pub(crate) create_time: DateTime<Utc>,
    /// From when on it signs.
    pub(crate) active_time: DateTime<Utc>,
    /// When the last token that it signed has expired; known once it signs no more.
    pub(crate) retire_time: Option<DateTime<Utc>>,
    pub(crate) revoke_time: Option<DateTime<Utc>>,
}

/// A key that was just made.
pub(crate) struct NewKey {
    pub(crate) kid: String,
    pub(crate) public_key: Vec<u8>,
    pub(crate) sealed_private_key: Vec<u8>,
}

/// How long keys live.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRules {
    /// A key signs so long.
    pub(crate) lifetime: TimeDelta,
    /// A key is published so long before it signs.
    pub(crate) publication: TimeDelta,
}

/// What time demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// There is no key to sign with: one is made that signs at once.
    Replace,
    /// The active key is nearly as old as it may become: its successor is made and published.
    Publish,
    /// The pending key takes over.
    Activate,
    /// No token that a key signed is good any more.
    Retire,
}

/// All keys, and what has been done with them that the audit trail tells of.
#[derive(Clone, Default)]
pub(crate) struct Keyring {
    pub(crate) keys: Vec<Key>,
    pub(crate) events: Vec<EventType>,
}

impl From<Vec<Key>> for Keyring {
    fn from(keys: Vec<Key>) -> Self {
        Self { keys, events: Vec::new() }
    }
}

impl Keyring {
    /// The key that signs.
    pub(crate) fn active(&self) -> Option<&Key> {
        self.only(KeyState::Active)
    }

    /// The key that signs next.
    pub(crate) fn pending(&self) -> Option<&Key> {
        self.only(KeyState::Pending)
    }

    /// Whether no further key may be made, and if so, when that changes.
    pub(crate) fn full_until(&self) -> Option<DateTime<Utc>> {
        let published = self.keys.iter().filter(|key| key.state.is_published());
        (published.count() >= MOST_PUBLISHED).then(|| self.keys.iter().filter_map(Self::retirement).min())?
    }

    /// What is to be done now, if anything.
    pub(crate) fn due(&self, now: DateTime<Utc>, rules: KeyRules) -> Option<Due> {
        match (self.active(), self.pending()) {
            (None, None) => Some(Due::Replace),
            (None, Some(_)) => Some(Due::Activate),
            (Some(_), Some(pending)) if pending.active_time <= now => Some(Due::Activate),
            (Some(active), None)
                if active.active_time + rules.lifetime - rules.publication <= now && self.full_until().is_none() =>
            {
                Some(Due::Publish)
            }
            _ => self.keys.iter().filter_map(Self::retirement).any(|time| time <= now).then_some(Due::Retire),
        }
    }

    /// Does all that is to be done now. `make` makes a key.
    pub(crate) fn tend<E>(
        &mut self,
        now: DateTime<Utc>,
        rules: KeyRules,
        make: impl Fn(&Self) -> Result<NewKey, E>,
    ) -> Result<(), E> {
        while let Some(due) = self.due(now, rules) {
            match due {
                Due::Replace => self.replace(make(self)?, now),
                Due::Publish => self.publish(make(self)?, now, rules),
                Due::Activate => self.activate(now),
                Due::Retire => self.retire(now),
            }
        }
        Ok(())
    }

    /// Publishes the key that signs next.
    pub(crate) fn publish(&mut self, new: NewKey, now: DateTime<Utc>, rules: KeyRules) {
        self.add(new, KeyState::Pending, now, now + rules.publication);
        self.events.push(EventType::KeyRotated);
    }

    /// Lets a new key sign at once. The first one takes nobody's place.
    pub(crate) fn replace(&mut self, new: NewKey, now: DateTime<Utc>) {
        if !self.keys.is_empty() {
            self.events.push(EventType::KeyRotated);
        }
        self.lay_down(now);
        self.add(new, KeyState::Active, now, now);
    }

    /// Lets the pending key sign.
    fn activate(&mut self, now: DateTime<Utc>) {
        self.lay_down(now);
        for key in self.keys.iter_mut().filter(|key| key.state == KeyState::Pending) {
            key.state = KeyState::Active;
            key.active_time = now;
        }
    }

    /// As [`activate`](Self::activate), before the pending key's time.
    pub(crate) fn activate_early(&mut self, now: DateTime<Utc>) {
        self.activate(now);
        self.events.push(EventType::KeyRotated);
    }

    /// Has a key's tokens refused. If it was the one that signs, there is none until another one is added.
    pub(crate) fn revoke(&mut self, kid: &str, now: DateTime<Utc>) {
        for key in self.keys.iter_mut().filter(|key| key.kid == kid) {
            key.state = KeyState::Revoked;
            key.revoke_time = Some(now);
            key.sealed_private_key.clear();
            self.events.push(EventType::KeyRevoked);
        }
    }

    /// The active key signs no more, and nobody needs its private half again.
    fn lay_down(&mut self, now: DateTime<Utc>) {
        for key in self.keys.iter_mut().filter(|key| key.state == KeyState::Active) {
            key.state = KeyState::Retiring;
            key.retire_time = Some(now + LONGEST_LIFETIME + MARGIN);
            key.sealed_private_key.clear();
        }
    }

    fn retire(&mut self, now: DateTime<Utc>) {
        for key in &mut self.keys {
            if Self::retirement(key).is_some_and(|time| time <= now) {
                key.state = KeyState::Retired;
            }
        }
    }

    fn add(&mut self, new: NewKey, state: KeyState, now: DateTime<Utc>, active_time: DateTime<Utc>) {
        let generation = self.keys.iter().map(|key| key.generation).max().unwrap_or_default() + 1;
        let NewKey { kid, public_key, sealed_private_key } = new;
        self.keys.push(Key {
            kid,
            generation,
            state,
            public_key,
            sealed_private_key,
            create_time: now,
            active_time,
            retire_time: None,
            revoke_time: None,
        });
    }

    fn only(&self, state: KeyState) -> Option<&Key> {
        self.keys.iter().find(|key| key.state == state)
    }

    fn retirement(key: &Key) -> Option<DateTime<Utc>> {
        key.retire_time.filter(|_| key.state == KeyState::Retiring)
    }
}

#[cfg(test)]
mod tests;
