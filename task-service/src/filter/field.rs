//! The fields that a filter may name: those of a task, by their own names.

use super::test::{IdField, MomentField, OptionalField, PlanField};

/// A field, by its type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Id(IdField),
    Title,
    Text,
    State,
    Priority,
    Labels,
    Blocked,
    Moment(MomentField),
    Plan(PlanField),
}

/// Nothing but these can be asked for.
const FIELDS: [(&str, Field); 15] = [
    ("id", Field::Id(IdField::Task)),
    ("title", Field::Title),
    ("text", Field::Text),
    ("state", Field::State),
    ("priority", Field::Priority),
    ("due", Field::Plan(PlanField::Due)),
    ("start", Field::Plan(PlanField::Start)),
    ("labels", Field::Labels),
    ("task_list_id", Field::Id(IdField::TaskList)),
    ("parent_id", Field::Id(IdField::Parent)),
    ("blocked", Field::Blocked),
    ("create_time", Field::Moment(MomentField::Create)),
    ("update_time", Field::Moment(MomentField::Update)),
    ("complete_time", Field::Moment(MomentField::Complete)),
    ("delete_time", Field::Moment(MomentField::Delete)),
];

impl Field {
    pub(super) fn named(name: &str) -> Option<Self> {
        FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
    }

    /// The names of all, for whoever got one wrong.
    pub(super) fn names() -> String {
        FIELDS.map(|(name, _)| name).join(", ")
    }

    /// The field, if a task need not have it.
    pub(super) fn optional(self) -> Option<OptionalField> {
        match self {
            Self::Id(IdField::Parent) => Some(OptionalField::Parent),
            Self::Labels => Some(OptionalField::Labels),
            Self::Plan(plan) => Some(OptionalField::Plan(plan)),
            Self::Moment(moment @ (MomentField::Complete | MomentField::Delete)) => Some(OptionalField::Moment(moment)),
            _ => None,
        }
    }
}
