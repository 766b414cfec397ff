//! However a session ends, auth-service refuses its tokens from the answer on, and task-service at once.

use e2e::{Clients, Engine, PROMPT, Pair, Person, Refusal, on_both_engines};
use proto::auth::v1::{
    ChangePasswordRequest, DeleteMeRequest, GetMeRequest, ListSessionsRequest, LogoutRequest,
    RevokeOtherSessionsRequest, RevokeSessionRequest,
};
use tonic::Code;

const NEW_PASSWORD: &str = "Tr7wLb2v";

async fn is_refused(clients: &Clients, person: &Person) {
    let me = clients.auth().get_me(person.request(GetMeRequest {})).await;
    Refusal::expect(me).assert(Code::Unauthenticated, "TOKEN_REVOKED");
    clients.revoked_within(PROMPT, person).await;
    let refusal = Refusal::expect(clients.refresh(person).await);
    refusal.assert(Code::Unauthenticated, "REFRESH_TOKEN_INVALID");
}

on_both_engines! {
    async fn a_session_ends_in_every_way_for_both_services_at_once(engine: Engine) {
        let pair = Pair::on(engine).await.edge().start().await;
        let clients = pair.through_edge();
        let person = clients.sign_up().await;
        let mut other = clients.log_in(&person).await.unwrap();
        let request = person.request(ListSessionsRequest::default());
        let sessions = clients.auth().list_sessions(request).await.unwrap().into_inner().sessions;
        assert_eq!(sessions.iter().map(|session| session.current).collect::<Vec<_>>(), [false, true]);

        let request = person.request(RevokeSessionRequest { session_id: sessions[0].id.clone() });
        clients.auth().revoke_session(request).await.unwrap();
        is_refused(&clients, &other).await;

        other = clients.log_in(&person).await.unwrap();
        clients.auth().revoke_other_sessions(person.request(RevokeOtherSessionsRequest {})).await.unwrap();
        is_refused(&clients, &other).await;

        other = clients.log_in(&person).await.unwrap();
        let message = LogoutRequest { refresh_token: other.refresh_token.clone() };
        clients.auth().logout(message.clone()).await.unwrap();
        is_refused(&clients, &other).await;
        clients.auth().logout(message).await.expect("it has ended already, which is what was asked for");

        other = clients.log_in(&person).await.unwrap();
        let request = person.request(ChangePasswordRequest {
            current_password: person.password.clone(),
            new_password: NEW_PASSWORD.to_owned(),
            revoke_other_sessions: None,
        });
        clients.auth().change_password(request).await.unwrap();
        is_refused(&clients, &other).await;
        clients.list(&person).await.expect("the session that changed the password goes on");

        let person = Person { password: NEW_PASSWORD.to_owned(), ..person };
        other = clients.log_in(&person).await.unwrap();
        let request = person.request(DeleteMeRequest { password: NEW_PASSWORD.to_owned() });
        clients.auth().delete_me(request).await.unwrap();
        for ended in [&person, &other] {
            is_refused(&clients, ended).await;
            clients.log_out(ended).await.expect("a session that is no more has ended");
        }
        Refusal::expect(clients.log_in(&person).await).assert(Code::Unauthenticated, "INVALID_CREDENTIALS");
    }
}
