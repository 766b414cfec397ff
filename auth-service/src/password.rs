//! Passwords, and the policy that a new one has to meet.

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, matching::patterns::MatchPattern, zxcvbn};

/// A password in NFKC, so that it is the same from every keyboard. It is never printed, cut or changed in case.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// The fewest and the most characters of a new password.
    pub const LENGTHS: std::ops::RangeInclusive<usize> = 8..=256;

    /// Takes what a person typed. Whether it may become a password is the [`PasswordPolicy`]'s to say.
    pub fn new(typed: &SecretString) -> Self {
        Self(SecretString::from(typed.expose_secret().nfkc().collect::<String>()))
    }

    /// Whether no password is as long as this one.
    pub fn is_too_long(&self) -> bool {
        self.0.expose_secret().chars().nth(*Self::LENGTHS.end()).is_some()
    }

    /// The bytes to hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// What a new password must be: of a length, with upper case, lower case and a digit, not common, and as hard to guess
/// as the installation demands.
#[derive(Clone, Copy, Debug)]
pub struct PasswordPolicy {
    /// The least zxcvbn score, 0 to 4. A random password of eight characters scores 2.
    pub min_score: u8,
}

impl PasswordPolicy {
    /// Beyond so many characters there is no common password, and an estimate takes milliseconds.
    const LONGEST_COMMON: usize = 100;

    /// Loads the list of common passwords, so that the first person does not wait for it.
    pub fn warm_up() {
        zxcvbn("", &[]);
    }

    /// Every rule that the password breaks, in words.
    pub fn broken_rules(self, password: &Password) -> Vec<String> {
        let text = password.0.expose_secret();
        let length = text.chars().count();
        let mut broken = Vec::new();
        let mut demand = |kept: bool, rule: &str| {
            if !kept {
                broken.push(rule.to_owned());
            }
        };
        demand(length >= *Password::LENGTHS.start(), "must have at least 8 characters");
        demand(length <= *Password::LENGTHS.end(), "must have at most 256 characters");
        demand(text.chars().any(char::is_uppercase), "must contain an upper case letter");
        demand(text.chars().any(char::is_lowercase), "must contain a lower case letter");
        demand(text.chars().any(char::is_numeric), "must contain a digit");
        if length <= Self::LONGEST_COMMON || self.min_score > 0 {
            let (common, score) = estimate(text);
            demand(!common, "must not be a common password");
            demand(score >= self.min_score, "must be harder to guess");
        }
        broken
    }
}

/// Whether the text is on zxcvbn's list of common passwords, case and l33t folded, and its score.
fn estimate(text: &str) -> (bool, u8) {
    let entropy = zxcvbn(text, &[]);
    let common = match entropy.sequence() {
        // The crate does not export the names of its dictionaries, but prints them.
        [only] => {
            matches!(&only.pattern, MatchPattern::Dictionary(found) if format!("{:?}", found.dictionary_name) == "Passwords")
        }
        _ => false,
    };
    let score = match entropy.score() {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        _ => 4,
    };
    (common, score)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(&SecretString::from(text))
    }

    fn broken(text: &str) -> Vec<String> {
        PasswordPolicy { min_score: 0 }.broken_rules(&password(text))
    }

    #[test]
    fn takes_random_and_long_ones_of_any_script() {
        let longest = format!("Aa1{}", "x".repeat(253));
        for good in ["Xk4mPq9z", "Ärger-über-7-Öfen", "Пароль7щит", longest.as_str()] {
            assert_eq!(broken(good), Vec::<String>::new(), "{good}");
        }
    }

    #[test]
    fn names_every_broken_rule_at_once() {
        assert_eq!(broken("").len(), 4);
        assert_eq!(broken("...").len(), 4);
        assert_eq!(broken("xk4mpq9z"), ["must contain an upper case letter"]);
        assert_eq!(broken("XK4MPQ9Z"), ["must contain a lower case letter"]);
        assert_eq!(broken("XkRmPqTz"), ["must contain a digit"]);
        assert_eq!(broken("Xk4mPq9"), ["must have at least 8 characters"]);
        assert_eq!(broken(&format!("Aa1{}", "x".repeat(254))), ["must have at most 256 characters"]);
    }

    #[test]
    fn refuses_common_ones_in_any_case_and_l33t() {
        let listed = ["Passw0rd", "Password1", "Qwerty123", "P@ssw0rd", "Trustno1"];
        for common in listed {
            assert_eq!(broken(common), ["must not be a common password"], "{common}");
        }
    }

    #[test]
    fn asks_for_the_score_that_the_installation_demands() {
        let strict = PasswordPolicy { min_score: 3 };
        assert_eq!(strict.broken_rules(&password("Xk4mPq9z")), ["must be harder to guess"]);
        assert!(strict.broken_rules(&password("Xk4mPq9z-Tr7wLb2v")).is_empty());
    }

    #[test]
    fn is_one_password_whatever_its_composition_and_never_printed() {
        assert_eq!(password("é1").as_bytes(), password("e\u{301}1").as_bytes());
        assert!(!format!("{:?}", password("Xk4mPq9z")).contains("Xk4"));
        assert!(password(&"x".repeat(257)).is_too_long());
        assert!(!password(&"x".repeat(256)).is_too_long());
    }
}
