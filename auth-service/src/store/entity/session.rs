use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub create_time: DateTimeUtc,
    pub last_seen_time: DateTimeUtc,
    pub expire_time: DateTimeUtc,
    pub end_time: Option<DateTimeUtc>,
    pub ip_address: String,
    pub user_agent: String,
    pub refresh_hash: Option<Vec<u8>>,
    pub previous_refresh_hash: Option<Vec<u8>>,
    pub sealed_refresh_secret: Option<Vec<u8>>,
    pub rotate_time: Option<DateTimeUtc>,
    pub latest_expire_time: Option<DateTimeUtc>,
    pub purge_time: Option<DateTimeUtc>,
    pub in_cookie: bool,
    pub refresh_shown: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
