//! What a filter asks of one task.

use uuid::Uuid;

use super::time::TimeValue;
use crate::task::{Priority, State};

/// One question about a task, with the answer true or false.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Whether an id is this one, or is another one.
    Id(IdField, Equality, Uuid),
    /// How the title compares, bytewise.
    Title(Comparison, String),
    /// Whether the title contains the text; A to Z and a to z are the same.
    TitleContains(String),
    /// Whether the title or the notes contain the text; A to Z and a to z are the same.
    TextContains(String),
    /// Whether the state is this one, or is another one.
    State(Equality, State),
    /// How the priority compares; higher is greater.
    Priority(Comparison, Priority),
    /// Whether one of the labels is exactly this.
    Label(String),
    /// Whether the task waits for another one.
    Blocked(bool),
    /// How a time that the server set compares.
    Moment(MomentField, Comparison, TimeValue),
    /// How a time that a person set compares.
    Plan(PlanField, Comparison, TimeValue),
    /// Whether the task has the field at all.
    Has(OptionalField),
}

/// The fields that are ids.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdField {
    /// `id`
    Task,
    /// `task_list_id`
    TaskList,
    /// `parent_id`
    Parent,
}

/// The fields that are points in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MomentField {
    /// `create_time`
    Create,
    /// `update_time`
    Update,
    /// `complete_time`
    Complete,
    /// `delete_time`
    Delete,
}

/// The fields that are a day, a floating time or a time in a zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PlanField {
    /// `start`: without a time of day, it is the beginning of the day.
    Start,
    /// `due`: without a time of day, it is the end of the day.
    Due,
}

/// The fields that a task need not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OptionalField {
    /// `parent_id`
    Parent,
    /// `start` or `due`
    Plan(PlanField),
    /// `complete_time` or `delete_time`
    Moment(MomentField),
    /// `labels`: at least one.
    Labels,
}

/// For what has no order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Equality {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
}

/// For what has one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}
