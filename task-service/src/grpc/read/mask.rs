//! Which fields an update changes (AIP-134).

use prost_types::FieldMask;
use proto::task::v1 as pb;
use service_runtime::status::Violations;

/// Names every field that can be changed.
const EVERY: &str = "*";

/// What only the server sets, and what only names a state: named in a mask, it changes nothing.
const IGNORED: [&str; 11] = [
    "id",
    "task_list_id",
    "state",
    "position",
    "create_time",
    "update_time",
    "complete_time",
    "delete_time",
    "purge_time",
    "etag",
    "revision",
];

/// The answer names no more of a wrong path than this.
const SHOWN_CHARACTERS: usize = 50;

/// The fields to take from a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Fields {
    pub(super) title: bool,
    pub(super) notes: bool,
    pub(super) priority: bool,
    pub(super) due: bool,
    pub(super) labels: bool,
}

impl Fields {
    /// All that a client can set.
    pub(super) const ALL: Self = Self { title: true, notes: true, priority: true, due: true, labels: true };

    /// Those that the mask names; without one, those that are set in the task.
    pub(super) fn to_update(task: &pb::Task, mask: &FieldMask, violations: &mut Violations) -> Self {
        if mask.paths.is_empty() {
            return Self::set_in(task);
        }
        let mut fields = Self::default();
        // One is enough to mend the mask, and keeps the answer short whatever was sent.
        if let Some(unknown) = mask.paths.iter().find(|path| !fields.include(path)) {
            let shown: String = unknown.chars().take(SHOWN_CHARACTERS).collect();
            violations.add("update_mask", format!("names {shown:?}, which is no field of a task"));
        }
        fields
    }

    fn set_in(task: &pb::Task) -> Self {
        Self {
            title: !task.title.is_empty(),
            notes: !task.notes.is_empty(),
            priority: task.priority != i32::from(pb::Priority::Unspecified),
            due: task.due.is_some(),
            labels: !task.labels.is_empty(),
        }
    }

    /// Whether the path is known.
    fn include(&mut self, path: &str) -> bool {
        match path {
            EVERY => *self = Self::ALL,
            "title" => self.title = true,
            "notes" => self.notes = true,
            "priority" => self.priority = true,
            "due" => self.due = true,
            "labels" => self.labels = true,
            other => return IGNORED.contains(&other),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(task: &pb::Task, paths: &[&str]) -> Result<Fields, Violations> {
        let mask = FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
        let mut violations = Violations::default();
        let fields = Fields::to_update(task, &mask, &mut violations);
        if violations.is_empty() { Ok(fields) } else { Err(violations) }
    }

    #[test]
    fn without_a_mask_what_is_set_is_meant() {
        let task = pb::Task { notes: "n".to_owned(), priority: pb::Priority::None.into(), ..pb::Task::default() };
        let meant = Fields { notes: true, priority: true, ..Fields::default() };
        assert_eq!(fields(&task, &[]).ok(), Some(meant));
        assert_eq!(fields(&pb::Task::default(), &[]).ok(), Some(Fields::default()));
    }

    #[test]
    fn a_mask_goes_before_what_is_set() {
        let task = pb::Task { notes: "n".to_owned(), ..pb::Task::default() };
        let meant = Fields { due: true, labels: true, ..Fields::default() };
        assert_eq!(fields(&task, &["due", "labels", "state"]).ok(), Some(meant));
        assert_eq!(fields(&task, &["*"]).ok(), Some(Fields::ALL));
    }

    #[test]
    fn every_field_of_a_task_is_known_and_nothing_else() {
        let mut all: Vec<&str> = IGNORED.to_vec();
        all.extend(["title", "notes", "priority", "due", "labels"]);
        assert_eq!(fields(&pb::Task::default(), &all).ok(), Some(Fields::ALL));
        for unknown in ["", "Title", "due.date", "task.title", "* ", "parent_id"] {
            assert!(fields(&pb::Task::default(), &["title", unknown]).is_err(), "{unknown}");
        }
    }
}
