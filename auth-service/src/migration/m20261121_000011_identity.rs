use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// An identity is unique, so that a person who comes for the first time with many calls at once becomes one user.
/// `former_identity` holds keyed hashes only. What is revoked may now be another issuer's; the release before this one
/// reads such a row as the end of the session whose id is nil, which there is not.
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut user = ForeignKey::create();
        user.from("identity", "user_id").to("user_account", "id").on_delete(ForeignKeyAction::Cascade);
        let identities = Table::create()
            .table("identity")
            .col(text("source"))
            .col(text("subject"))
            .col(uuid("user_id"))
            .col(timestamp_with_time_zone("create_time"))
            .col(timestamp_with_time_zone_null("not_before"))
            .primary_key(Index::create().col("source").col("subject"))
            .foreign_key(&mut user)
            .to_owned();
        manager.create_table(identities).await?;
        let index = Index::create().name("identity_by_user").table("identity").col("user_id").to_owned();
        manager.create_index(index).await?;
        let former = Table::create()
            .table("former_identity")
            .col(text("name").primary_key())
            .col(timestamp_with_time_zone("delete_time"))
            .to_owned();
        manager.create_table(former).await?;
        let columns = [
            blob_null("token_hash"),
            uuid_null("user_id"),
            text_null("issuer"),
            timestamp_with_time_zone_null("not_before"),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table("revocation").add_column(column).to_owned()).await?;
        }
        // Most rows are of sessions: these indexes leave them out.
        let indexes = "\
            CREATE UNIQUE INDEX revocation_by_token ON revocation (token_hash) WHERE token_hash IS NOT NULL; \
            CREATE INDEX revocation_by_user ON revocation (user_id, not_before) WHERE user_id IS NOT NULL; \
            CREATE INDEX revocation_by_issuer ON revocation (issuer, not_before) WHERE issuer IS NOT NULL";
        manager.get_connection().execute_unprepared(indexes).await.map(drop)
    }
}
