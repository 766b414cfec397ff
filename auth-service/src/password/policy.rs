//! What a new password has to be.

use unicode_normalization::UnicodeNormalization;
use zxcvbn::{Score, matching::patterns::MatchPattern, zxcvbn};

use super::Password;

/// Which rules hold. Under both a password has at most 256 characters and is not a common one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PolicyKind {
    /// At least 8 characters, with upper case, lower case and a digit
    Composition,
    /// At least 15 characters of any kind (NIST SP 800-63B), not made of words such as the person's own name
    Nist,
}

/// What a new password must be: of a length and a composition, not common, and as hard to guess as the installation
/// demands.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    kind: PolicyKind,
    min_score: u8,
    house_words: Vec<String>,
}

/// Words that somebody would try first on one person's account: from the e-mail address and the name.
#[derive(Clone, Default)]
pub struct ContextWords(Vec<String>);

impl PasswordPolicy {
    /// No common password is as long, and whether one is hard to guess can be told from so many characters. More would
    /// take a tenth of a second where many of them could stand for others.
    const ESTIMATED: usize = 48;
    /// So many characters make a password when words that somebody would try first are left out.
    const LEAST_BESIDE_WORDS: usize = 8;

    /// The rules of a kind, for the installation at a host. The least zxcvbn score, 0 to 4, is 0 or 3 unless given; a
    /// random password of eight characters scores 2.
    pub fn new(kind: PolicyKind, min_score: Option<u8>, host: &str) -> Self {
        let usual = match kind {
            PolicyKind::Composition => 0,
            PolicyKind::Nist => 3,
        };
        let mut house_words = vec!["duet".to_owned()];
        add_words(&mut house_words, host);
        Self { kind, min_score: min_score.unwrap_or(usual), house_words }
    }

    /// Loads the list of common passwords, so that the first person does not wait for it.
    pub fn warm_up() {
        zxcvbn("", &[]);
    }

    /// Every rule that the password breaks, in words. Up to 50 ms of work.
    pub fn broken_rules(&self, password: &Password, context: &ContextWords) -> Vec<&'static str> {
        let text = password.text();
        let length = text.chars().count();
        let mut broken = Vec::new();
        let mut demand = |kept: bool, rule: &'static str| {
            if !kept {
                broken.push(rule);
            }
        };
        match self.kind {
            PolicyKind::Composition => {
                demand(length >= 8, "must have at least 8 characters");
                demand(text.chars().any(char::is_uppercase), "must contain an upper case letter");
                demand(text.chars().any(char::is_lowercase), "must contain a lower case letter");
                demand(text.chars().any(char::is_numeric), "must contain a digit");
            }
            PolicyKind::Nist => demand(length >= 15, "must have at least 15 characters"),
        }
        demand(length <= Password::MAX_CHARACTERS, "must have at most 256 characters");
        let estimated = text.char_indices().nth(Self::ESTIMATED).map_or(text, |(end, _)| &text[..end]);
        demand(!is_common(estimated), "must not be a common password");
        let words: Vec<&str> = self.house_words.iter().chain(&context.0).map(String::as_str).collect();
        if self.kind == PolicyKind::Nist {
            let made_of_words = is_made_of(text, &words, Self::LEAST_BESIDE_WORDS);
            demand(!made_of_words, "must not be made of your name, your address or the name of this service");
        }
        demand(self.min_score == 0 || score(estimated, &words) >= self.min_score, "must be harder to guess");
        broken
    }
}

impl ContextWords {
    /// The words of an address and of a name, whole and in parts.
    pub fn of(email: Option<&str>, display_name: &str) -> Self {
        let mut words = Vec::new();
        email.into_iter().flat_map(|email| email.split('@')).for_each(|part| add_words(&mut words, part));
        add_words(&mut words, display_name);
        Self(words)
    }
}

/// Adds a text and what its punctuation separates; what is too short occurs anywhere.
fn add_words(words: &mut Vec<String>, text: &str) {
    const SHORTEST: usize = 3;
    let text = folded(text);
    let parts = text.split(|character: char| !character.is_alphanumeric());
    for word in parts.chain([text.as_str()]).filter(|word| word.chars().nth(SHORTEST - 1).is_some()) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
}

fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Whether fewer than `least` letters and digits are left of a text without the words.
fn is_made_of(text: &str, words: &[&str], least: usize) -> bool {
    let mut words = words.to_vec();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let text = folded(text);
    let left = words.iter().fold(text.clone(), |left, word| left.replace(word, " "));
    left != text && left.chars().filter(|character| character.is_alphanumeric()).count() < least
}

/// Whether the text is on zxcvbn's list of common passwords, case and l33t folded.
fn is_common(text: &str) -> bool {
    match zxcvbn(text, &[]).sequence() {
        // The crate does not export the names of its dictionaries, but prints them.
        [only] => {
            matches!(&only.pattern, MatchPattern::Dictionary(found) if format!("{:?}", found.dictionary_name) == "Passwords")
        }
        _ => false,
    }
}

fn score(text: &str, words: &[&str]) -> u8 {
    match zxcvbn(text, words).score() {
        Score::Zero => 0,
        Score::One => 1,
        Score::Two => 2,
        Score::Three => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests;
