//! Somebody whom another issuer knows.

use crate::{email::Email, user::DisplayName};

use super::Profile;

/// Somebody by the name that a source has for the person. Everything else is shown and never looked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) identity: Identity,
    /// What the issuer that was seen is called here.
    pub(crate) issuer: String,
    pub(crate) display_name: DisplayName,
    pub(crate) email: Option<String>,
}

/// By what a person of other issuers is known here, and by nothing else.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) source: String,
    pub(crate) subject: String,
}

impl Person {
    pub(super) fn new(profile: &Profile, subject: &str, name: Option<&str>, email: Option<&str>) -> Self {
        Self {
            identity: Identity { source: profile.source.clone(), subject: subject.to_owned() },
            issuer: profile.name.clone(),
            display_name: name.map(DisplayName::cut).unwrap_or_default(),
            email: email.and_then(|email| Email::parse(email).ok()).map(|email| email.address().to_owned()),
        }
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Person").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Identity").field("source", &self.source).finish_non_exhaustive()
    }
}
