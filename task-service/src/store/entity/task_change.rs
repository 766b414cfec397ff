//! What changed at each of a user's revisions, in order.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, DeriveEntityModel, Eq, PartialEq)]
#[sea_orm(table_name = "task_change")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    /// From 0 on within one revision.
    #[sea_orm(primary_key, auto_increment = false)]
    pub n: i32,
    pub kind: String,
    pub operation: String,
    pub resource_id: Uuid,
    pub create_time: ChronoDateTimeUtc,
}

#[derive(Clone, Copy, Debug, DeriveRelation, EnumIter)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
