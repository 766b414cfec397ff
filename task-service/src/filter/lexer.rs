//! A filter's text as tokens.

use std::{iter::Peekable, str::Chars};

use super::{error::FilterError, syntax::Operator};

/// A token, and which character of the text it begins at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Something without quotes: a name, a number, a date, a keyword.
    Word(String),
    /// Something in quotes.
    Quoted(String),
    Operator(Operator),
    Plus,
    Minus,
    Star,
    Open,
    Close,
    End,
}

/// The tokens of a text; the last one is its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut lexer = Lexer { rest: text.chars().peekable(), at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let end = token.kind == Kind::End;
        tokens.push(token);
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    at: usize,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<Token, FilterError> {
        while self.take_if(char::is_whitespace).is_some() {}
        let at = self.at;
        let Some(first) = self.take() else { return Ok(Token { kind: Kind::End, at }) };
        let kind = match first {
            '"' | '\'' => Kind::Quoted(self.quoted(first)?),
            '(' => Kind::Open,
            ')' => Kind::Close,
            '*' => Kind::Star,
            '+' => Kind::Plus,
            '-' => Kind::Minus,
            ':' => Kind::Operator(Operator::Has),
            '=' => Kind::Operator(Operator::Equal),
            '<' => Kind::Operator(self.or_equal(Operator::Less, Operator::LessOrEqual)),
            '>' => Kind::Operator(self.or_equal(Operator::Greater, Operator::GreaterOrEqual)),
            '!' if self.take_if(|next| next == '=').is_some() => Kind::Operator(Operator::NotEqual),
            first if is_word(first) => Kind::Word(self.word(first)),
            _ => return Err(FilterError::new(at, "a field, a value, an operator or a parenthesis")),
        };
        Ok(Token { kind, at })
    }

    fn or_equal(&mut self, alone: Operator, with_equal: Operator) -> Operator {
        if self.take_if(|next| next == '=').is_some() { with_equal } else { alone }
    }

    /// A word goes on over dots and hyphens; a timestamp also over its colons and its plus.
    fn word(&mut self, first: char) -> String {
        let number = first.is_ascii_digit();
        let mut word = String::from(first);
        loop {
            let timestamp = number && word.contains('T');
            let goes_on = |next| is_word(next) || matches!(next, '-' | '.') || (timestamp && matches!(next, ':' | '+'));
            match self.take_if(goes_on) {
                Some(next) => word.push(next),
                None => return word,
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.take() {
                Some(end) if end == quote => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                // PostgreSQL cannot compare with it, and no task has it.
                Some('\0') => return Err(FilterError::new(at, "a character other than U+0000")),
                Some(other) => text.push(other),
                None => return Err(FilterError::new(at, "the quotation mark that ends the text")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, FilterError> {
        let escaped = self.take_if(|next| matches!(next, '"' | '\'' | '\\'));
        escaped.ok_or_else(|| FilterError::new(self.at, "a quotation mark or a backslash behind the backslash"))
    }

    fn take(&mut self) -> Option<char> {
        self.take_if(|_any| true)
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let taken = self.rest.next_if(|next| wanted(*next))?;
        self.at += 1;
        Some(taken)
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
