//! The ids of tasks and lists, as types that never mix.

use std::fmt::{self, Display, Formatter};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::{NoContext, Timestamp, Uuid};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts behind those of earlier milliseconds.
            #[must_use]
            pub fn generate(now: DateTime<Utc>) -> Self {
                let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
                Self(Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())))
            }

            /// Reads the hyphenated form; capital letters are taken too.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                parse_uuid(text).map(Self)
            }

            /// The id as the store keeps it.
            #[must_use]
            pub fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl Display for $name {
            fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

id! {
    /// Which task. Unique among the tasks of one user only: clients may choose it.
    TaskId
}

id! {
    /// Which list of tasks.
    TaskListId
}

/// Reads a UUID in its hyphenated form only, so that one id has one spelling but for the case of its letters.
#[must_use]
pub fn parse_uuid(text: &str) -> Option<Uuid> {
    const HYPHENATED: usize = 36;
    if text.len() == HYPHENATED { Uuid::try_parse(text).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let text = "018f3c1e-0000-7000-8000-00000000abcd";
        assert_eq!(TaskId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        assert_eq!(TaskId::parse(&text.to_uppercase()).map(|id| id.to_string()).as_deref(), Some(text));
        for bad in ["", "018f3c1e000070008000000000000abcd", "{018f3c1e-0000-7000-8000-00000000abcd}", "not-an-id"] {
            assert_eq!(TaskId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn generated_ids_rise_with_the_time() {
        let now = DateTime::UNIX_EPOCH + chrono::Duration::days(20_000);
        assert!(TaskId::generate(now) < TaskId::generate(now + chrono::Duration::milliseconds(1)));
        assert_ne!(TaskId::generate(now), TaskId::generate(now));
    }
}
