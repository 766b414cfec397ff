//! Which of a user's tasks are listed, in which order, and where a page of them begins.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{
    filter::{Filter, Viewpoint},
    id::TaskListId,
    intent::PayloadHash,
    order::{Order, Rank},
    task::Task,
};

/// What a client wants listed.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The tasks of one list; none: of all.
    pub task_list: Option<TaskListId>,
    /// Which of them.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// Those in the trash too.
    pub show_deleted: bool,
    /// Where `today()` begins.
    pub zone: Tz,
    /// Of all that was asked for but the page: pages of one listing do not continue another.
    pub arguments: PayloadHash,
}

/// The last task of a page, whatever becomes of it: the next page begins behind its place.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bookmark {
    /// What `now()` was on the first page. It stands still for all of them, or a task could slip from one to another.
    now: DateTime<Utc>,
    /// Where it stood, by each key of the order.
    ranks: Vec<Rank>,
}

impl Listing {
    /// The place behind which the page after this task begins.
    #[must_use]
    pub fn bookmark(&self, last: &Task, now: DateTime<Utc>) -> Bookmark {
        Bookmark { now, ranks: self.order.ranks(last) }
    }

    /// From when and where the filter is asked.
    #[must_use]
    pub fn viewpoint(&self, now: DateTime<Utc>) -> Viewpoint {
        Viewpoint { now, zone: self.zone }
    }
}

impl Bookmark {
    /// What `now()` was on the first page.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Where the task stood, by each key of the order.
    #[must_use]
    pub fn ranks(&self) -> &[Rank] {
        &self.ranks
    }

    /// Whether it is a place in this order.
    #[must_use]
    pub fn fits(&self, order: &Order) -> bool {
        self.ranks.len() == order.keys().len()
    }
}
