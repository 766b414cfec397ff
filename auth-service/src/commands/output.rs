//! What a command says: results to standard output, everything else to standard error.

use std::{
    fmt::{Arguments, Display},
    io::{self, BufWriter, IsTerminal, Stdout, Write},
    process::ExitCode,
};

use chrono::{DateTime, SecondsFormat, Utc};

/// Standard output, whose reader may have seen enough.
pub(super) struct Output {
    writer: BufWriter<Stdout>,
    closed: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { writer: BufWriter::new(io::stdout()), closed: false }
    }

    /// Whether a person reads along.
    pub(super) fn is_terminal(&self) -> bool {
        self.writer.get_ref().is_terminal()
    }

    /// Writes a line, as long as somebody reads.
    ///
    /// # Errors
    /// When it cannot be written, unless that is because the reader has gone.
    pub(super) fn line(&mut self, text: Arguments<'_>) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let written = self.writer.write_fmt(text).and_then(|()| self.writer.write_all(b"\n"));
        self.unless_closed(written)
    }

    /// Lets the reader have what was written until now.
    ///
    /// # Errors
    /// As [`line`](Self::line).
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        self.unless_closed(flushed)
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn unless_closed(&mut self, outcome: io::Result<()>) -> io::Result<()> {
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }
}

/// Says on standard output what has been done.
///
/// # Errors
/// As [`Output::line`].
pub(super) fn say(text: Arguments<'_>) -> anyhow::Result<ExitCode> {
    let mut output = Output::new();
    output.line(text)?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Says something on standard error. Where that is closed there is nobody to tell.
pub(super) fn note(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether somebody can be asked; says on standard error what to do instead, if not.
pub(super) fn can_ask(instead: &str) -> bool {
    let can = io::stdin().is_terminal();
    if !can {
        note(format_args!("error: nobody is at the terminal to confirm it: {instead}"));
    }
    can
}

/// Asks a person.
///
/// # Errors
/// When the answer cannot be read.
pub(super) fn confirmed(question: &str) -> io::Result<bool> {
    write!(io::stderr(), "{question} [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

/// `1 session`, `2 sessions`.
pub(super) fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// A time for people.
pub(super) fn in_seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A time for programs.
pub(super) fn exact(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A count of what has been done, on standard error: rewritten in place for a person, a line now and then otherwise.
pub(super) struct Progress {
    terminal: bool,
    shown: u64,
}

impl Progress {
    const STEP: u64 = 500;
    const STEP_OF_LINES: u64 = 10_000;

    pub(super) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal(), shown: 0 }
    }

    /// Tells how much has been done, if it is time to.
    pub(super) fn tell(&mut self, done: u64, text: impl Display) {
        let step = if self.terminal { Self::STEP } else { Self::STEP_OF_LINES };
        if done < self.shown + step {
            return;
        }
        self.shown = done;
        match self.terminal {
            true => drop(write!(io::stderr(), "\r\x1b[K{text}")),
            false => note(text),
        }
    }

    /// Takes the count away, so that a line can be written in its place.
    pub(super) fn clear(&self) {
        if self.terminal && self.shown > 0 {
            drop(write!(io::stderr(), "\r\x1b[K"));
        }
    }
}

/// Text that somebody else chose, without what would lead a terminal astray: what is written right to left must not
/// turn the rest of the line around.
pub(super) fn printable(text: &str) -> String {
    let shown = |character: char| match character {
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        other => other,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_a_terminal_astray() {
        assert_eq!(printable("Ada O'Brien, Ärztin"), "Ada O'Brien, Ärztin");
        assert_eq!(printable("a\u{202e}b\x1b[2Jc"), "a\u{fffd}b\u{fffd}[2Jc");
    }
}
