//! The filter of a listing: a subset of AIP-160 over an allow-list of a task's fields.
//!
//! A text goes through the [`lexer`], the [`parser`] and the [check](check), which knows the fields and their types,
//! and becomes a [`Filter`]: a tree of [`Test`]s. A time in it is still written as the client wrote it; [`Viewpoint`]
//! says what `now()` and `today()` mean. How a filter is asked of a database is none of this module's business.
//!
//! Every test is either true or false. On a field that a task does not have, a comparison is false, whatever it
//! compares with; so `NOT` always means everything else.
//!
//! [`lexer`]: self::lexer
//! [`parser`]: self::parser

mod check;
mod error;
mod field;
mod lexer;
mod parser;
mod syntax;
mod test;
#[cfg(test)]
mod tests;
mod time;
mod value;

pub use self::{
    error::FilterError,
    test::{Comparison, Equality, IdField, MomentField, OptionalField, PlanField, Test},
    time::{Span, TimeValue, Viewpoint},
};

/// The longest filter, in bytes of UTF-8.
pub const MAX_BYTES: usize = 4096;

/// How deep parentheses may be nested.
pub const MAX_DEPTH: usize = 16;

/// How many tests a filter may have.
pub const MAX_TESTS: usize = 50;

/// How many of them may look for a piece of text, which no index helps with.
pub const MAX_SEARCHES: usize = 5;

/// Which tasks are wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// Those that pass all; with none, every task.
    All(Vec<Filter>),
    /// Those that pass at least one.
    Any(Vec<Filter>),
    /// Those that do not pass.
    Not(Box<Filter>),
    /// Those of which this is true.
    Is(Test),
}

impl Filter {
    /// Reads a filter; an empty one lets every task pass.
    ///
    /// # Errors
    /// The first place where the text is no filter, and what would be.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > MAX_BYTES {
            return Err(FilterError::new(0, format!("at most {MAX_BYTES} bytes")));
        }
        let tokens = lexer::tokens(text)?;
        parser::parse(&tokens)?.map_or(Ok(Self::All(Vec::new())), |expression| check::check(&expression))
    }
}
