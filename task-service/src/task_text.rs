//! What people write into a task and a list: titles, notes and labels. A value of these types is valid.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// 1 to 500 characters, none of them a control character.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// The most characters a title may have.
    pub const MAX_CHARACTERS: usize = 500;

    /// Checks the title; the error says which rule it broke.
    pub fn parse(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        one_line(&text, Self::MAX_CHARACTERS).map(|()| Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A title that was checked when it was stored.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// 1 to 200 characters, none of them a control character.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ListTitle(String);

impl ListTitle {
    /// The most characters the title of a list may have.
    pub const MAX_CHARACTERS: usize = 200;

    /// Checks the title; the error says which rule it broke.
    pub fn parse(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        one_line(&text, Self::MAX_CHARACTERS).map(|()| Self(text))
    }

    /// What an inbox is called until its owner calls it something else.
    #[must_use]
    pub fn inbox() -> Self {
        Self("Inbox".to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A title that was checked when it was stored.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// Any text of up to 16 KiB without U+0000, which PostgreSQL cannot store.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Notes(String);

impl Notes {
    /// The most bytes that notes may have in UTF-8.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Checks the notes; the error says which rule they broke.
    pub fn parse(text: String) -> Result<Self, String> {
        if text.len() > Self::MAX_BYTES {
            return Err(format!("must have at most {} bytes", Self::MAX_BYTES));
        }
        if text.contains('\0') {
            return Err("must not contain the character U+0000".to_owned());
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Notes that were checked when they were stored.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }
}

/// Up to 20 different labels in the order of their bytes.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Labels(BTreeSet<String>);

/// A rule that labels broke: which label, unless it is about all of them, and how.
pub type LabelFault = (Option<usize>, String);

impl Labels {
    /// The most labels a task may have.
    pub const MAX_COUNT: usize = 20;
    /// The most characters a label may have.
    pub const MAX_CHARACTERS: usize = 50;

    /// Checks the labels; the error lists every rule that they broke.
    pub fn parse(texts: Vec<String>) -> Result<Self, Vec<LabelFault>> {
        if texts.len() > Self::MAX_COUNT {
            return Err(vec![(None, Self::too_many())]);
        }
        let mut labels = BTreeSet::new();
        let mut faults = Vec::new();
        for (index, text) in texts.into_iter().enumerate() {
            if text.is_empty() {
                faults.push((Some(index), "must not be empty".to_owned()));
            } else if let Err(fault) = one_line(&text, Self::MAX_CHARACTERS) {
                faults.push((Some(index), fault));
            } else if !labels.insert(text) {
                faults.push((Some(index), "must not be there twice".to_owned()));
            }
        }
        if faults.is_empty() { Ok(Self(labels)) } else { Err(faults) }
    }

    /// These and the ones to add, without the ones to remove; the error says that it is too many.
    pub fn with(&self, add: &Self, remove: &Self) -> Result<Self, String> {
        let labels: BTreeSet<String> = self.0.union(&add.0).filter(|label| !remove.contains(label)).cloned().collect();
        if labels.len() > Self::MAX_COUNT { Err(Self::too_many()) } else { Ok(Self(labels)) }
    }

    fn too_many() -> String {
        format!("must be at most {}", Self::MAX_COUNT)
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn contains(&self, label: &str) -> bool {
        self.0.contains(label)
    }

    /// The labels in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn one_line(text: &str, max_characters: usize) -> Result<(), String> {
    if text.chars().count() > max_characters {
        return Err(format!("must have at most {max_characters} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not contain a control character".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_1_to_500_characters_on_one_line() {
        for good in ["x".to_owned(), "ü".repeat(500), " ".to_owned()] {
            assert_eq!(Title::parse(good.clone()).unwrap().as_str(), good);
        }
        for bad in [String::new(), "ü".repeat(501), "two\nlines".to_owned(), "nul\0".to_owned()] {
            assert!(Title::parse(bad.clone()).is_err(), "{bad:?}");
            assert!(ListTitle::parse(bad.clone()).is_err(), "{bad:?}");
        }
        assert!(ListTitle::parse("ü".repeat(200)).is_ok());
        assert!(ListTitle::parse("ü".repeat(201)).is_err());
    }

    #[test]
    fn notes_have_up_to_16_kib() {
        assert!(Notes::parse("n".repeat(16 * 1024)).is_ok());
        assert!(Notes::parse("two\nlines\t".to_owned()).is_ok());
        assert!(Notes::parse("n".repeat(16 * 1024 + 1)).is_err());
        assert!(Notes::parse("nul\0".to_owned()).is_err());
    }

    #[test]
    fn labels_are_sorted() {
        let labels = Labels::parse(vec!["b".to_owned(), "a".to_owned(), "C".to_owned()]).unwrap();
        assert_eq!(labels.iter().collect::<Vec<_>>(), ["C", "a", "b"]);
    }

    #[test]
    fn every_bad_label_is_named() {
        let texts = ["ok", "", "ok", "line\n"].map(str::to_owned).into_iter().chain(["l".repeat(51)]);
        let faults = Labels::parse(texts.collect()).unwrap_err();
        assert_eq!(faults.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2, 3, 4].map(Some));
        let many = (0..21).map(|number| number.to_string()).collect();
        assert_eq!(Labels::parse(many).unwrap_err(), [(None, "must be at most 20".to_owned())]);
    }

    #[test]
    fn labels_are_added_and_taken_away() {
        let labels = |texts: &[&str]| Labels::parse(texts.iter().map(|text| (*text).to_owned()).collect()).unwrap();
        let changed = labels(&["a", "b"]).with(&labels(&["b", "c"]), &labels(&["a", "x"])).unwrap();
        assert_eq!(changed, labels(&["b", "c"]));
        let many = Labels::parse((0..20).map(|number| number.to_string()).collect()).unwrap();
        assert!(many.with(&labels(&["a"]), &Labels::default()).is_err());
        assert!(many.with(&labels(&["a"]), &labels(&["0"])).is_ok());
    }
}
