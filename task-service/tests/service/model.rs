//! What one user's lists and tasks are to be after each operation, in the simplest way that it can be said.

mod choice;
mod operation;
mod play;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proto::task::v1::{self as pb, Priority, State};

/// The reason of a refusal, and of which item.
pub(crate) type Refused = (&'static str, Option<usize>);

type Outcome<T> = Result<T, &'static str>;

const MAX_LEVELS: usize = 10;

/// Where tasks are siblings.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Group {
    Top(String),
    Under(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) notes: String,
    pub(crate) priority: i32,
    pub(crate) labels: BTreeSet<String>,
    pub(crate) state: State,
    pub(crate) list: String,
    pub(crate) parent: String,
    /// The task or list that it went into the trash with.
    pub(crate) trashed_with: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) inbox: String,
    /// In their order, with whether they are in the trash.
    pub(crate) lists: Vec<(String, bool)>,
    pub(crate) tasks: BTreeMap<String, Item>,
    /// Siblings in their order, those in the trash too.
    pub(crate) order: HashMap<Group, Vec<String>>,
}

impl Item {
    /// What is to be compared of an answer.
    pub(crate) fn of(task: &pb::Task) -> Self {
        assert_eq!(task.complete_time.is_some(), task.state() == State::Completed, "{task:?}");
        assert_eq!(task.delete_time.is_some(), task.purge_time.is_some(), "{task:?}");
        Self {
            title: task.title.clone(),
            notes: task.notes.clone(),
            priority: task.priority,
            labels: task.labels.iter().cloned().collect(),
            state: task.state(),
            list: task.task_list_id.clone(),
            parent: task.parent_id.clone(),
            // An answer does not tell with what.
            trashed_with: task.delete_time.map(|_| String::new()),
        }
    }

    pub(crate) fn as_answered(&self) -> Self {
        Self { trashed_with: self.trashed_with.as_ref().map(|_| String::new()), ..self.clone() }
    }

    fn group(&self) -> Group {
        if self.parent.is_empty() { Group::Top(self.list.clone()) } else { Group::Under(self.parent.clone()) }
    }

    fn is_live(&self) -> bool {
        self.trashed_with.is_none()
    }
}

impl Model {
    fn live(&self, id: &str) -> Outcome<&Item> {
        self.tasks.get(id).filter(|task| task.is_live()).ok_or("TASK_NOT_FOUND")
    }

    fn live_mut(&mut self, id: &str) -> Outcome<&mut Item> {
        self.tasks.get_mut(id).filter(|task| task.is_live()).ok_or("TASK_NOT_FOUND")
    }

    fn live_list(&self, id: &str) -> Outcome<()> {
        let found = self.lists.iter().any(|(list, trashed)| list == id && !trashed);
        if found { Ok(()) } else { Err("TASK_LIST_NOT_FOUND") }
    }

    fn children(&self, id: &str) -> Vec<String> {
        self.order.get(&Group::Under(id.to_owned())).cloned().unwrap_or_default()
    }

    /// The task and all below it.
    fn subtree(&self, id: &str) -> Vec<String> {
        let mut found = vec![id.to_owned()];
        let mut next = 0;
        while next < found.len() {
            found.extend(self.children(&found[next]));
            next += 1;
        }
        found
    }

    fn line_above(&self, id: &str) -> Vec<String> {
        let mut line = vec![id.to_owned()];
        while let Some(parent) = line.last().map(|last| self.tasks[last].parent.clone()).filter(|id| !id.is_empty()) {
            line.push(parent);
        }
        line
    }

    fn height(&self, id: &str) -> usize {
        1 + self.children(id).iter().map(|child| self.height(child)).max().unwrap_or(0)
    }

    fn check_parent(&self, task: Option<&str>, list: &str, parent: &str) -> Outcome<()> {
        if parent.is_empty() {
            return Ok(());
        }
        if self.live(parent)?.list != list {
            return Err("VALIDATION_FAILED");
        }
        let above = self.line_above(parent);
        if task.is_some_and(|task| above.iter().any(|id| id == task)) {
            return Err("CYCLE");
        }
        let height = task.map_or(1, |task| self.height(task));
        if above.len() + height > MAX_LEVELS { Err("TOO_DEEP") } else { Ok(()) }
    }

    pub(crate) fn create(&mut self, request: &pb::CreateTaskRequest, made: &str) -> Outcome<Item> {
        let task = request.task.as_ref().unwrap();
        let list = match (task.task_list_id.as_str(), task.parent_id.as_str()) {
            ("", "") => self.inbox.clone(),
            ("", parent) => self.live(parent)?.list.clone(),
            (list, _) => self.live_list(list).map(|()| list.to_owned())?,
        };
        self.check_parent(None, &list, &task.parent_id)?;
        if self.tasks.contains_key(&request.task_id) {
            return Err("TASK_EXISTS");
        }
        let priority = task.priority.max(Priority::None.into());
        let item =
            Item { list, priority, state: State::NeedsAction, ..Item::of(&pb::Task { state: 1, ..task.clone() }) };
        self.order.entry(item.group()).or_default().push(made.to_owned());
        self.tasks.insert(made.to_owned(), item.clone());
        Ok(item)
    }

    pub(crate) fn update(&mut self, request: &pb::UpdateTaskRequest) -> Outcome<Item> {
        let new = request.task.as_ref().unwrap();
        let paths = request.update_mask.clone().unwrap_or_default().paths;
        let named =
            |field: &str, set: bool| if paths.is_empty() { set } else { paths.iter().any(|path| path == field) };
        let task = self.live_mut(&new.id)?;
        if named("title", !new.title.is_empty()) {
            task.title.clone_from(&new.title);
        }
        if named("notes", !new.notes.is_empty()) {
            task.notes.clone_from(&new.notes);
        }
        if named("priority", new.priority != 0) {
            task.priority = new.priority.max(Priority::None.into());
        }
        if named("labels", !new.labels.is_empty()) {
            task.labels = new.labels.iter().cloned().collect();
        }
        Ok(task.clone())
    }

    pub(crate) fn advance(&mut self, id: &str, to: State) -> Outcome<Item> {
        let task = self.live_mut(id)?;
        let open = matches!(task.state, State::NeedsAction | State::InProcess);
        let may = match to {
            State::InProcess => task.state == State::NeedsAction,
            State::NeedsAction => !open,
            _ => open,
        };
        if !may {
            return Err("INVALID_TRANSITION");
        }
        task.state = to;
        Ok(task.clone())
    }

    pub(crate) fn relabel(&mut self, request: &pb::ModifyTaskLabelsRequest) -> Outcome<Item> {
        let task = self.live_mut(&request.task_id)?;
        task.labels.extend(request.add_labels.iter().cloned());
        task.labels.retain(|label| !request.remove_labels.contains(label));
        Ok(task.clone())
    }

    pub(crate) fn move_task(&mut self, request: &pb::MoveTaskRequest) -> Outcome<Item> {
        use pb::move_task_request::Place;
        let before = self.live(&request.task_id)?.clone();
        let list = match (request.task_list_id.as_str(), request.parent_id.as_deref()) {
            ("", None | Some("")) => before.list.clone(),
            ("", Some(parent)) => self.live(parent)?.list.clone(),
            (list, _) => self.live_list(list).map(|()| list.to_owned())?,
        };
        let stays = if list == before.list { before.parent.clone() } else { String::new() };
        let parent = request.parent_id.clone().unwrap_or(stays);
        self.check_parent(Some(&request.task_id), &list, &parent)?;
        let to = Item { list, parent, ..before };
        let others = self.order.get(&to.group()).cloned().unwrap_or_default();
        let mut others: Vec<_> = others.into_iter().filter(|id| *id != request.task_id).collect();
        let beside = |anchor: &String| {
            self.live(anchor)?;
            others.iter().position(|id| id == anchor).ok_or("VALIDATION_FAILED")
        };
        let index = match &request.place {
            Some(Place::First(_)) => 0,
            None | Some(Place::Last(_)) => others.len(),
            Some(Place::BeforeTaskId(anchor)) => beside(anchor)?,
            Some(Place::AfterTaskId(anchor)) => beside(anchor)? + 1,
        };
        others.insert(index, request.task_id.clone());
        self.relocate(&request.task_id, to.clone(), others);
        Ok(to)
    }

    /// Moves a task, and all below it to its list; `siblings` are those of the new place, in their order.
    fn relocate(&mut self, id: &str, to: Item, siblings: Vec<String>) {
        if let Some(old) = self.order.get_mut(&self.tasks[id].group()) {
            old.retain(|other| other != id);
        }
        self.order.insert(to.group(), siblings);
        for below in self.subtree(id) {
            self.tasks.get_mut(&below).unwrap().list.clone_from(&to.list);
        }
        self.tasks.insert(id.to_owned(), to);
    }

    fn trash(&mut self, tasks: &[String], with: &str) {
        for id in tasks {
            self.tasks.get_mut(id).unwrap().trashed_with.get_or_insert_with(|| with.to_owned());
        }
    }

    pub(crate) fn delete(&mut self, id: &str) -> Outcome<Item> {
        self.live(id)?;
        self.trash(&self.subtree(id), id);
        Ok(self.tasks[id].clone())
    }

    pub(crate) fn undelete(&mut self, id: &str) -> Outcome<Item> {
        let before = self.tasks.get(id).ok_or("TASK_NOT_FOUND")?.clone();
        let with = before.trashed_with.clone().ok_or("NOT_DELETED")?;
        let list = if self.live_list(&before.list).is_ok() { before.list.clone() } else { self.inbox.clone() };
        let stays = list == before.list && self.live(&before.parent).is_ok();
        let parent = if stays { before.parent.clone() } else { String::new() };
        let to = Item { list, parent, trashed_with: None, ..before.clone() };
        if to.group() != before.group() {
            let mut siblings = self.order.get(&to.group()).cloned().unwrap_or_default();
            siblings.push(id.to_owned());
            self.relocate(id, to, siblings);
        }
        for below in self.subtree(id) {
            let task = self.tasks.get_mut(&below).unwrap();
            task.trashed_with.take_if(|other| below == id || *other == with);
        }
        Ok(self.tasks[id].clone())
    }

    pub(crate) fn purge(&mut self, ids: &[String]) -> Result<usize, Refused> {
        let mut gone = BTreeSet::new();
        let all: Vec<_> = self.tasks.iter().filter(|(_, task)| !task.is_live()).map(|(id, _)| id.clone()).collect();
        for (index, id) in if ids.is_empty() { &all[..] } else { ids }.iter().enumerate() {
            if gone.contains(id) {
                continue;
            }
            match self.tasks.get(id) {
                None => return Err(("TASK_NOT_FOUND", Some(index))),
                Some(task) if task.is_live() => return Err(("NOT_DELETED", Some(index))),
                Some(_) => {}
            }
            for below in self.subtree(id).into_iter().rev() {
                let task = self.tasks.remove(&below).unwrap();
                self.order.get_mut(&task.group()).unwrap().retain(|other| *other != below);
                gone.insert(below);
            }
        }
        Ok(gone.len())
    }

    pub(crate) fn delete_list(&mut self, id: &str) -> Outcome<()> {
        self.live_list(id)?;
        if id == self.inbox {
            return Err("INBOX_UNDELETABLE");
        }
        self.lists.iter_mut().filter(|(list, _)| list == id).for_each(|(_, trashed)| *trashed = true);
        let of_list = self.tasks.iter().filter(|(_, task)| task.list == id).map(|(task, _)| task.clone());
        self.trash(&of_list.collect::<Vec<_>>(), id);
        Ok(())
    }

    pub(crate) fn undelete_list(&mut self, id: &str) -> Outcome<()> {
        let list = self.lists.iter_mut().find(|(list, _)| list == id).ok_or("TASK_LIST_NOT_FOUND")?;
        if !std::mem::take(&mut list.1) {
            return Err("NOT_DELETED");
        }
        let of_list = self.tasks.values_mut().filter(|task| task.list == id);
        of_list.for_each(|task| drop(task.trashed_with.take_if(|with| with == id)));
        Ok(())
    }
}
