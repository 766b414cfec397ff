//! Whether a filter's fields exist, and whether they can be compared as they are.

use super::{
    Filter, MAX_SEARCHES,
    error::FilterError,
    field::Field,
    syntax::{Expression, Operator, Restriction, ValueKind},
    test::{Comparison, Equality, Test},
    value,
};

/// The filter that a tree means.
pub(super) fn check(expression: &Expression) -> Result<Filter, FilterError> {
    Checker { searches: 0 }.filter(expression)
}

struct Checker {
    searches: usize,
}

impl Checker {
    /// Calls itself no deeper than the parser has let parentheses be nested.
    fn filter(&mut self, expression: &Expression) -> Result<Filter, FilterError> {
        match expression {
            Expression::All(parts) => Ok(Filter::All(self.filters(parts)?)),
            Expression::Any(parts) => Ok(Filter::Any(self.filters(parts)?)),
            Expression::Not(part) => Ok(Filter::Not(Box::new(self.filter(part)?))),
            Expression::Restriction(restriction) => Ok(Filter::Is(self.test(restriction)?)),
        }
    }

    fn filters(&mut self, parts: &[Expression]) -> Result<Vec<Filter>, FilterError> {
        parts.iter().map(|part| self.filter(part)).collect()
    }

    fn test(&mut self, restriction: &Restriction) -> Result<Test, FilterError> {
        let field = Field::named(&restriction.field)
            .ok_or_else(|| FilterError::new(restriction.field_at, format!("one of {}", Field::names())))?;
        if restriction.operator == Operator::Has {
            return self.has(field, restriction);
        }
        let argument = &restriction.argument;
        match field {
            Field::Id(id) => Ok(Test::Id(id, equality(restriction)?, value::uuid(argument)?)),
            Field::Title => Ok(Test::Title(comparison(restriction)?, value::text(argument)?.to_owned())),
            Field::State => Ok(Test::State(equality(restriction)?, value::state(argument)?)),
            Field::Priority => Ok(Test::Priority(comparison(restriction)?, value::priority(argument)?)),
            Field::Blocked => {
                let equal = equality(restriction)? == Equality::Equal;
                Ok(Test::Blocked(value::boolean(argument)? == equal))
            }
            Field::Moment(moment) => Ok(Test::Moment(moment, comparison(restriction)?, value::time(argument)?)),
            Field::Plan(plan) => Ok(Test::Plan(plan, comparison(restriction)?, value::time(argument)?)),
            Field::Text | Field::Labels => Err(FilterError::new(restriction.operator_at, "the operator :")),
        }
    }

    /// `:`, which asks whether there is something in the field.
    fn has(&mut self, field: Field, restriction: &Restriction) -> Result<Test, FilterError> {
        let argument = &restriction.argument;
        let anything = argument.first.kind == ValueKind::Anything && argument.shifts.is_empty();
        match (field, field.optional()) {
            (_, Some(optional)) if anything => Ok(Test::Has(optional)),
            (Field::Labels, _) => Ok(Test::Label(value::text(argument)?.to_owned())),
            (Field::Title, _) => Ok(Test::TitleContains(self.search(restriction)?)),
            (Field::Text, _) => Ok(Test::TextContains(self.search(restriction)?)),
            (_, Some(_)) => Err(FilterError::new(argument.first.at, "* behind the operator :")),
            (_, None) => Err(FilterError::new(restriction.operator_at, "another operator than :")),
        }
    }

    fn search(&mut self, restriction: &Restriction) -> Result<String, FilterError> {
        if self.searches == MAX_SEARCHES {
            let expected = format!("at most {MAX_SEARCHES} searches for a piece of text");
            return Err(FilterError::new(restriction.field_at, expected));
        }
        self.searches += 1;
        match value::text(&restriction.argument)? {
            "" => Err(FilterError::new(restriction.argument.first.at, "a text that is not empty")),
            text => Ok(text.to_owned()),
        }
    }
}

fn equality(restriction: &Restriction) -> Result<Equality, FilterError> {
    match restriction.operator {
        Operator::Equal => Ok(Equality::Equal),
        Operator::NotEqual => Ok(Equality::NotEqual),
        _ => Err(FilterError::new(restriction.operator_at, "= or !=")),
    }
}

fn comparison(restriction: &Restriction) -> Result<Comparison, FilterError> {
    match restriction.operator {
        Operator::Equal => Ok(Comparison::Equal),
        Operator::NotEqual => Ok(Comparison::NotEqual),
        Operator::Less => Ok(Comparison::Less),
        Operator::LessOrEqual => Ok(Comparison::LessOrEqual),
        Operator::Greater => Ok(Comparison::Greater),
        Operator::GreaterOrEqual => Ok(Comparison::GreaterOrEqual),
        Operator::Has => Err(FilterError::new(restriction.operator_at, "one of = != < <= > >=")),
    }
}
