//! Tokens as a tree. OR binds more tightly than AND, as in AIP-160: `a AND b OR c` is `a AND (b OR c)`.

use super::{
    MAX_DEPTH, MAX_TESTS,
    error::FilterError,
    lexer::{Kind, Token},
    syntax::{Argument, Expression, Operator, Restriction, Shift, Sign, Value, ValueKind},
};

/// The tree of a filter; none of one that says nothing.
pub(super) fn parse(tokens: &[Token]) -> Result<Option<Expression>, FilterError> {
    let mut parser = Parser { tokens, next: 0, depth: 0, tests: 0 };
    if parser.kind() == &Kind::End {
        return Ok(None);
    }
    let expression = parser.all()?;
    if parser.kind() == &Kind::End { Ok(Some(expression)) } else { Err(parser.expected("AND, OR or the end")) }
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    depth: usize,
    tests: usize,
}

impl Parser<'_> {
    fn all(&mut self) -> Result<Expression, FilterError> {
        let first = self.any()?;
        let mut parts = vec![first];
        while self.take_word("AND") {
            parts.push(self.any()?);
        }
        Ok(one_or(parts, Expression::All))
    }

    fn any(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.term()?];
        while self.take_word("OR") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    fn term(&mut self) -> Result<Expression, FilterError> {
        if self.take_word("NOT") || self.take(&Kind::Minus) {
            return Ok(Expression::Not(Box::new(self.simple()?)));
        }
        self.simple()
    }

    fn simple(&mut self) -> Result<Expression, FilterError> {
        if self.kind() != &Kind::Open {
            return self.restriction().map(Expression::Restriction);
        }
        if self.depth == MAX_DEPTH {
            return Err(self.expected(format!("parentheses at most {MAX_DEPTH} deep")));
        }
        self.step();
        self.depth += 1;
        let inner = self.all()?;
        self.depth -= 1;
        if self.take(&Kind::Close) { Ok(inner) } else { Err(self.expected("AND, OR or a closing parenthesis")) }
    }

    fn restriction(&mut self) -> Result<Restriction, FilterError> {
        if self.tests == MAX_TESTS {
            return Err(self.expected(format!("at most {MAX_TESTS} comparisons")));
        }
        self.tests += 1;
        let field_at = self.at();
        let field = match self.kind() {
            Kind::Word(word) if !is_keyword(word) => word.clone(),
            _ => return Err(self.expected("the name of a field, NOT or an opening parenthesis")),
        };
        self.step();
        let operator_at = self.at();
        let operator = self.operator()?;
        Ok(Restriction { field, field_at, operator, operator_at, argument: self.argument()? })
    }

    fn operator(&mut self) -> Result<Operator, FilterError> {
        let Kind::Operator(operator) = *self.kind() else {
            return Err(self.expected("one of = != < <= > >= :"));
        };
        self.step();
        Ok(operator)
    }

    fn argument(&mut self) -> Result<Argument, FilterError> {
        let first = self.value()?;
        let mut shifts = Vec::new();
        loop {
            let sign_at = self.at();
            let sign = match self.kind() {
                Kind::Plus => Sign::Plus,
                Kind::Minus => Sign::Minus,
                _ => return Ok(Argument { first, shifts }),
            };
            self.step();
            shifts.push(Shift { sign, sign_at, value: self.value()? });
        }
    }

    fn value(&mut self) -> Result<Value, FilterError> {
        let at = self.at();
        let kind = match self.kind() {
            Kind::Word(word) if !is_keyword(word) => ValueKind::Word(word.clone()),
            Kind::Quoted(text) => ValueKind::Quoted(text.clone()),
            Kind::Star => ValueKind::Anything,
            _ => return Err(self.expected("a value")),
        };
        self.step();
        match kind {
            ValueKind::Word(function) if self.take(&Kind::Open) => {
                Ok(Value { kind: ValueKind::Call { function, argument: self.call_argument()? }, at })
            }
            kind => Ok(Value { kind, at }),
        }
    }

    /// The argument of a function, of which each here takes one or none, and the closing parenthesis.
    fn call_argument(&mut self) -> Result<Option<String>, FilterError> {
        let argument = match self.kind() {
            Kind::Quoted(text) | Kind::Word(text) => Some(text.clone()),
            _ => None,
        };
        if argument.is_some() {
            self.step();
        }
        if self.take(&Kind::Close) { Ok(argument) } else { Err(self.expected("a closing parenthesis")) }
    }

    fn kind(&self) -> &Kind {
        self.tokens.get(self.next).map_or(&Kind::End, |token| &token.kind)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(0, |token| token.at)
    }

    /// The end is never passed.
    fn step(&mut self) {
        self.next = (self.next + 1).min(self.tokens.len().saturating_sub(1));
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let taken = self.kind() == kind;
        if taken {
            self.step();
        }
        taken
    }

    fn take_word(&mut self, keyword: &str) -> bool {
        let taken = matches!(self.kind(), Kind::Word(word) if word == keyword);
        if taken {
            self.step();
        }
        taken
    }

    fn expected(&self, what: impl Into<String>) -> FilterError {
        FilterError::new(self.at(), what)
    }
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "AND" | "OR" | "NOT")
}

fn one_or(mut parts: Vec<Expression>, many: impl Fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}
