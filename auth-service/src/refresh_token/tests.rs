use secrecy::ExposeSecret;

use super::*;

fn tokens(seed: u8) -> RefreshTokens {
    RefreshTokens::new(HashingKey::new(&std::array::from_fn(|index| seed.wrapping_add(index as u8))))
}

fn session() -> SessionId {
    "019a0000-0000-7000-8000-000000000002".parse().unwrap()
}

/// A token of right form around these 64 bytes.
fn checked(unchecked: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode([unchecked, &checksum(unchecked)].concat()))
}

fn unchecked(token: &RefreshToken) -> Vec<u8> {
    let encoded = token.text.expose_secret().strip_prefix(PREFIX).unwrap();
    BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()[..UNCHECKED_BYTES].to_vec()
}

#[test]
fn a_token_is_known_again_with_all_that_it_says() {
    let tokens = tokens(1);
    let made = tokens.make(session()).unwrap();
    let text = made.text.expose_secret();
    assert_eq!((text.len(), &text[..8]), (8 + 91, "duet_rt_"));
    let read = tokens.read(text).unwrap();
    assert_eq!((read.session, &*read.secret, read.hash), (session(), &*made.secret, made.hash));
    assert_eq!(read.text.expose_secret(), text);
    assert_eq!(made.hash.as_slice(), digest(&SHA256, text.as_bytes()).as_ref());
    assert_ne!(tokens.make(session()).unwrap().hash, made.hash);
}

#[test]
fn any_changed_character_is_refused() {
    let tokens = tokens(1);
    let token = tokens.make(session()).unwrap();
    let text = token.text.expose_secret();
    for index in 0..text.len() {
        for changed in (0..=127).map(char::from).filter(|changed| *changed != char::from(text.as_bytes()[index])) {
            let forged = format!("{}{changed}{}", &text[..index], &text[index + 1..]);
            assert!(tokens.read(&forged).is_none(), "{changed:?} at {index}");
        }
        assert!(tokens.read(&text[..index]).is_none(), "cut at {index}");
        assert!(tokens.read(&text[index + 1..]).is_none(), "begun after {index}");
    }
    for other in [format!("{text}="), format!("{text}A"), format!(" {text}"), format!("{text}\n"), text.to_uppercase()]
    {
        assert!(tokens.read(&other).is_none(), "{other:?}");
    }
}

#[test]
fn a_right_checksum_does_not_make_up_for_a_wrong_tag() {
    let tokens = tokens(1);
    let right = unchecked(&tokens.make(session()).unwrap());
    assert!(tokens.read(&checked(&right)).is_some(), "the forger writes as the service does");
    for index in 0..UNCHECKED_BYTES {
        for bit in 0..8 {
            let mut forged = right.clone();
            forged[index] ^= 1 << bit;
            assert!(tokens.read(&checked(&forged)).is_none(), "bit {bit} of byte {index}");
        }
    }
}

#[test]
fn another_installations_token_is_none_of_ours() {
    let theirs = tokens(2).make(session()).unwrap();
    assert!(tokens(1).read(theirs.text.expose_secret()).is_none());
}

#[test]
fn only_the_predecessor_opens_what_it_sealed() {
    let tokens = tokens(1);
    let [first, second, stranger] = [(); 3].map(|()| tokens.make(session()).unwrap());
    let sealed = first.seal(&second).unwrap();
    assert_eq!(tokens.successor(&first, &sealed).unwrap().text.expose_secret(), second.text.expose_secret());
    assert!(tokens.successor(&second, &sealed).is_none(), "not even the token itself");
    assert!(tokens.successor(&stranger, &sealed).is_none());
    let elsewhere = SessionId::from(Uuid::from_u128(7));
    let moved = tokens.token(elsewhere, Zeroizing::new(*first.secret));
    assert!(tokens.successor(&moved, &sealed).is_none(), "nor the same secret in another session");
    assert!(tokens.successor(&first, &[]).is_none());
}

#[test]
fn it_does_not_print_itself() {
    let token = tokens(1).make(session()).unwrap();
    assert_eq!(format!("{token:?}"), "RefreshToken");
}

/// As good as random, and the same each time.
fn noise(case: u64) -> [u8; 2 * KEY_BYTES] {
    let half = |which: u8| sha256(&[&case.to_be_bytes()[..], &[which]].concat());
    let mut noise = [0; 2 * KEY_BYTES];
    noise[..KEY_BYTES].copy_from_slice(&half(0));
    noise[KEY_BYTES..].copy_from_slice(&half(1));
    noise
}

/// One of a hundred letters, some of them of several bytes.
fn letter(byte: u8) -> char {
    char::from_u32(u32::from(byte) * 0x101 % 0xd800).unwrap_or('-')
}

#[test]
fn whatever_is_shown_is_read_without_panic() {
    let tokens = tokens(1);
    for case in 0..5000 {
        let noise = noise(case);
        let text: String = noise.iter().copied().map(letter).collect();
        let lossy = String::from_utf8_lossy(&noise);
        let right_length = BASE64_URL_SAFE_NO_PAD.encode([&noise[..], &noise[..CHECKSUM_BYTES]].concat());
        assert_eq!(right_length.len(), ENCODED_BYTES);
        for shown in [&text, &*lossy, &right_length] {
            assert!(tokens.read(shown).is_none() && tokens.read(&format!("{PREFIX}{shown}")).is_none(), "{shown:?}");
        }
        assert!(tokens.read(&checked(&noise)).is_none(), "{noise:?}");
    }
}

#[test]
fn of_many_sessions_each_is_told_and_no_edited_token_is_read() {
    let tokens = tokens(1);
    for case in 0..2000 {
        let noise = noise(case);
        let id = Uuid::from_slice(&noise[..16]).unwrap();
        let made = tokens.make(SessionId::from(id)).unwrap();
        let text = made.text.expose_secret();
        assert_eq!(tokens.read(text).unwrap().session.as_uuid(), id);
        let mut edited: Vec<char> = text.chars().collect();
        for edit in noise[16..].chunks_exact(3).take(1 + usize::from(noise[63]) % 4) {
            let place = usize::from(edit[0]) % edited.len();
            match edit[1] % 4 {
                0 => edited[place] = letter(edit[2]),
                1 => edited.insert(place, letter(edit[2])),
                2 => drop(edited.remove(place)),
                _ => edited.swap(place, usize::from(edit[2]) % text.len().min(90)),
            }
        }
        let edited: String = edited.into_iter().collect();
        assert_eq!(tokens.read(&edited).is_some(), edited == text, "{edited:?} of {text}");
    }
}
