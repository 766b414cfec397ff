//! Which tasks have a label.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, QueryFilter, QuerySelect,
};

use super::{
    entity::task_label::{ActiveModel, Column, Entity},
    write::Write,
};
use crate::{error::Error, id::TaskId, task::Task};

impl Write {
    /// Files a task under labels that it was not filed under.
    pub(super) async fn file_under(&self, task: TaskId, labels: impl Iterator<Item = &str>) -> Result<(), Error> {
        let labels: Vec<&str> = labels.collect();
        if labels.is_empty() {
            return Ok(());
        }
        let mut new = false;
        for label in &labels {
            new = new || self.is_new(label).await?;
        }
        let row =
            |label: &str| ActiveModel { user_id: NotSet, label: Set(label.to_owned()), task_id: Set(task.as_uuid()) };
        let insert = self.scope().insert_many::<Entity, _>(labels.into_iter().map(row));
        insert.exec_without_returning(self.transaction()).await?;
        // Only a label that is new to the user can be one too many.
        if new { self.check_label_quota().await } else { Ok(()) }
    }

    /// Whether the user has filed nothing under this label yet. However much that is, one row tells.
    async fn is_new(&self, label: &str) -> Result<bool, Error> {
        let filed = self.scope().select::<Entity>().filter(Column::Label.eq(label));
        let filed: Vec<String> =
            filed.select_only().column(Column::Label).limit(1).into_tuple().all(self.transaction()).await?;
        Ok(filed.is_empty())
    }

    /// Files a task whose labels have changed.
    pub(super) async fn refile(&self, before: &Task, task: &Task) -> Result<(), Error> {
        let old: Vec<&str> = before.labels.iter().filter(|label| !task.labels.contains(label)).collect();
        if !old.is_empty() {
            let delete = self.scope().delete::<Entity>().filter(Column::Label.is_in(old));
            delete.filter(Column::TaskId.eq(task.id.as_uuid())).exec(self.transaction()).await?;
        }
        self.file_under(task.id, task.labels.iter().filter(|label| !before.labels.contains(label))).await
    }
}
