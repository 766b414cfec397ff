use secrecy::SecretString;

use super::*;

fn policy(kind: PolicyKind, min_score: Option<u8>) -> PasswordPolicy {
    PasswordPolicy::new(kind, min_score, "duet.example.org")
}

fn broken_by(text: &str, policy: &PasswordPolicy) -> Vec<&'static str> {
    let context = ContextWords::of(Some("ada.lovelace@analytical.net"), "Augusta Ada King");
    policy.broken_rules(&Password::new(&SecretString::from(text)), &context)
}

fn broken(text: &str) -> Vec<&'static str> {
    broken_by(text, &policy(PolicyKind::Composition, None))
}

fn broken_by_nist(text: &str) -> Vec<&'static str> {
    broken_by(text, &policy(PolicyKind::Nist, None))
}

const COMMON: &str = "must not be a common password";
const GUESSABLE: &str = "must be harder to guess";
const OWN_WORDS: &str = "must not be made of your name, your address or the name of this service";

#[test]
fn takes_random_and_long_ones_of_any_script() {
    let longest = format!("Aa1{}", "x".repeat(253));
    for good in ["Xk4mPq9z", "Ärger-über-7-Öfen", "Пароль7щит", longest.as_str()] {
        assert!(broken(good).is_empty(), "{good}");
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
    assert_eq!(broken_by_nist("lovelace"), ["must have at least 15 characters", OWN_WORDS, GUESSABLE]);
    assert_eq!(broken_by_nist(&"a".repeat(257)), ["must have at most 256 characters", GUESSABLE]);
}

#[test]
fn refuses_common_ones_in_any_case_and_l33t() {
    for common in ["Passw0rd", "Password1", "Qwerty123", "P@ssw0rd", "Trustno1"] {
        assert_eq!(broken(common), [COMMON], "{common}");
    }
    let context = ContextWords::of(Some("trustno1@analytical.net"), "Trustno1");
    let password = Password::new(&SecretString::from("Trustno1"));
    let broken = policy(PolicyKind::Composition, None).broken_rules(&password, &context);
    assert_eq!(broken, [COMMON], "it is common even if it is somebody's name");
    assert!(broken_by("1qaz2wsx3edc4rfv", &policy(PolicyKind::Nist, Some(0))).contains(&COMMON));
}

#[test]
fn asks_for_the_score_that_the_installation_demands() {
    let strict = policy(PolicyKind::Composition, Some(3));
    assert_eq!(broken_by("Xk4mPq9z", &strict), [GUESSABLE]);
    assert!(broken_by("Xk4mPq9z-Tr7wLb2v", &strict).is_empty());
    let strictest = policy(PolicyKind::Composition, Some(4));
    let own = Password::new(&SecretString::from("LovelaceAnalytical7King"));
    let of_another = strictest.broken_rules(&own, &ContextWords::of(Some("eve@example.com"), "Eve"));
    assert_eq!(of_another, Vec::<&str>::new());
    assert_eq!(broken_by("LovelaceAnalytical7King", &strictest), [GUESSABLE], "one's own words are no secret");
}

#[test]
fn nist_asks_for_length_and_for_no_composition() {
    for good in
        ["xk4mpq9ztr7wlb2", "correct horse battery staple gun", "Пароль, которого нет", "ada and 12 green turtles swim"]
    {
        assert!(broken_by_nist(good).is_empty(), "{good}: {:?}", broken_by_nist(good));
    }
    assert_eq!(broken_by_nist("xk4mpq9ztr7wlb"), ["must have at least 15 characters"]);
    for guessable in ["aaaaaaaaaaaaaaaaaaaa", "abcdefghijklmnopqrst", "passwordpassword", "qwertyuiopasdfgh"] {
        assert!(broken_by_nist(guessable).contains(&GUESSABLE), "{guessable}");
    }
}

#[test]
fn nist_refuses_a_word_of_ones_own_and_a_little_more() {
    for made_of_words in [
        "ada.lovelace2026",
        "AdaLovelaceAdaLovelace",
        "augusta ada king!!!",
        "ANALYTICAL.NET#2026",
        "duetduetduetduet1",
        "duet.example.org!1",
        "King-of-analytical",
        "ａｕｇｕｓｔａ-ａｄａ-ｋｉｎｇ",
    ] {
        assert!(broken_by_nist(made_of_words).contains(&OWN_WORDS), "{made_of_words}");
    }
    let nobodys = PasswordPolicy::new(PolicyKind::Nist, Some(0), "");
    let password = Password::new(&SecretString::from("ada.lovelace2026"));
    assert!(nobodys.broken_rules(&password, &ContextWords::default()).is_empty(), "of a stranger it tells nothing");
}

#[test]
fn looks_at_the_beginning_of_a_long_one_only() {
    let long = |begin: &str| format!("{begin}{}", "4@8({[<369&#!1|".repeat(13));
    assert!(broken_by_nist(&long("Xk4mPq9zTr7wLb2v")).is_empty());
    assert!(broken_by_nist(&format!("{}Xk4mPq9zTr7wLb2v", "a".repeat(60))).contains(&GUESSABLE));
}
