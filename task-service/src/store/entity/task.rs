//! Tasks.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, DeriveEntityModel, Eq, PartialEq)]
#[sea_orm(table_name = "task")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub task_list_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub title: String,
    pub notes: String,
    pub state: String,
    pub priority: i16,
    pub due_date: Option<Date>,
    pub due_time_of_day: Option<Time>,
    pub due_time_zone: Option<String>,
    pub start_date: Option<Date>,
    pub start_time_of_day: Option<Time>,
    pub start_time_zone: Option<String>,
    pub reminders: Json,
    pub annotations: Json,
    pub labels: Json,
    pub blocked_by: Json,
    pub position: String,
    pub create_time: ChronoDateTimeUtc,
    pub update_time: ChronoDateTimeUtc,
    pub complete_time: Option<ChronoDateTimeUtc>,
    pub delete_time: Option<ChronoDateTimeUtc>,
    pub purge_time: Option<ChronoDateTimeUtc>,
    /// The task or the list that it went into the trash with; itself, if it went alone.
    pub trashed_with: Option<Uuid>,
    pub revision: i64,
    /// Computed by the database from `state`.
    pub state_rank: i16,
    /// [`TaskTime::order`](crate::task_time::TaskTime::order) of `due`; the greatest number if there is none.
    pub due_order: i64,
    /// As `due_order`, of `start`.
    pub start_order: i64,
    /// `complete_time` in microseconds since 1970; the greatest number if there is none.
    pub complete_order: i64,
}

#[derive(Clone, Copy, Debug, DeriveRelation, EnumIter)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
