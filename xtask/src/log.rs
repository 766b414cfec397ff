//! Several children on one terminal: each line says whose it is.

use std::{
    env,
    io::{IsTerminal, Write, stdout},
    sync::Arc,
};

/// What takes a child's lines, without their ends.
pub type Sink = Arc<dyn Fn(&str) + Send + Sync>;

/// The names are as wide as the widest of them: `auth`, `task`, `envoy`.
const WIDTH: usize = 5;

/// A sink that prints each line after `name`, in a colour of its own on a terminal (unless `NO_COLOR` is set).
pub fn prefixed(name: &str) -> Sink {
    let coloured = stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
    let prefix = prefix(name, coloured);
    Arc::new(move |line| {
        // A closed pipe (`cargo xtask up | head`) is no reason to end what runs.
        let _ = writeln!(stdout().lock(), "{prefix}{line}");
    })
}

fn prefix(name: &str, coloured: bool) -> String {
    match (coloured, colour(name)) {
        (true, colour) => format!("\x1b[{colour}m{name:WIDTH$} |\x1b[0m "),
        (false, _) => format!("{name:WIDTH$} | "),
    }
}

fn colour(name: &str) -> u8 {
    match name {
        "auth" => 36,
        "task" => 35,
        "envoy" => 33,
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_line_up_and_are_plain_without_a_terminal() {
        assert_eq!(prefix("auth", false), "auth  | ");
        assert_eq!(prefix("envoy", false), "envoy | ");
        assert_eq!(prefix("task", true), "\x1b[35mtask  |\x1b[0m ");
    }
}
