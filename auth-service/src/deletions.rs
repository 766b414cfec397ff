//! Which users are no more.

use std::{fmt, str::FromStr};

use authn::UserId;
use chrono::{DateTime, Utc};
use service_runtime::page::PageSize;

use crate::{error::Result, store::Store};

/// A user who is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deletion {
    pub(crate) number: i64,
    pub(crate) user_id: UserId,
    pub(crate) delete_time: DateTime<Utc>,
}

/// After which deletion a list goes on: deletions are numbered from 1 in the order in which they become visible. The
/// user stands there too, because a database that was restored from a backup gives numbers a second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor(Option<(i64, UserId)>);

impl Cursor {
    /// Right behind a deletion.
    pub(crate) fn after(deletion: &Deletion) -> Self {
        Self(Some((deletion.number, deletion.user_id)))
    }

    /// The number of that deletion; 0 at the beginning.
    pub(crate) fn number(self) -> i64 {
        self.0.map_or(0, |(number, _)| number)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (number, user) = text.split_once('.').ok_or(())?;
        let cursor = Self(Some((number.parse().map_err(drop)?, user.parse().map_err(drop)?)));
        // One text for one cursor.
        if cursor.number() > 0 && cursor.to_string() == text { Ok(cursor) } else { Err(()) }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some((number, user)) => write!(formatter, "{number}.{}", user.as_uuid().simple()),
        }
    }
}

/// Tells other services of the users who are no more.
#[derive(Clone, Debug)]
pub(crate) struct Deletions {
    store: Store,
}

impl Deletions {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// The deletions that follow the cursor, and where to go on.
    pub(crate) async fn list(&self, cursor: Cursor, size: PageSize) -> Result<(Vec<Deletion>, Cursor)> {
        let deletions = self.store.deletions(cursor, size).await?;
        let next = deletions.last().map_or(cursor, Cursor::after);
        Ok((deletions, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_has_one_text() {
        let user = "0190b0b0-0000-7000-8000-00000000002a".parse().unwrap();
        let cursor = Cursor(Some((42, user)));
        let text = "42.0190b0b000007000800000000000002a";
        assert_eq!(cursor.to_string(), text);
        assert_eq!(text.parse(), Ok(cursor));
        assert_eq!("".parse(), Ok(Cursor::default()));
        assert_eq!(Cursor::default().to_string(), "");
        let hyphenated = format!("42.{user}");
        let (upper, padded) = (text.to_uppercase(), format!("0{text}"));
        let zero = text.replacen("42", "0", 1);
        for malformed in ["42", ".", "42.", "-1.x", "42.x", &hyphenated, &upper, &padded, &zero, &format!("+{text}")] {
            assert_eq!(malformed.parse::<Cursor>(), Err(()), "{malformed}");
        }
    }
}
