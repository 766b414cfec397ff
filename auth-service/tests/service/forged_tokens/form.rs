//! What is no signed JWT in its one canonical form.

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use proto::auth::v1::RejectionReason as R;

use super::{Forgery, Material, forgery};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn all(material: &Material) -> Vec<Forgery> {
    let mut corpus = texts(material);
    corpus.extend(encodings(material));
    corpus.extend(json(material));
    corpus.into_iter().map(|(what, token)| forgery(what, token, R::Malformed)).collect()
}

fn texts(material: &Material) -> Vec<(String, String)> {
    let good = &material.good;
    let [header, payload, signature] = material.parts();
    let named = |what: &str, token: String| (what.to_owned(), token);
    vec![
        named("nothing", String::new()),
        named("a space", " ".to_owned()),
        named("a dot", ".".to_owned()),
        named("two dots", "..".to_owned()),
        named("three dots", "...".to_owned()),
        named("a thousand dots", ".".repeat(1000)),
        named("no parts", good.replace('.', "")),
        named("one part", header.to_owned()),
        named("two parts", format!("{header}.{payload}")),
        named("four parts", format!("{good}.{signature}")),
        named("five parts, as of an encrypted one", format!("{good}.{payload}.{signature}")),
        named("a dot before it", format!(".{good}")),
        named("a dot behind it", format!("{good}.")),
        named("no header", format!(".{payload}.{signature}")),
        named("no payload", format!("{header}..{signature}")),
        named("a space before it", format!(" {good}")),
        named("a space behind it", format!("{good} ")),
        named("a line's end behind it", format!("{good}\n")),
        named("a space within it", format!("{header} .{payload}.{signature}")),
        named("a line folded within it", format!("{}\r\n {}", &good[..40], &good[40..])),
        named("its scheme twice", format!("Bearer {good}")),
        named("two of them", format!("{good},{good}")),
        named("in quotes", format!("\"{good}\"")),
        named("a NUL behind it", format!("{good}\0")),
        named("a NUL and more behind the header", format!("{header}\0x.{payload}.{signature}")),
        named("dots as in a URL", good.replace('.', "%2E")),
        named("full-width dots", good.replace('.', "\u{ff0e}")),
        named("letters that look alike", good.replacen('e', "\u{435}", 1)),
        named("no ASCII at all", "\u{1f511}".repeat(20)),
        named("a replacement character", format!("{good}\u{fffd}")),
        named(
            "its JSON form",
            format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#),
        ),
        named("a refresh token's form", format!("duet_rt_{signature}")),
        named("over 8 KiB", format!("{good}{}", "A".repeat(8 * 1024))),
        named("over 8 KiB in its header", format!("{}{good}", "A".repeat(8 * 1024))),
    ]
}

/// The same bytes, or none, otherwise encoded.
fn encodings(material: &Material) -> Vec<(String, String)> {
    let parts = material.parts();
    let mut corpus = Vec::new();
    for (index, name) in ["header", "payload", "signature"].into_iter().enumerate() {
        let mut with = |what: &str, part: String| {
            let mut parts = parts.map(str::to_owned);
            parts[index] = part;
            corpus.push((format!("{what} in the {name}"), parts.join(".")));
        };
        let part = parts[index];
        with("padding", format!("{part}="));
        with("much padding", format!("{part}===="));
        with("a character of no alphabet", format!("*{}", &part[1..]));
        with("a character of the other alphabet", format!("+{}", &part[1..]));
        with("a length that no bytes have", format!("{}{}", part, "A".repeat(5 - part.len() % 4)));
        with("the standard alphabet and padding", BASE64_STANDARD.encode([0xfb, 0xff, 0xfe, 0xfb]));
        if !part.len().is_multiple_of(4) {
            let last = ALPHABET.iter().position(|letter| *letter == part.as_bytes()[part.len() - 1]).unwrap();
            with("bits behind the last byte", format!("{}{}", &part[..part.len() - 1], char::from(ALPHABET[last + 1])));
        }
    }
    corpus
}

/// What is well encoded and signed, and no JSON.
fn json(material: &Material) -> Vec<(String, String)> {
    let forger = &material.forger;
    let (header, claims) = (forger.header.to_string(), forger.claims.to_string());
    let headers: [(&str, Vec<u8>); 11] = [
        ("an empty header", b"".to_vec()),
        ("a header that is a list", format!("[{header}]").into_bytes()),
        ("a header that is a text", b"\"EdDSA\"".to_vec()),
        ("a header that is null", b"null".to_vec()),
        ("a header with more behind it", format!("{header}{{}}").into_bytes()),
        ("a header with a mark of its byte order", format!("\u{feff}{header}").into_bytes()),
        (
            "a header that is no UTF-8",
            header
                .replace("at+jwt", "at+jw?")
                .into_bytes()
                .iter()
                .map(|b| if *b == b'?' { 0xff } else { *b })
                .collect(),
        ),
        ("a header with its alg twice", forger.header_and(r#""alg":"none""#).into_bytes()),
        ("a header with its kid twice", forger.header_and(r#""kid":"x""#).into_bytes()),
        ("a header with its alg twice, once escaped", forger.header_and(r#""\u0061lg":"none""#).into_bytes()),
        (
            "a header of a thousand lists",
            forger.header_and(&format!(r#""x":{}{}"#, "[".repeat(1000), "]".repeat(1000))).into_bytes(),
        ),
    ];
    let payloads: [(&str, Vec<u8>); 8] = [
        ("an empty payload", b"".to_vec()),
        ("a payload that is no JSON", b"sub=ada".to_vec()),
        ("a payload cut off", claims.as_bytes()[..claims.len() - 1].to_vec()),
        ("a payload with more behind it", format!("{claims}{{}}").into_bytes()),
        ("a payload that is no UTF-8", [b"{\"x\":\"\xff\",", &claims.as_bytes()[1..]].concat()),
        ("a payload with half a character escaped", forger.claims_and(r#""x":"\ud800""#).into_bytes()),
        (
            "a payload of two thousand lists",
            forger.claims_and(&format!(r#""x":{}{}"#, "[".repeat(2000), "]".repeat(2000))).into_bytes(),
        ),
        ("a payload with a number beyond all numbers", forger.claims_and(r#""x":1e400"#).into_bytes()),
    ];
    let headers = headers.map(|(what, header)| (what.to_owned(), forger.sign_bytes(&header, claims.as_bytes())));
    let payloads = payloads.map(|(what, claims)| (what.to_owned(), forger.sign_bytes(header.as_bytes(), &claims)));
    let doubly = BASE64.encode(&material.good);
    headers.into_iter().chain(payloads).chain([("one within another's form".to_owned(), doubly)]).collect()
}
