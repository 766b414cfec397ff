//! What people change about themselves.

use authn::Caller;
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};

use super::{
    Store, commit,
    entity::user_account::{Column, Entity},
    events::NewEvent,
};
use crate::{
    client::Call,
    error::Result,
    event::EventType,
    user::{DisplayName, User},
};

impl Store {
    /// Gives the caller another name; `None` if there is no such user any more.
    pub(crate) async fn rename(
        &self,
        caller: &Caller,
        name: &DisplayName,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Result<Option<User>> {
        let user = caller.user_id;
        let transaction = self.database.begin().await?;
        let renamed = Entity::update_many()
            .col_expr(Column::DisplayName, Expr::value(name.as_str()))
            .col_expr(Column::UpdateTime, Expr::value(now))
            .filter(Column::Id.eq(user.as_uuid()))
            .filter(Column::DisplayName.ne(name.as_str()))
            .exec_with_returning(&transaction)
            .await?;
        let Some(row) = renamed.into_iter().next() else {
            // Another call has just given the same name, or has deleted the user.
            transaction.rollback().await?;
            return self.user(user).await;
        };
        let event = NewEvent::new(EventType::UserUpdated).of_user(user).in_session(caller.session_id);
        event.record(&transaction, &call.origin, now).await?;
        commit(transaction, call.deadline).await?;
        Ok(Some(row.into()))
    }
}
