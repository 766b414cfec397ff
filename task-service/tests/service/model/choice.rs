//! What to do next.

use proto::task::v1::{self as pb, Task, TaskList, move_task_request::Place};
use uuid::Uuid;

use super::{Group, operation::Operation, play::Player};
use crate::support::client::titled;

/// With more tasks than this a user tidies up.
const MANY_TASKS: usize = 150;
const MANY_LISTS: usize = 30;
const LABELS: [&str; 6] = ["errand", "home", "later", "play", "Work", "ärgerlich"];

impl Player<'_> {
    pub(super) fn choose(&mut self) -> Operation {
        if self.model.tasks.len() > MANY_TASKS {
            return self.tidy();
        }
        match self.rng.u8(..20) {
            0 | 1 => Operation::Create(self.create()),
            2 | 3 => Operation::Update(self.update()),
            4 => Operation::Start(pb::StartTaskRequest { task_id: self.task(), ..Default::default() }),
            5 => Operation::Complete(pb::CompleteTaskRequest { task_id: self.task(), ..Default::default() }),
            6 => Operation::Cancel(pb::CancelTaskRequest { task_id: self.task(), ..Default::default() }),
            7 => Operation::Reopen(pb::ReopenTaskRequest { task_id: self.task(), ..Default::default() }),
            8 => Operation::Relabel(self.relabel()),
            9..=11 => Operation::Move(self.relocate()),
            12 | 13 => Operation::Delete(pb::DeleteTaskRequest { task_id: self.live_task(), ..Default::default() }),
            14 | 15 => {
                Operation::Undelete(pb::UndeleteTaskRequest { task_id: self.trashed_task(), ..Default::default() })
            }
            16 => self.batch(),
            17 if self.model.lists.len() < MANY_LISTS => {
                let task_list = Some(TaskList { title: self.title(), ..Default::default() });
                Operation::CreateList(pb::CreateTaskListRequest { task_list, ..Default::default() })
            }
            17 | 18 => {
                Operation::UndeleteList(pb::UndeleteTaskListRequest { task_list_id: self.list(), ..Default::default() })
            }
            _ if self.rng.bool() => {
                Operation::DeleteList(pb::DeleteTaskListRequest { task_list_id: self.list(), ..Default::default() })
            }
            _ => Operation::Purge(pb::PurgeTasksRequest {
                task_ids: vec![self.task(), self.task()],
                ..Default::default()
            }),
        }
    }

    fn tidy(&mut self) -> Operation {
        let live = self.model.tasks.iter().filter(|(_, task)| task.trashed_with.is_none()).map(|(id, _)| id.clone());
        let some = self.rng.choose_multiple(live, 60);
        if some.is_empty() || self.rng.bool() {
            return Operation::Purge(pb::PurgeTasksRequest { all_deleted: true, ..Default::default() });
        }
        let requests =
            some.into_iter().map(|task_id| pb::DeleteTaskRequest { task_id, ..Default::default() }).collect();
        Operation::DeleteAll(pb::BatchDeleteTasksRequest { requests, ..Default::default() })
    }

    fn batch(&mut self) -> Operation {
        let size = self.rng.usize(1..40);
        match self.rng.u8(..8) {
            0..=3 => {
                let requests = (0..size).map(|_| self.create()).collect();
                Operation::CreateAll(pb::BatchCreateTasksRequest { requests, ..Default::default() })
            }
            4..=6 => {
                let requests = (0..size).map(|_| self.update()).collect();
                Operation::UpdateAll(pb::BatchUpdateTasksRequest { requests, ..Default::default() })
            }
            _ => {
                let delete = |task_id| pb::DeleteTaskRequest { task_id, ..Default::default() };
                let requests = (0..size / 8 + 1).map(|_| delete(self.task())).collect();
                Operation::DeleteAll(pb::BatchDeleteTasksRequest { requests, ..Default::default() })
            }
        }
    }

    fn create(&mut self) -> pb::CreateTaskRequest {
        let task_id = match self.rng.u8(..100) {
            0 => self.own().unwrap_or_default(),
            1..=10 => String::new(),
            _ => self.uuid(),
        };
        let mut task = self.words();
        match self.rng.u8(..3) {
            0 => task.task_list_id = self.live_list(),
            1 => task.parent_id = self.live_task(),
            _ => {}
        }
        pb::CreateTaskRequest { task: Some(task), task_id, ..Default::default() }
    }

    fn update(&mut self) -> pb::UpdateTaskRequest {
        let paths = ["notes", "priority", "labels", "state", "position"];
        let count = self.rng.usize(..paths.len());
        let paths = self.rng.choose_multiple(paths, count).into_iter().map(str::to_owned).collect();
        let task = Some(Task { id: self.live_task(), ..self.words() });
        let update_mask = self.rng.bool().then_some(prost_types::FieldMask { paths });
        pb::UpdateTaskRequest { task, update_mask, ..Default::default() }
    }

    fn relabel(&mut self) -> pb::ModifyTaskLabelsRequest {
        let mut labels: Vec<_> = LABELS.map(str::to_owned).into();
        self.rng.shuffle(&mut labels);
        let (add_labels, remove_labels) = (labels[..2].to_vec(), labels[2..4].to_vec());
        pb::ModifyTaskLabelsRequest { task_id: self.live_task(), add_labels, remove_labels, ..Default::default() }
    }

    fn relocate(&mut self) -> pb::MoveTaskRequest {
        let task_id = self.live_task();
        let anchor = |player: &mut Self| player.sibling_of(&task_id.clone());
        let (place, parent_id, task_list_id) = match self.rng.u8(..10) {
            0 => (Some(Place::First(true)), None, String::new()),
            1 => (Some(Place::Last(true)), None, String::new()),
            2 | 3 => (Some(Place::BeforeTaskId(anchor(self))), None, String::new()),
            4 | 5 => (Some(Place::AfterTaskId(anchor(self))), None, String::new()),
            6 => (None, Some(self.task()), String::new()),
            7 => (Some(Place::First(true)), Some(String::new()), String::new()),
            8 => (None, None, self.live_list()),
            _ => (Some(Place::BeforeTaskId(self.task())), Some(self.live_task()), self.list()),
        };
        pb::MoveTaskRequest { task_id, task_list_id, parent_id, place, ..Default::default() }
    }

    fn words(&mut self) -> Task {
        let labels = self.rng.usize(..4);
        let labels = self.rng.choose_multiple(LABELS, labels).into_iter().map(str::to_owned).collect();
        let notes = if self.rng.bool() { format!("n{}", self.rng.u16(..)) } else { String::new() };
        Task { notes, labels, priority: self.rng.i32(0..=5), ..titled(&self.title()) }
    }

    fn title(&mut self) -> String {
        format!("t{}", self.rng.u32(..))
    }

    pub(super) fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid().to_string()
    }

    /// Rather one of the family of the one before, so that what is done to parents and children comes together.
    fn own(&mut self) -> Option<String> {
        let mut family: Vec<_> = self.model.order.get(&Group::Under(self.before.clone())).cloned().unwrap_or_default();
        family.extend(self.model.tasks.get(&self.before).map(|task| task.parent.clone()).filter(|id| !id.is_empty()));
        let relative = self.rng.choice(&family).cloned().filter(|_| self.rng.bool());
        let nth = self.rng.usize(..self.model.tasks.len().max(1));
        let task = relative.or_else(|| self.model.tasks.keys().nth(nth).cloned())?;
        self.before.clone_from(&task);
        Some(task)
    }

    /// Rather one from the trash.
    fn trashed_task(&mut self) -> String {
        let trashed: Vec<_> = self.model.tasks.iter().filter(|(_, task)| task.trashed_with.is_some()).collect();
        let one = self.rng.choice(&trashed).map(|(id, _)| (*id).clone());
        let mut line = one.map(|one| self.model.line_above(&one)).unwrap_or_default();
        line.retain(|id| self.model.tasks[id].trashed_with.is_some());
        // The topmost brings others along.
        line.pop().filter(|_| self.rng.u8(..4) > 0).unwrap_or_else(|| self.task())
    }

    /// A task: one's own, now and then somebody else's or none at all.
    fn task(&mut self) -> String {
        match self.rng.u8(..40) {
            0 => self.rng.choice(&*self.everybodys.lock().unwrap()).cloned(),
            1 => None,
            _ => self.own(),
        }
        .unwrap_or_else(|| Uuid::now_v7().to_string())
    }

    /// Rather one that is not in the trash.
    fn live_task(&mut self) -> String {
        let first = self.task();
        let live = self.model.tasks.get(&first).is_none_or(|task| task.trashed_with.is_none());
        if live { first } else { self.task() }
    }

    fn sibling_of(&mut self, id: &str) -> String {
        let siblings = self.model.order.values().find(|siblings| siblings.iter().any(|other| other == id));
        let sibling = siblings.and_then(|siblings| self.rng.choice(siblings).cloned());
        sibling.unwrap_or_else(|| Uuid::now_v7().to_string())
    }

    fn list(&mut self) -> String {
        let list = self.rng.choice(&self.model.lists).map(|(list, _)| list.clone());
        list.filter(|_| self.rng.u8(..30) > 0).unwrap_or_else(|| Uuid::now_v7().to_string())
    }

    fn live_list(&mut self) -> String {
        let first = self.list();
        let live = self.model.lists.iter().any(|(list, trashed)| *list == first && !trashed);
        if live { first } else { self.list() }
    }
}
