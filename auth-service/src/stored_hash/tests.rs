use super::*;
use crate::{hasher::Hasher, password::Password};

/// Made by other programs, of this password unless it says otherwise.
const PASSWORD: &str = "Xk4mPq9z";
/// better-auth 1.7.5 on Node.js.
const BETTER_AUTH: &str = "8f4b33901ac95773cb37e39fb694390b:1ca3ea37388b7fd252c49f90e7a70ac9ee22f1332b99b4268720660876657f5140b3354bb205043358270d6abeec3ee18adca48f32ae1889b7651e40ce536c2d";
/// The same, of a password that NFKC changes.
const BETTER_AUTH_NFKC: &str = "dd4c585ae584cdfa89e127d1b9f6ff23:7f76b933bad9915228d90918f5b69b4f121e61b423d09d26d820a2921192b6107a471caf9207ab81ce428b0d0b96487bbcfac212b421d5b11d4e8624ac76b861";
/// Python's `hashlib.scrypt`.
const SCRYPT: &str = "$scrypt$ln=12,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$N9wlEMEG14YIIniqFx6ZlfEsMfRXOqgLdvGBIZvCqpw";
/// bcryptjs 3, libxcrypt, and bcryptjs of a password of 76 bytes.
const BCRYPT: &str = "$2b$10$KxPUtGuwLJHps.C.hpVj7eWyRlAycIupaf0gNR9Q68xHnAt0Zl6qq";
const BCRYPT_Y: &str = "$2y$05$abcdefghijklmnopqrstuuCLVj0u28cGe0r2HaEKqrEkE7otyskQW";
const BCRYPT_LONG: &str = "$2b$04$Z4tM.D2w9HWF71W486KUFe/724RyMPvQ.9rJZQQdA82lmMjV8nqVG";
/// argon2-cffi 25.
const ARGON2ID: &str = "$argon2id$v=19$m=128,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$uLITKqFHdwk0RCsGzyq1hk+eg+7NcDhR";
const ARGON2I: &str = "$argon2i$v=19$m=128,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$gXDaheqeiKIjMwIlGC6hMsWYD0xFnDd2";
const ARGON2D: &str = "$argon2d$v=19$m=128,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$y0cZKpRspJmNNzk8VRHgjTMxjsf5eZ7s";
const ARGON2I_OLD: &str =
    "$argon2i$v=16$m=64,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$c2Qdnp9JUg+fWzVvqI4Eu4z4xKC8/R7s3qPX5pR4nDs";

const KNOWN: [&str; 8] = [BETTER_AUTH, SCRYPT, BCRYPT, BCRYPT_Y, ARGON2ID, ARGON2I, ARGON2D, ARGON2I_OLD];

fn is_password_of(password: &str, hash: &str) -> bool {
    let hash = StoredHash::parse(hash).unwrap();
    let password = Password::new(&secrecy::SecretString::from(password));
    Hasher::new(Scheme::argon2id(64, 1).unwrap()).verify(password.as_bytes(), &hash).unwrap()
}

#[test]
fn knows_the_passwords_of_hashes_made_elsewhere() {
    for hash in KNOWN {
        assert!(is_password_of(PASSWORD, hash), "{hash}");
        for wrong in ["Xk4mPq9Z", "Xk4mPq9", "Xk4mPq9z ", ""] {
            assert!(!is_password_of(wrong, hash), "{wrong} {hash}");
        }
    }
    for same in ["Ä\u{FB01}-Xk4mPq9z", "A\u{308}fi-Xk4mPq9z"] {
        assert!(is_password_of(same, BETTER_AUTH_NFKC), "{same}");
    }
}

#[test]
fn bcrypt_hears_seventy_two_bytes() {
    let heard = PASSWORD.repeat(9);
    for same in [format!("{heard}tail"), heard.clone(), format!("{heard}{}", "x".repeat(184))] {
        assert!(is_password_of(&same, BCRYPT_LONG), "{same}");
    }
    assert!(!is_password_of(&heard[..71], BCRYPT_LONG));
}

#[test]
fn is_kept_as_it_came_and_tells_its_scheme() {
    for hash in KNOWN {
        let parsed = StoredHash::parse(hash).unwrap();
        assert_eq!(parsed.to_string(), hash);
        assert!(!format!("{parsed:?}").contains(&hash[hash.len() - 8..]), "{parsed:?}");
    }
    let scheme = |hash| StoredHash::parse(hash).unwrap().scheme().to_string();
    assert_eq!(scheme(BETTER_AUTH), "scrypt$ln=14,r=16,p=1");
    assert_eq!(scheme(SCRYPT), "scrypt$ln=12,r=8,p=2");
    assert_eq!(scheme(BCRYPT), "bcrypt$10");
    assert_eq!(scheme(ARGON2ID), "argon2id$v=19$m=128,t=3,p=2");
    assert_eq!(scheme(&ARGON2I_OLD.replace("$v=16", "")), "argon2i$v=16$m=64,t=2,p=1");
}

#[test]
fn a_hash_that_is_cut_lets_nobody_in() {
    for hash in [BETTER_AUTH, BCRYPT_Y, ARGON2ID] {
        for (at, _) in hash.char_indices() {
            let cut = &hash[..at];
            assert!(StoredHash::parse(cut).is_err() || !is_password_of(PASSWORD, cut), "{cut}");
        }
    }
    // A shorter key of scrypt is the beginning of a longer one.
    assert!(StoredHash::parse(&SCRYPT[..SCRYPT.len() - 22]).is_err());
}

#[test]
fn says_why_it_refuses_and_quotes_nothing() {
    for refused in [
        "",
        "Xk4mPq9z",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$saltsalt$3vqXqF4w4XiAnRkIZ0xkK.",
        "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
        "$2x$10$KxPUtGuwLJHps.C.hpVj7eWyRlAycIupaf0gNR9Q68xHnAt0Zl6qq",
        "$2b$31$KxPUtGuwLJHps.C.hpVj7eWyRlAycIupaf0gNR9Q68xHnAt0Zl6qq",
        "$2b$10$KxPUtGuwLJHps.C.hpVj7eWyRlAycIupaf0gNR9Q68xHnAt0Zl6q",
        "$2b$+9$KxPUtGuwLJHps.C.hpVj7eWyRlAycIupaf0gNR9Q68xHnAt0Zl6qq",
        "$argon2id$v=19$m=4194304,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$uLITKqFHdwk0RCsGzyq1hk",
        "$argon2id$v=19$m=128,t=3,p=2$AAECAwQFBgcICQoLDA0ODw",
        "$scrypt$ln=20,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$N9wlEMEG14YIIniqFx6ZlfEsMfRXOqgLdvGBIZvCqpw",
        "$pbkdf2-sha256$i=600000$AAECAwQFBgcICQoLDA0ODw$N9wlEMEG14YIIniqFx6ZlfEsMfRXOqgLdvGBIZvCqpw",
        &"$".repeat(513),
        &format!("{}:{}", "g".repeat(32), "0".repeat(128)),
        &format!("{}:{}", "0".repeat(32), "g".repeat(128)),
        &format!("{}:{}", "é".repeat(16), "é".repeat(64)),
    ] {
        let why = StoredHash::parse(refused).unwrap_err();
        assert!(!why.is_empty() && !why.contains("KxPUt") && !why.contains("AAECAw"), "{why}");
    }
}
