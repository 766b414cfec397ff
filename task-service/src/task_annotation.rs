//! What programs note on a task: names and values that mean nothing to Duet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Up to 20 names, each with a value.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Annotations(BTreeMap<String, String>);

/// A rule that annotations broke: at which name, unless it is about all of them, and how.
pub type AnnotationFault = (Option<String>, &'static str);

impl Annotations {
    /// The most annotations a task may have.
    pub const MAX_COUNT: usize = 20;
    /// The most bytes of a name.
    pub const MAX_NAME_BYTES: usize = 63;
    /// The most bytes of a value in UTF-8.
    pub const MAX_VALUE_BYTES: usize = 512;

    /// Checks the annotations; the error lists every rule that they broke.
    pub fn parse(pairs: BTreeMap<String, String>) -> Result<Self, Vec<AnnotationFault>> {
        if pairs.len() > Self::MAX_COUNT {
            return Err(vec![(None, "must be at most 20")]);
        }
        let faults: Vec<_> = pairs.iter().filter_map(|(name, value)| fault(name, value)).collect();
        if faults.is_empty() { Ok(Self(pairs)) } else { Err(faults) }
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn fault(name: &str, value: &str) -> Option<AnnotationFault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if name.is_empty() || name.len() > Annotations::MAX_NAME_BYTES || !name.bytes().all(plain) {
        return Some((None, "must have names of 1 to 63 letters, digits and the characters . _ - /"));
    }
    if value.len() > Annotations::MAX_VALUE_BYTES {
        return Some((Some(name.to_owned()), "must have at most 512 bytes"));
    }
    value.contains('\0').then(|| (Some(name.to_owned()), "must not contain the character U+0000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Annotations, Vec<AnnotationFault>> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Annotations::parse(pairs)
    }

    #[test]
    fn names_are_plain_and_values_any_text() {
        let longest = ("n".repeat(63), "\u{1f384}".repeat(128));
        let good = parse(&[("example.org/colour-1_a", "grün\n"), ("empty", ""), (&longest.0, &longest.1)]).unwrap();
        assert_eq!(good.iter().count(), 3);
        for bad in ["", "two words", "ü", &"n".repeat(64), "tab\t"] {
            assert_eq!(parse(&[(bad, "")]).unwrap_err()[0].0, None, "{bad}");
        }
        for bad in ["nul\0", &"v".repeat(513)] {
            assert_eq!(parse(&[("name", bad)]).unwrap_err()[0].0.as_deref(), Some("name"));
        }
    }

    #[test]
    fn there_are_at_most_twenty() {
        let many = |count: usize| (0..count).map(|number| (number.to_string(), String::new())).collect();
        assert!(Annotations::parse(many(20)).is_ok());
        assert!(Annotations::parse(many(21)).is_err());
    }
}
