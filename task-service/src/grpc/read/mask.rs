//! Which fields an update changes (AIP-134).

use prost_types::FieldMask;
use proto::task::v1 as pb;

use super::faults::Faults;

/// Names every field that can be changed.
const EVERY: &str = "*";

/// What only the server sets, and what only names a state: named in a mask, it changes nothing.
const IGNORED: [&str; 13] = [
    "blocked",
    "id",
    "task_list_id",
    "parent_id",
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

/// As `IGNORED`, of a list.
const IGNORED_OF_LISTS: [&str; 9] =
    ["id", "inbox", "position", "create_time", "update_time", "delete_time", "purge_time", "etag", "revision"];

/// The answer names no more of a wrong path than this.
const SHOWN_CHARACTERS: usize = 50;

/// The fields to take from a request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Fields {
    pub(super) title: bool,
    pub(super) notes: bool,
    pub(super) priority: bool,
    pub(super) start: bool,
    pub(super) due: bool,
    pub(super) reminders: bool,
    pub(super) labels: bool,
    pub(super) annotations: bool,
    pub(super) blocked_by: bool,
}

impl Fields {
    /// All that a client can set.
    pub(super) const ALL: Self = Self {
        title: true,
        notes: true,
        priority: true,
        start: true,
        due: true,
        reminders: true,
        labels: true,
        annotations: true,
        blocked_by: true,
    };

    /// Those that the mask names; without one, those that are set in the task.
    pub(super) fn to_update(task: &pb::Task, mask: &FieldMask, faults: &mut Faults) -> Self {
        if mask.paths.is_empty() {
            return Self::set_in(task);
        }
        let mut fields = Self::default();
        refuse_unknown(mask.paths.iter().find(|path| !fields.include(path)), faults);
        fields
    }

    fn set_in(task: &pb::Task) -> Self {
        Self {
            title: !task.title.is_empty(),
            notes: !task.notes.is_empty(),
            priority: task.priority != i32::from(pb::Priority::Unspecified),
            start: task.start.is_some(),
            due: task.due.is_some(),
            reminders: !task.reminders.is_empty(),
            labels: !task.labels.is_empty(),
            annotations: !task.annotations.is_empty(),
            blocked_by: !task.blocked_by.is_empty(),
        }
    }

    /// Whether the path is known.
    fn include(&mut self, path: &str) -> bool {
        match path {
            EVERY => *self = Self::ALL,
            "title" => self.title = true,
            "notes" => self.notes = true,
            "priority" => self.priority = true,
            "start" => self.start = true,
            "due" => self.due = true,
            "reminders" => self.reminders = true,
            "labels" => self.labels = true,
            "annotations" => self.annotations = true,
            "blocked_by" => self.blocked_by = true,
            other => return IGNORED.contains(&other),
        }
        true
    }
}

/// Whether an update of a list changes its title.
pub(super) fn title_of_list(list: &pb::TaskList, mask: &FieldMask, faults: &mut Faults) -> bool {
    let known = |path: &str| path == EVERY || path == "title" || IGNORED_OF_LISTS.contains(&path);
    refuse_unknown(mask.paths.iter().find(|path| !known(path)), faults);
    let named = mask.paths.iter().any(|path| path == EVERY || path == "title");
    if mask.paths.is_empty() { !list.title.is_empty() } else { named }
}

/// One is enough to mend the mask, and keeps the answer short whatever was sent.
fn refuse_unknown(unknown: Option<&String>, faults: &mut Faults) {
    if let Some(unknown) = unknown {
        let shown: String = unknown.chars().take(SHOWN_CHARACTERS).collect();
        faults.add("update_mask", format!("names {shown:?}, which is no field that can be changed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(task: &pb::Task, paths: &[&str]) -> Result<Fields, tonic::Status> {
        let mask = FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() };
        let mut faults = Faults::default();
        let fields = Fields::to_update(task, &mask, &mut faults);
        faults.none_or(Some(fields))
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
        all.extend(["title", "notes", "priority", "start", "due", "reminders", "labels", "annotations", "blocked_by"]);
        assert_eq!(fields(&pb::Task::default(), &all).ok(), Some(Fields::ALL));
        for unknown in ["", "Title", "due.date", "task.title", "* "] {
            assert!(fields(&pb::Task::default(), &["title", unknown]).is_err(), "{unknown}");
        }
    }
}
