//! Where something is to go among its siblings.

/// A wish of a user, who knows neighbours and no positions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Place<Id> {
    /// Before all others.
    First,
    /// Behind all others.
    #[default]
    Last,
    /// Right before this one.
    Before(Id),
    /// Right behind this one.
    After(Id),
}

impl<Id> Place<Id> {
    /// The same wish with another kind of id.
    pub fn map<Other>(self, convert: impl FnOnce(Id) -> Other) -> Place<Other> {
        match self {
            Self::First => Place::First,
            Self::Last => Place::Last,
            Self::Before(id) => Place::Before(convert(id)),
            Self::After(id) => Place::After(convert(id)),
        }
    }

    /// The one that it is to stand next to, if it says so.
    pub fn neighbour(&self) -> Option<&Id> {
        match self {
            Self::First | Self::Last => None,
            Self::Before(id) | Self::After(id) => Some(id),
        }
    }
}
