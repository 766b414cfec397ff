//! One row for each user: how often the user's data has changed, and how much there is. To write it is to hold the user's lock.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, DeriveEntityModel, Eq, PartialEq)]
#[sea_orm(table_name = "user_revision")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    pub revision: i64,
    pub delete_time: Option<ChronoDateTimeUtc>,
    /// How many tasks and lists the user has, those in the trash included: true at `counted_revision`.
    pub task_count: i64,
    pub list_count: i64,
    pub counted_revision: i64,
}

#[derive(Clone, Copy, Debug, DeriveRelation, EnumIter)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
