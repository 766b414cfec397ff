//! Passwords, and the policy that a new one has to meet.

mod policy;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

pub use policy::{ContextWords, PasswordPolicy, PolicyKind};

/// A password in NFKC, so that it is the same from every keyboard. It is never printed, cut or changed in case.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// The most characters of a password.
    pub const MAX_CHARACTERS: usize = 256;

    /// Takes what a person typed. Whether it may become a password is the [`PasswordPolicy`]'s to say.
    pub fn new(typed: &SecretString) -> Self {
        Self(SecretString::from(typed.expose_secret().nfkc().collect::<String>()))
    }

    /// Whether no password is as long as this one.
    pub fn is_too_long(&self) -> bool {
        self.0.expose_secret().chars().nth(Self::MAX_CHARACTERS).is_some()
    }

    /// Whether it is the same password.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// The bytes to hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text().as_bytes()
    }

    fn text(&self) -> &str {
        self.0.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(&SecretString::from(text))
    }

    #[test]
    fn is_one_password_whatever_its_composition_and_never_printed() {
        assert_eq!(password("é1").as_bytes(), password("e\u{301}1").as_bytes());
        assert!(!format!("{:?}", password("Xk4mPq9z")).contains("Xk4"));
        assert!(password(&"x".repeat(257)).is_too_long());
        assert!(!password(&"x".repeat(256)).is_too_long());
    }
}
