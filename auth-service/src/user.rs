//! People.

use std::fmt;

use authn::UserId;
use chrono::{DateTime, Utc};

/// A person, as everybody but the store sees one.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// The address as given; none for somebody who never gave one.
    pub email: Option<String>,
    /// What others see.
    pub display_name: String,
    /// When the person signed up.
    pub create_time: DateTime<Utc>,
    /// When a field last changed.
    pub update_time: DateTime<Utc>,
    /// When the person last signed up or logged in.
    pub last_login_time: Option<DateTime<Utc>>,
}

impl fmt::Debug for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "User({})", self.id)
    }
}

/// A name that others see; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 100;

    /// Reads a name.
    ///
    /// # Errors
    /// Every rule it breaks, in words.
    pub fn parse(given: String) -> Result<Self, Vec<&'static str>> {
        let mut broken = Vec::new();
        if given.chars().nth(Self::MAX_CHARACTERS).is_some() {
            broken.push("must have at most 100 characters");
        }
        if given.chars().any(char::is_control) {
            broken.push("must not contain control characters");
        }
        if broken.is_empty() { Ok(Self(given)) } else { Err(broken) }
    }

    /// What can be shown of a name that somebody else has checked, or nobody.
    pub fn cut(given: &str) -> Self {
        Self(given.chars().filter(|character| !character.is_control()).take(Self::MAX_CHARACTERS).collect())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_printable() {
        assert!(DisplayName::parse(String::new()).is_ok());
        assert!(DisplayName::parse("é".repeat(100)).is_ok());
        assert_eq!(DisplayName::parse("é".repeat(101)).unwrap_err(), ["must have at most 100 characters"]);
        assert_eq!(DisplayName::parse(format!("\n{}", "x".repeat(100))).unwrap_err().len(), 2);
        assert_eq!(DisplayName::cut(&format!("A\nda{}", "é".repeat(100))).as_str(), format!("Ada{}", "é".repeat(97)));
    }
}
