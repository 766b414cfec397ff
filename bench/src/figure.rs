//! What is compared with nothing but its goal.

use serde::Serialize;

/// Something measured.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What it tells.
    pub name: String,
    /// What to reach.
    pub goal: &'static str,
    /// What was measured, part by part.
    pub lines: Vec<Line>,
}

/// One part.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Which.
    pub name: String,
    /// What each number is, and the number.
    pub values: Vec<(&'static str, f64)>,
}

impl Line {
    /// A part.
    pub fn new(name: impl Into<String>, values: impl Into<Vec<(&'static str, f64)>>) -> Self {
        Self { name: name.into(), values: values.into() }
    }
}
