//! What people do with their own account: change it, and delete it.

use authn::Caller;
use secrecy::SecretString;

use crate::{
    accounts::Accounts,
    client::Call,
    error::{Error, Result},
    store::Removal,
    token::Rejection,
    user::{DisplayName, User},
};

impl Accounts {
    /// Changes the caller's name, if there is a new one.
    pub(crate) async fn update(&self, caller: &Caller, name: Option<DisplayName>, call: &Call) -> Result<User> {
        let user = self.user(caller.user_id).await?;
        match name {
            Some(name) if name.as_str() != user.display_name => {
                let renamed = self.store.rename(caller, &name, call, self.clock.now()).await?;
                renamed.ok_or(Error::Token(Rejection::Revoked))
            }
            _ => Ok(user),
        }
    }

    /// Deletes the caller for good.
    pub(crate) async fn delete(&self, caller: &Caller, password: &SecretString, call: &Call) -> Result<()> {
        let confirmed = self.confirm_password(caller, password, call).await?;
        let removal = Removal {
            user: caller.user_id,
            checked_hash: Some(&confirmed.checked_hash),
            account: &confirmed.admitted.address.account,
            origin: &call.origin,
            deadline: call.deadline,
        };
        if self.store.delete_user(&removal, self.clock.now()).await? {
            return Ok(());
        }
        // Meanwhile the user was deleted, or got another password.
        self.user(caller.user_id).await?;
        self.refuse(caller, call).await
    }
}
