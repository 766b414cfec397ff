//! A filter as it is written, before anybody asks whether its fields exist.

/// A part of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Restriction(Restriction),
}

/// A field, an operator and what is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Restriction {
    pub(super) field: String,
    pub(super) field_at: usize,
    pub(super) operator: Operator,
    pub(super) operator_at: usize,
    pub(super) argument: Argument,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Has,
}

/// What a field is compared with: one value, to which durations may be added.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Argument {
    pub(super) first: Value,
    pub(super) shifts: Vec<Shift>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shift {
    pub(super) sign: Sign,
    pub(super) sign_at: usize,
    pub(super) value: Value,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) kind: ValueKind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum ValueKind {
    /// Without quotes.
    Word(String),
    /// In quotes.
    Quoted(String),
    /// `*`: whatever it is.
    Anything,
    /// A function and its argument.
    Call { function: String, argument: Option<String> },
}
