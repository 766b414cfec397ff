use std::fmt;

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    #[sea_orm(unique)]
    pub generation: i64,
    pub state: String,
    pub public_key: Vec<u8>,
    pub sealed_private_key: Vec<u8>,
    pub create_time: DateTimeUtc,
    pub active_time: Option<DateTimeUtc>,
    pub retire_time: Option<DateTimeUtc>,
    pub revoke_time: Option<DateTimeUtc>,
}

impl fmt::Debug for Model {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "signing_key({})", self.kid)
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
