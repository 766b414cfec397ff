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
    pub labels: Json,
    pub position: String,
    pub create_time: ChronoDateTimeUtc,
    pub update_time: ChronoDateTimeUtc,
    pub complete_time: Option<ChronoDateTimeUtc>,
    pub delete_time: Option<ChronoDateTimeUtc>,
    pub purge_time: Option<ChronoDateTimeUtc>,
    pub revision: i64,
}

#[derive(Clone, Copy, Debug, DeriveRelation, EnumIter)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
