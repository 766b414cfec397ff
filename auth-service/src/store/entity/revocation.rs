use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "revocation")]
pub(crate) struct Model {
    /// Given by the database.
    pub number: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub session_id: Uuid,
    pub key_id: Option<String>,
    pub token_hash: Option<Vec<u8>>,
    pub user_id: Option<Uuid>,
    pub issuer: Option<String>,
    pub not_before: Option<DateTimeUtc>,
    pub expire_time: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
