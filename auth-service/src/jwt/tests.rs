//! What holds of every text, tried with many: the fuzz target `token` tries more.

use fastrand::Rng;
use serde_json::json;

use super::*;

/// What tokens and their parts are made of.
const PIECES: [&str; 24] = [
    ".",
    "..",
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\u0061",
    "\"alg\"",
    "\"EdDSA\"",
    "null",
    "1e9",
    "-0",
    " ",
    "\n",
    "=",
    "A",
    "-",
    "_",
    "\u{e9}",
    "e30",
    "eyJhbGciOiJFZERTQSJ9",
];

fn pieces(random: &mut Rng, most: usize) -> String {
    (0..random.usize(0..most)).map(|_| *random.choice(&PIECES).unwrap_or(&"")).collect()
}

/// A token, nearly one, or none at all.
fn anything(random: &mut Rng) -> String {
    let header = if random.bool() { r#"{"alg":"EdDSA"}"#.to_owned() } else { pieces(random, 8) };
    let signature: Vec<u8> = (0..random.usize(0..66)).map(|_| random.u8(..)).collect();
    let parts =
        [header.as_bytes(), pieces(random, 8).as_bytes(), &signature].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let mut text: Vec<char> = parts.join(".").chars().collect();
    for _ in 0..random.usize(0..3) {
        let at = random.usize(..text.len());
        match random.u8(..4) {
            0 => drop(text.remove(at)),
            1 => text[at] = random.char(..),
            2 => text.insert(at, random.choice(['.', '=', 'A', '_', '-']).unwrap_or('.')),
            _ => text.extend(pieces(random, 3).chars()),
        }
    }
    text.into_iter().collect()
}

#[test]
fn whatever_is_read_as_a_token_is_written_so_and_in_no_other_way() {
    let mut random = Rng::with_seed(7);
    let mut read = 0;
    for _ in 0..100_000 {
        let text = anything(&mut random);
        let Ok(parts) = Parts::parse(&text) else { continue };
        read += 1;
        let written =
            text.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.encode(BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()));
        assert_eq!(written.collect::<Vec<_>>().join("."), text);
        assert_eq!(format!("{}.{}", parts.message, parts.signature), text);
        assert!(text.len() <= MAX_BYTES && text.is_ascii());
        let _ = Object::parse(&parts.payload);
    }
    assert!(read > 10_000, "only {read} of them were tokens");
}

#[test]
fn an_object_is_read_if_each_of_its_members_stands_once() {
    let mut random = Rng::with_seed(9);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let names: Vec<usize> = (0..random.usize(0..6)).map(|_| random.usize(..12)).collect();
        let members: Vec<_> = names
            .iter()
            .map(|name| {
                // The same name may be written in two ways.
                let written = if random.bool() {
                    format!("\\u00{:02x}", 97 + name)
                } else {
                    char::from(97 + *name as u8).to_string()
                };
                format!("\"{written}\":{}", json!([random.u8(..), null, { "a": 1 }]))
            })
            .collect();
        let distinct = names.iter().enumerate().all(|(index, name)| !names[..index].contains(name));
        let object = Object::parse(format!("{{{}}}", members.join(",")).as_bytes()).unwrap();
        assert_eq!(object.is_some(), distinct, "{members:?}");
        if distinct { read += 1 } else { refused += 1 }
    }
    assert!(read > 1000 && refused > 1000, "{read} {refused}");
}

#[test]
fn depth_and_size_have_an_end() {
    for deep in [100, 1000, 2500] {
        let header = format!("{{\"x\":{}{}}}", "[".repeat(deep), "]".repeat(deep));
        let token = format!("{}.e30.AAAA", BASE64_URL_SAFE_NO_PAD.encode(&header));
        assert_eq!(Parts::parse(&token).is_ok(), deep == 100, "{deep}");
        assert_eq!(Object::parse(header.as_bytes()).is_ok(), deep == 100, "{deep}");
    }
    let long = |length: usize| format!("e30.e30.{}", "A".repeat(length - 8));
    assert!(Parts::parse(&long(MAX_BYTES)).is_ok());
    assert_eq!(Parts::parse(&long(MAX_BYTES + 4)).err(), Some(Malformed));
}
