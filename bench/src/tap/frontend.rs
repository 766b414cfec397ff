//! What a client of PostgreSQL says (protocol version 3).

use std::collections::HashMap;

use super::Seen;

/// What a client sends first instead, to ask for encryption.
const ENCRYPTION_REQUESTS: [i32; 2] = [80_877_103, 80_877_104];

/// A statement and what it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// With `$1` and so on for the parameters.
    pub text: String,
    /// One for each.
    pub parameters: Vec<Parameter>,
}

/// A value in PostgreSQL's binary form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The type's number; 0 if the client left it to the server.
    pub oid: u32,
    /// None is NULL.
    pub value: Option<Vec<u8>>,
}

/// One connection's client.
#[derive(Default)]
pub(super) struct Frontend {
    unread: Vec<u8>,
    started: bool,
    /// Whether there was anything since it was last waited for an answer.
    asked: bool,
    prepared: HashMap<String, (String, Vec<u32>)>,
}

impl Frontend {
    /// Reads on. What is no message is passed over: the server will say so.
    pub(super) fn take(&mut self, bytes: &[u8], seen: &Seen) {
        self.unread.extend_from_slice(bytes);
        loop {
            let head = usize::from(self.started);
            let Some(length) = self.unread.get(head..head + 4).and_then(|bytes| bytes.try_into().ok()) else { return };
            let end = head + usize::try_from(i32::from_be_bytes(length)).unwrap_or_default().max(4);
            if self.unread.len() < end {
                return;
            }
            let message: Vec<u8> = self.unread.drain(..end).collect();
            let mut body = Body(&message[head + 4..]);
            if self.started {
                self.handle(message[0], &mut body, seen);
            } else {
                self.started = !body.i32().is_some_and(|code| ENCRYPTION_REQUESTS.contains(&code));
            }
        }
    }

    fn handle(&mut self, kind: u8, body: &mut Body<'_>, seen: &Seen) {
        match kind {
            b'Q' => {
                seen.round_trip();
                seen.statement();
                seen.sends(|| Some(Sent { text: body.text()?, parameters: Vec::new() }));
            }
            b'P' => {
                if let Some((name, prepared)) = body.parse() {
                    self.prepared.insert(name, prepared);
                }
            }
            b'B' => seen.sends(|| body.bind(&self.prepared)),
            b'E' => seen.statement(),
            b'S' | b'H' if self.asked => seen.round_trip(),
            b'S' => seen.ping(),
            _ => {}
        }
        self.asked = !matches!(kind, b'Q' | b'S' | b'H');
    }
}

struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn bytes(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8_lossy(self.bytes(length)?).into_owned();
        self.bytes(1)?;
        Some(text)
    }

    /// A name, a statement and the types of its parameters.
    fn parse(&mut self) -> Option<(String, (String, Vec<u32>))> {
        let (name, text) = (self.text()?, self.text()?);
        let oids = (0..self.i16()?).map(|_| self.i32().map(i32::cast_unsigned)).collect::<Option<_>>()?;
        Some((name, (text, oids)))
    }

    fn bind(&mut self, prepared: &HashMap<String, (String, Vec<u32>)>) -> Option<Sent> {
        let (_portal, name) = (self.text()?, self.text()?);
        let (text, oids) = prepared.get(&name)?;
        let formats = usize::try_from(self.i16()?).ok()?;
        self.bytes(2 * formats)?;
        let count = usize::try_from(self.i16()?).ok()?;
        let mut parameters = Vec::new();
        for number in 0..count {
            let value = match usize::try_from(self.i32()?) {
                Ok(length) => Some(self.bytes(length)?.to_vec()),
                Err(_) => None,
            };
            parameters.push(Parameter { oid: oids.get(number).copied().unwrap_or_default(), value });
        }
        Some(Sent { text: text.clone(), parameters })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Tap, *};
    use crate::tap::Counts;
    use std::sync::Mutex;

    fn message(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [kind, &length, body].concat()
    }

    #[test]
    fn reads_what_is_sent_however_it_is_cut() {
        let ssl = message(b"", &80_877_103_i32.to_be_bytes());
        let startup = message(b"", b"\0\x03\0\0user\0bench\0\0");
        let parse = message(b"P", b"s1\0SELECT $1, $2\0\0\x02\0\0\0\x14\0\0\x0b\x86");
        let bind = message(b"B", b"\0s1\0\0\x01\0\x01\0\x02\0\0\0\x02\0\x07\xff\xff\xff\xff\0\0");
        let (execute, sync) = (message(b"E", b"\0\0\0\0\0"), message(b"S", b""));
        let query = message(b"Q", b"COMMIT\0");
        let all = [ssl, startup, parse, bind, execute, sync.clone(), query, sync.clone(), sync].concat();
        for piece in [1, 7, all.len()] {
            let seen = Seen { recorded: Mutex::new(Some(Vec::new())), ..Seen::default() };
            let mut frontend = Frontend::default();
            all.chunks(piece).for_each(|bytes| frontend.take(bytes, &seen));
            let parameters = vec![Parameter { oid: 20, value: Some(vec![0, 7]) }, Parameter { oid: 2950, value: None }];
            let expected = [
                Sent { text: "SELECT $1, $2".to_owned(), parameters },
                Sent { text: "COMMIT".to_owned(), parameters: Vec::new() },
            ];
            assert_eq!(seen.recorded.lock().unwrap().as_deref(), Some(&expected[..]));
            assert_eq!(seen.counts(), Counts { round_trips: 2, pings: 2, statements: 2 });
        }
    }

    #[tokio::test]
    async fn nothing_is_counted_before_somebody_comes() {
        let tap = Tap::start("postgres://someone@127.0.0.1:1/somewhere").await.unwrap();
        assert_eq!(tap.counts(), Counts::default());
        assert!(tap.url().starts_with("postgres://someone@127.0.0.1:") && tap.url().contains("/somewhere"));
    }
}
