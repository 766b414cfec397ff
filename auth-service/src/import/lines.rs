//! Lines of bounded length.

use std::io::{self, BufRead, Read};

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    TooLong,
}

/// Reads lines one by one, and keeps none.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl Lines<()> {
    /// The longest line: several times the longest user.
    pub(crate) const MAX_BYTES: usize = 16 * 1024;
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, and its number; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        loop {
            self.number += 1;
            self.buffer.clear();
            // One byte more than a line may have, and its end.
            let most = Lines::MAX_BYTES as u64 + 2;
            if self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            let ended = self.buffer.last() == Some(&b'\n');
            if !ended && self.buffer.len() as u64 == most {
                self.reader.skip_until(b'\n')?;
                return Ok(Some((self.number, Line::TooLong)));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let line = self.buffer.trim_ascii();
        let line = if self.number == 1 { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line) } else { line };
        let line = if line.len() > Lines::MAX_BYTES { Line::TooLong } else { Line::Whole(line) };
        Ok(Some((self.number, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(io::BufReader::with_capacity(7, text));
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            let line = match line {
                Line::Whole(line) => Some(String::from_utf8(line.to_vec()).unwrap()),
                Line::TooLong => None,
            };
            found.push((number, line));
        }
        found
    }

    #[test]
    fn lines_keep_their_numbers_and_blank_ones_are_passed_over() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("\u{feff}a\r\n\n  \nb".as_bytes()), [(1, some("a")), (4, some("b"))]);
        assert_eq!(read(b""), []);
        assert_eq!(read(b"\n\n"), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let longest = "x".repeat(Lines::MAX_BYTES);
        for end in ["\n", "\r\n"] {
            let text = format!("{longest}{end}{longest}x{end}{longest}{longest}{longest}{end}b");
            let found = read(text.as_bytes());
            assert_eq!(found[1..], [(2, None), (3, None), (4, Some("b".to_owned()))], "{end:?}");
            assert_eq!(found[0], (1, Some(longest.clone())), "{end:?}");
        }
        assert_eq!(read(format!("{longest}{longest}").as_bytes()), [(1, None)]);
    }
}
