//! Users who come from another system: one JSON object a line, looked at one by one, and made some hundreds at a time.

mod lines;
mod record;

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use authn::UserId;
use aws_lc_rs::digest::{SHA256, digest};
use service_runtime::clock::Clock;

pub(crate) use lines::{Line, Lines};
use record::Record;

use crate::{
    error::Result,
    event::Origin,
    identifier::new_id,
    store::{NewUser, Store},
};

/// How many users are made in one transaction: enough to be fast, few enough to keep nobody waiting.
const BATCH: usize = 500;
/// Each line is remembered, in about 50 bytes, so that a second one with the same address is found.
const MAX_LINES: u64 = 5_000_000;
/// An embedded database has one writer at a time, and the service wants its turn: who waits looks every 100 ms at the
/// latest.
const PAUSE: Duration = Duration::from_millis(10);

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) lines: u64,
    pub(crate) imported: u64,
    pub(crate) unchanged: u64,
    pub(crate) refused: u64,
}

/// One run over a file.
pub(crate) struct Import {
    store: Store,
    clock: Clock,
    origin: Origin,
    dry_run: bool,
    batch: Vec<Record>,
    first_lines: HashMap<[u8; 16], u64>,
    tally: Tally,
}

impl Import {
    /// A run that `origin` causes; a dry one looks at everything and writes nothing.
    pub(crate) fn new(store: Store, clock: Clock, origin: Origin, dry_run: bool) -> Self {
        Self {
            store,
            clock,
            origin,
            dry_run,
            batch: Vec::with_capacity(BATCH),
            first_lines: HashMap::new(),
            tally: Tally::default(),
        }
    }

    /// What became of the lines until now. Those of the batch are not counted as imported yet.
    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether the batch is to be written before the next line.
    pub(crate) fn is_full(&self) -> bool {
        self.batch.len() >= BATCH
    }

    /// Takes a line into the batch.
    ///
    /// # Errors
    /// Why it is refused: every reason.
    pub(crate) fn take(&mut self, number: u64, line: &Line<'_>) -> Result<(), Vec<String>> {
        self.tally.lines += 1;
        let record = self.examine(number, line).inspect_err(|_| self.tally.refused += 1)?;
        self.batch.push(record);
        Ok(())
    }

    fn examine(&mut self, number: u64, line: &Line<'_>) -> Result<Record, Vec<String>> {
        if self.tally.lines > MAX_LINES {
            return Err(vec![format!("is one more than the {MAX_LINES} of one run; split the file")]);
        }
        let Line::Whole(line) = line else {
            return Err(vec![format!("is longer than {} bytes", Lines::MAX_BYTES)]);
        };
        let record = Record::parse(line, self.clock.now())?;
        match self.first_lines.entry(fingerprint(record.email.key())) {
            Entry::Occupied(first) => Err(vec![format!("email: is that of line {}", first.get())]),
            Entry::Vacant(free) => {
                free.insert(number);
                Ok(record)
            }
        }
    }

    /// Makes the users of the batch who are not there yet.
    pub(crate) async fn write(&mut self) -> Result<()> {
        let records = std::mem::take(&mut self.batch);
        if records.is_empty() {
            return Ok(());
        }
        let all = records.len();
        let made = if self.dry_run {
            all - self.store.count_taken(records.iter().map(|record| &record.email)).await?
        } else {
            let now = self.clock.now();
            let user = |record: Record| record.into_user(UserId::from(new_id(now)), now);
            let users: Vec<NewUser> = records.into_iter().map(user).collect();
            let made = self.store.import_users(&users, &self.origin, now).await?;
            if self.store.is_embedded() {
                tokio::time::sleep(PAUSE).await;
            }
            made
        };
        self.tally.imported += made as u64;
        self.tally.unchanged += (all - made) as u64;
        Ok(())
    }
}

/// Stands for a key, and cannot be hit by chance.
fn fingerprint(key: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&digest(&SHA256, key.as_bytes()).as_ref()[..16]);
    short
}

#[cfg(test)]
mod tests;
