//! Signatures that are not the key's over these bytes.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use proto::auth::v1::RejectionReason as R;
use serde_json::{Value, json};

use super::{Forgery, Material, forgery};
use crate::support::forger::{Forger, with};

/// The order of the group (RFC 8032), which added to half a signature leaves an equation true that nobody should rely on.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) fn all(material: &Material) -> Vec<Forgery> {
    let mut corpus = signatures(material);
    corpus.extend(own_keys(&material.forger));
    corpus.into_iter().map(|(what, token)| forgery(what, token, R::BadSignature)).collect()
}

fn signatures(material: &Material) -> Vec<(String, String)> {
    let forger = &material.forger;
    let [header, payload, signature] = material.parts();
    let message = format!("{header}.{payload}");
    let right = BASE64.decode(signature).unwrap();
    let decoded = [BASE64.decode(header).unwrap(), b".".to_vec(), BASE64.decode(payload).unwrap()].concat();
    let promoted = BASE64.encode(with(&forger.claims, "scope", "admin").to_string());
    let somebody = BASE64.encode(with(&forger.claims, "sub", "019a0000-0000-7000-8000-000000000001").to_string());
    let spaced = BASE64.encode(forger.header.to_string().replace(':', ": "));
    let other = forger.with_claim("jti", "another");
    let named = |what: &str, bytes: &[u8]| (what.to_owned(), format!("{message}.{}", BASE64.encode(bytes)));
    let flipped = |at: usize| right.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i == at)).collect::<Vec<_>>();
    vec![
        ("no signature".to_owned(), format!("{message}.")),
        named("a byte", &[0]),
        named("64 zeros", &[0; 64]),
        named("64 times 255", &[255; 64]),
        named("its first half", &right[..32]),
        named("without its last byte", &right[..63]),
        named("with a byte more", &[&right[..], &[0]].concat()),
        named("twice", &[&right[..], &right[..]].concat()),
        named("its halves exchanged", &[&right[32..], &right[..32]].concat()),
        named("its first bit turned", &flipped(0)),
        named("its last bit turned", &flipped(63)),
        named("its other half made larger by the group's order", &malleated(&right)),
        named("the neutral point and zero", &[&[1][..], &[0; 63]].concat()),
        named("in hexadecimal", right.iter().map(|byte| format!("{byte:02x}")).collect::<String>().as_bytes()),
        named("encoded twice", signature.as_bytes()),
        named("over what is encoded", forger.pair.sign(&decoded).as_ref()),
        named("over the payload alone", forger.pair.sign(payload.as_bytes()).as_ref()),
        named("over nothing", forger.pair.sign(b"").as_ref()),
        ("another token's signature".to_owned(), format!("{message}.{}", other.rsplit_once('.').unwrap().1)),
        ("more scopes under the signature".to_owned(), format!("{header}.{promoted}.{signature}")),
        ("another user under the signature".to_owned(), format!("{header}.{somebody}.{signature}")),
        ("the same header written otherwise".to_owned(), format!("{spaced}.{payload}.{signature}")),
    ]
}

fn malleated(signature: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let sum = signature[32..].iter().zip(ORDER).map(|(byte, order)| {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        carry = sum >> 8;
        (sum & 0xff) as u8
    });
    let half: Vec<u8> = sum.collect();
    [&signature[..32], &half].concat()
}

/// Signed rightly with a key that the token itself brings along or points to.
fn own_keys(forger: &Forger) -> Vec<(String, String)> {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let x = BASE64.encode(pair.public_key());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": forger.header["kid"], "x": x });
    let brought: [(&str, Value); 6] = [
        ("jwk", jwk.clone()),
        ("jku", json!("http://127.0.0.1:1/jwks.json")),
        ("x5u", json!("http://127.0.0.1:1/cert.pem")),
        ("x5c", json!([x])),
        ("x5t", json!(x)),
        ("keys", json!([jwk])),
    ];
    let attacker = Forger { pair, header: forger.header.clone(), claims: forger.claims.clone() };
    let plain = ("somebody else's key".to_owned(), attacker.sign(&attacker.header, &attacker.claims));
    let brought =
        brought.map(|(name, value)| (format!("a key of its own in {name}"), attacker.with_header(name, value)));
    brought.into_iter().chain([plain]).collect()
}
