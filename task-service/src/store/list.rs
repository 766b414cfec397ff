//! The inbox, which is made when it is first needed.

use sea_orm::{ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, QueryFilter, QuerySelect, sea_query::Expr};

use super::{
    change::{Change, Operation},
    entity::{task, task_list},
    write::Write,
};
use crate::{error::Error, id::TaskListId, position::Position};

/// The title of a list that nobody has given a title.
const INBOX_TITLE: &str = "Inbox";

impl Write {
    /// The user's inbox. The write holds the user's lock, so that two cannot make one each.
    pub async fn inbox(&mut self) -> Result<TaskListId, Error> {
        let query = self.scope().select::<task_list::Entity>().filter(Expr::col(task_list::Column::Inbox));
        let found: Vec<uuid::Uuid> =
            query.select_only().column(task_list::Column::Id).into_tuple().all(self.transaction()).await?;
        match found.first() {
            Some(id) => Ok(TaskListId::from(*id)),
            None => self.make_inbox().await,
        }
    }

    async fn make_inbox(&mut self) -> Result<TaskListId, Error> {
        let at = self.moment();
        let id = TaskListId::generate(at.time);
        let row = task_list::ActiveModel {
            user_id: NotSet,
            id: Set(id.as_uuid()),
            title: Set(INBOX_TITLE.to_owned()),
            inbox: Set(true),
            position: Set(Position::first().as_str().to_owned()),
            create_time: Set(at.time),
            update_time: Set(at.time),
            delete_time: Set(None),
            purge_time: Set(None),
            revision: Set(at.revision),
        };
        self.scope().insert(row).exec_without_returning(self.transaction()).await?;
        self.log(Change::task_list(Operation::Create, id));
        Ok(id)
    }

    /// The place behind every task of a list, those in the trash included: they may come back.
    pub async fn last_place(&mut self, list: TaskListId) -> Result<Position, Error> {
        let query = self.scope().select::<task::Entity>().filter(task::Column::TaskListId.eq(list.as_uuid()));
        let query = query.select_only().column_as(task::Column::Position.max(), "position");
        let last: Vec<Option<String>> = query.into_tuple().all(self.transaction()).await?;
        let last = last.into_iter().flatten().next().map(Position::from_stored);
        Ok(last.map_or_else(Position::first, |last| last.after()))
    }
}
