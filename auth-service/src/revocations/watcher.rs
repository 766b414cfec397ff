//! One who watches: is told all that is revoked, then what is new, and asks for proof that nothing is missing.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::Instant,
};

use super::{
    Revocation, Revocations,
    log::{Cursor, Position},
};
use crate::error::{Error, Result};

/// How many revocations are told at once.
const PART: usize = 1000;

/// What a watcher is told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A part of what was revoked before it came.
    Snapshot(Vec<Revocation>),
    /// What has been revoked since.
    News(Vec<Revocation>),
    /// All that was revoked before this probe was shown.
    Echo(u64),
}

/// One who watches; somebody else's place once this is dropped. It is told nothing that it does not ask for, so a slow
/// one costs no memory.
#[derive(Debug)]
pub(crate) struct Watcher {
    revocations: Arc<Revocations>,
    position: Position,
    /// Up to where what it is told is the snapshot; nothing once that has been told.
    snapshot: Option<Position>,
    probes: Probes,
    read: watch::Receiver<Option<Instant>>,
    end: watch::Receiver<Position>,
    _place: OwnedSemaphorePermit,
}

impl Revocations {
    /// Begins to tell somebody what follows a cursor of this replica; all that is revoked, if that is empty.
    ///
    /// # Errors
    /// `CursorExpired` if it is the cursor of another one, `TooManyWatchers`, and `DatabaseSilent` while nothing can be
    /// vouched for.
    pub(crate) fn watch(self: &Arc<Self>, cursor: &str) -> Result<Watcher> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_full| Error::TooManyWatchers)?;
        if !self.is_fresh() {
            return Err(Error::DatabaseSilent);
        }
        let (position, snapshot) = match cursor {
            "" => (0, Some(self.log().end())),
            cursor => {
                let cursor: Option<Cursor> = cursor.parse().ok();
                let position = cursor.and_then(|cursor| self.log().position(cursor));
                (position.ok_or(Error::CursorExpired)?, None)
            }
        };
        let (read, end) = (self.read.subscribe(), self.end.subscribe());
        let probes = Probes::default();
        Ok(Watcher { revocations: Arc::clone(self), position, snapshot, probes, read, end, _place: place })
    }
}

impl Watcher {
    /// Asks for an echo of a probe that arrives now.
    ///
    /// # Errors
    /// `Malformed` when its id is not greater than the one before.
    pub(crate) fn probe(&mut self, id: u64) -> Result<()> {
        self.probes.push(Probe { id, arrived: Instant::now() })
    }

    /// Waits for the next thing to tell. Nothing is lost when nobody waits for it to the end.
    pub(crate) async fn next(&mut self) -> Told {
        loop {
            // In this order: what that reading found is in the log by now.
            let read = *self.read.borrow_and_update();
            self.end.mark_unchanged();
            let (revocations, next) = self.revocations.log().since(self.position, PART);
            self.position = next;
            if let Some(end) = self.snapshot {
                self.snapshot = Some(end).filter(|end| next < *end);
                return Told::Snapshot(revocations);
            }
            if !revocations.is_empty() {
                return Told::News(revocations);
            }
            if self.revocations.is_complete()
                && let Some(id) = self.probes.answer(read)
            {
                return Told::Echo(id);
            }
            // Neither can end: the senders live as long as the revocations.
            tokio::select! {
                _ = self.read.changed() => {}
                _ = self.end.changed() => {}
            }
        }
    }

    /// Where to go on after what has been told.
    pub(crate) fn cursor(&self) -> String {
        self.revocations.log().cursor(self.position).to_string()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Probe {
    id: u64,
    arrived: Instant,
}

/// The probes that wait: the first, and the newest of the others. Were it only the newest, one who probes faster than
/// the database is read would never be answered.
#[derive(Debug, Default)]
struct Probes {
    first: Option<Probe>,
    newest: Option<Probe>,
    last_id: Option<u64>,
}

impl Probes {
    fn push(&mut self, probe: Probe) -> Result<()> {
        if self.last_id.replace(probe.id).is_some_and(|last| probe.id <= last) {
            return Err(Error::Malformed("the id of each probe must be greater than the one before"));
        }
        match self.first {
            None => self.first = Some(probe),
            Some(_) => self.newest = Some(probe),
        }
        Ok(())
    }

    /// The newest probe that arrived before the last complete reading began.
    fn answer(&mut self, read: Option<Instant>) -> Option<u64> {
        let is_answered = |probe: &Probe| read.is_some_and(|begun| probe.arrived <= begun);
        let first = self.first.take_if(|probe| is_answered(probe))?;
        let newest = self.newest.take();
        match newest {
            Some(newest) if is_answered(&newest) => Some(newest.id),
            waiting => {
                self.first = waiting;
                Some(first.id)
            }
        }
    }
}

#[cfg(test)]
mod tests;
