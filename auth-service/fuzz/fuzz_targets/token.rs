//! Whatever is sent as a token is a JWT in its one canonical form, or refused: so no two texts are one token.

#![no_main]

use auth_service::jwt::{MAX_BYTES, Object, Parts};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Any text; then what is well encoded at least, which chance alone seldom makes.
    if let Ok(text) = str::from_utf8(bytes) {
        look_at(text);
    }
    let parts: Vec<_> = bytes.splitn(3, |byte| *byte == b'.').map(|part| BASE64.encode(part)).collect();
    look_at(&parts.join("."));
});

fn look_at(token: &str) {
    let Ok(parts) = Parts::parse(token) else { return };
    assert!(token.len() <= MAX_BYTES);
    let written: Vec<_> = token.split('.').map(|part| BASE64.encode(BASE64.decode(part).expect("base64url"))).collect();
    assert_eq!(written.join("."), token);
    assert_eq!(format!("{}.{}", parts.message, parts.signature), token);
    let _ = Object::parse(&parts.payload);
}
