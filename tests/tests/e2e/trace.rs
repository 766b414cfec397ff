//! One trace from the client's `traceparent` to the SQL, as an OTLP receiver sees it.

use std::time::Duration;

use e2e::{Engine, Pair, eventually, on_both_engines};
use proto::{auth::v1::GetMeRequest, task::v1::ListTasksRequest};

use crate::collector::{Collector, Seen};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT_SPAN: &str = "00f067aa0ba902b7";
const JUDGE: &str = "duet.auth.v1.TokenService/ValidateToken";

/// Whether `span` lies below `ancestor`.
fn is_below(spans: &[Seen], span: &Seen, ancestor: &Seen) -> bool {
    let parent = spans.iter().find(|other| other.span == span.parent);
    span.parent == ancestor.span || parent.is_some_and(|parent| is_below(spans, parent, ancestor))
}

on_both_engines! {
    async fn one_trace_leads_from_the_client_to_the_sql_of_both_services(engine: Engine) {
        let collector = Collector::default();
        let url = collector.clone().serve().await;
        let builder = Pair::on(engine).await.edge().set("OTEL_EXPORTER_OTLP_ENDPOINT", url);
        let pair = builder.set("OTEL_BSP_SCHEDULE_DELAY", "100").start().await;
        let clients = pair.through_edge();
        let person = clients.sign_up().await;
        let traceparent = format!("00-{TRACE}-{CLIENT_SPAN}-01");
        let mut list = person.request(ListTasksRequest::default());
        list.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
        clients.tasks().list_tasks(list).await.unwrap();
        let mut who = person.request(GetMeRequest::default());
        who.metadata_mut().insert("traceparent", traceparent.parse().unwrap());
        clients.auth().get_me(who).await.unwrap();

        let complete = async || {
            let mut spans = collector.spans();
            spans.retain(|span| span.trace == TRACE);
            let sql = |service: &str| spans.iter().any(|span| span.service == service && span.name.starts_with("sea_orm"));
            let rpc = |service: &str| spans.iter().any(|span| span.service == service && span.name.starts_with("duet."));
            let whole = ["task-service", "auth-service"].iter().all(|service| sql(service) && rpc(service));
            let judged = spans.iter().any(|span| span.name == JUDGE);
            (whole && judged).then_some(spans.clone())
        };
        let (spans, _) = eventually("spans of both services", Duration::from_secs(10), complete).await;
        let of_task = spans.iter().find(|span| span.name == "duet.task.v1.TaskService/ListTasks").unwrap();
        assert_eq!((of_task.service.as_str(), of_task.parent.as_str()), ("task-service", CLIENT_SPAN));
        let judging = spans.iter().find(|span| span.name == JUDGE).unwrap();
        assert_eq!(judging.service, "auth-service");
        assert!(is_below(&spans, judging, of_task), "{spans:#?}");
        let of_auth = spans.iter().find(|span| span.name == "duet.auth.v1.AuthService/GetMe").unwrap();
        assert_eq!((of_auth.service.as_str(), of_auth.parent.as_str()), ("auth-service", CLIENT_SPAN));
        for rpc in [of_task, of_auth] {
            // Judging a token takes none.
            let sql = spans.iter().filter(|span| span.service == rpc.service && span.name.starts_with("sea_orm"));
            assert!(sql.clone().count() > 0 && sql.clone().all(|sql| is_below(&spans, sql, rpc)), "{spans:#?}");
        }
    }
}
