//! E-mail addresses: what is accepted, and when two are one.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// An address as its owner gave it, in NFKC, and the key by which it is unique.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    address: String,
    key: String,
}

impl Email {
    /// The longest address (RFC 5321's path, less its brackets), in bytes.
    pub const MAX_BYTES: usize = 254;

    /// Reads an address.
    ///
    /// # Errors
    /// Every rule it breaks, in words.
    pub fn parse(given: &str) -> Result<Self, Vec<&'static str>> {
        let address: String = given.nfkc().collect();
        let broken = broken_rules(&address);
        if !broken.is_empty() {
            return Err(broken);
        }
        let key = Self::fold(&address);
        Ok(Self { address, key })
    }

    /// A text, which may be a part of an address, as it stands in keys.
    pub(crate) fn fold(text: &str) -> String {
        // Lower case can take a text out of NFKC, hence the second time.
        text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
    }

    /// The address in NFKC.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address without regard to case.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email")
    }
}

fn broken_rules(address: &str) -> Vec<&'static str> {
    let mut broken = Vec::new();
    if !matches!(address.split_once('@'), Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !domain.contains('@'))
    {
        broken.push("must be an address with one `@` and something on both sides of it");
    }
    if address.chars().any(|character| character.is_whitespace() || character.is_control()) {
        broken.push("must not contain spaces or control characters");
    }
    if address.len() > Email::MAX_BYTES {
        broken.push("must be at most 254 bytes long");
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_whatever_its_case_and_composition() {
        let key = |given| Email::parse(given).unwrap().key().to_owned();
        assert_eq!(key("Ada@Example.org"), key("ada@example.ORG"));
        assert_eq!(key("é@example.org"), key("E\u{301}@example.org"));
        assert_eq!(key("ada＠example.org"), key("ada@example.org"), "full-width forms fold in NFKC");
        assert_ne!(key("ada@example.org"), key("ada@example.com"));
        assert_eq!(Email::parse("Ada@Example.org").unwrap().address(), "Ada@Example.org");
    }

    #[test]
    fn names_every_broken_rule() {
        for malformed in ["", "@", "a@", "@b", "ab", "a@b@c"] {
            assert_eq!(Email::parse(malformed).unwrap_err().len(), 1, "{malformed:?}");
        }
        assert_eq!(Email::parse("a b").unwrap_err().len(), 2);
        let long = format!("a {}", "b".repeat(300));
        assert_eq!(Email::parse(&long).unwrap_err().len(), 3);
        let longest = format!("{}@b", "a".repeat(252));
        assert!(Email::parse(&longest).is_ok());
        assert!(Email::parse(&format!("a{longest}")).is_err());
    }

    #[test]
    fn does_not_print_itself() {
        assert_eq!(format!("{:?}", Email::parse("ada@example.org").unwrap()), "Email");
    }
}
