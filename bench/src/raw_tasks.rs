//! GetTask as task-service serves it, but for the query: written by hand, sent by the driver itself.

use std::sync::Arc;

use anyhow::bail;
use authn::{AccessRules, AuthnLayer, Caller};
use clap::Args;
use proto::task::v1::{GetTaskRequest, GetTaskResponse};
use service_runtime::{
    Router,
    clock::Clock,
    operations::Registry,
    service::{self, Port, ServerSettings, Service, shutdown_signal},
    telemetry,
};
use sqlx::{
    PgPool, Row, SqlitePool,
    types::{
        Json, Uuid,
        chrono::{NaiveDate, NaiveTime},
    },
};
use task_service::{
    Listeners, Settings, app,
    grpc::limit_requests,
    id::TaskId,
    position::Position,
    request_limit::RequestLimit,
    task::{Priority, State, Task},
    task_text::{Notes, Title},
    task_time::TaskTime,
};
use tonic::{Request, Response, Status};

use crate::{
    open_tasks::Believer,
    unary::{self, GET_TASK},
};

/// The columns of a task and whether it is blocked, for one user and one id.
const QUERY: &str = "SELECT id, task_list_id, parent_id, title, notes, state, priority, start_date, start_time_of_day, \
    start_time_zone, due_date, due_time_of_day, due_time_zone, reminders, labels, annotations, blocked_by, position, \
    create_time, update_time, complete_time, delete_time, purge_time, trashed_with, revision, (SELECT COUNT(*) FROM \
    task_block INNER JOIN task AS blocker ON blocker.user_id = task_block.user_id AND blocker.id = \
    task_block.blocker_id WHERE task_block.user_id = $1 AND task_block.task_id = task.id AND blocker.delete_time IS \
    NULL AND blocker.state IN ('NEEDS_ACTION', 'IN_PROCESS')) > 0 AS blocked FROM task WHERE user_id = $1 AND id = $2";

/// Serves GetTask, where a token is the id of its user.
#[derive(Args, Debug)]
pub struct ServeTasksRaw {
    /// As for task-service itself
    #[command(flatten)]
    settings: Settings,
}

impl ServeTasksRaw {
    /// Serves until Ctrl-C or SIGTERM.
    ///
    /// # Errors
    /// When it cannot begin.
    pub async fn serve(self) -> anyhow::Result<()> {
        let _telemetry = telemetry::init("task-service")?;
        let settings = self.settings;
        let listeners = Listeners::bind(&settings).await?;
        let database = app::migrate(&settings).await?;
        let connections = database.reader();
        let pool = match settings.database.url.split_once(':') {
            Some(("sqlite", _)) => Pool::Sqlite(connections.get_sqlite_connection_pool().clone()),
            Some(("postgres" | "postgresql", _)) => Pool::Postgres(connections.get_postgres_connection_pool().clone()),
            _ => bail!("TASK_DATABASE_URL must begin with sqlite:// or postgres://"),
        };
        let limit = Arc::new(RequestLimit::new(settings.request_limit, Clock::system()));
        let public = Port {
            listener: listeners.public,
            routes: routes(pool, limit)?,
            services: &["duet.task.v1.TaskService"],
            descriptors: proto::PUBLIC_DESCRIPTORS,
        };
        let service = Service {
            domain: "task.duet",
            database,
            settings: ServerSettings::default(),
            ports: vec![public],
            operations: listeners.operations,
            metrics: Registry::default(),
        };
        service::serve(service, shutdown_signal()?).await
    }
}

fn routes(pool: Pool, limit: Arc<RequestLimit>) -> anyhow::Result<Router> {
    let rules = Arc::new(AccessRules::from_descriptors(proto::PUBLIC_DESCRIPTORS)?);
    let get = move |request| get_task(pool.clone(), request);
    let routes = unary::route(GET_TASK, get);
    let limited = routes.layer(axum::middleware::from_fn_with_state(limit, limit_requests));
    Ok(limited.layer(AuthnLayer::public(rules, Believer::AtTheirWord)))
}

async fn get_task(pool: Pool, request: Request<GetTaskRequest>) -> Result<Response<GetTaskResponse>, Status> {
    let caller = Caller::of(&request)?;
    let id = TaskId::parse(&request.get_ref().task_id).ok_or_else(|| Status::invalid_argument("task_id"))?;
    let task = pool.task(caller.user_id.as_uuid(), id.as_uuid()).await;
    let task = task.map_err(|error| Status::internal(format!("{error:#}")))?;
    let task = task.ok_or_else(|| Status::not_found("there is no such task"))?;
    Ok(Response::new(GetTaskResponse { task: Some(task.into()) }))
}

/// The very connections that SeaORM works on.
#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The row is read the same way, whichever driver gave it.
macro_rules! read {
    ($row:expr) => {{
        let row = $row;
        let time = |date: &str, time_of_day: &str, zone: &str| -> anyhow::Result<Option<TaskTime>> {
            let Some(date) = row.try_get::<Option<NaiveDate>, _>(date)? else { return Ok(None) };
            let time_of_day = row.try_get::<Option<NaiveTime>, _>(time_of_day)?.map(|time| time.to_string());
            let zone: Option<String> = row.try_get(zone)?;
            let (time_of_day, zone) = (time_of_day.unwrap_or_default(), zone.unwrap_or_default());
            Ok(TaskTime::parse(&date.to_string(), &time_of_day, &zone).ok())
        };
        Task {
            id: row.try_get::<Uuid, _>("id")?.into(),
            task_list_id: row.try_get::<Uuid, _>("task_list_id")?.into(),
            parent_id: row.try_get::<Option<Uuid>, _>("parent_id")?.map(TaskId::from),
            title: Title::parse(row.try_get("title")?).map_err(anyhow::Error::msg)?,
            notes: Notes::parse(row.try_get("notes")?).map_err(anyhow::Error::msg)?,
            state: State::from_name(row.try_get("state")?).ok_or_else(|| anyhow::anyhow!("state"))?,
            priority: Priority::from_rank(row.try_get("priority")?).ok_or_else(|| anyhow::anyhow!("priority"))?,
            start: time("start_date", "start_time_of_day", "start_time_zone")?,
            due: time("due_date", "due_time_of_day", "due_time_zone")?,
            reminders: row.try_get::<Json<_>, _>("reminders")?.0,
            labels: row.try_get::<Json<_>, _>("labels")?.0,
            annotations: row.try_get::<Json<_>, _>("annotations")?.0,
            blocked_by: row.try_get::<Json<_>, _>("blocked_by")?.0,
            blocked: row.try_get("blocked")?,
            position: Position::from_stored(row.try_get("position")?),
            create_time: row.try_get("create_time")?,
            update_time: row.try_get("update_time")?,
            complete_time: row.try_get("complete_time")?,
            delete_time: row.try_get("delete_time")?,
            purge_time: row.try_get("purge_time")?,
            trashed_with: row.try_get("trashed_with")?,
            revision: row.try_get("revision")?,
        }
    }};
}

impl Pool {
    async fn task(&self, user: Uuid, id: Uuid) -> anyhow::Result<Option<Task>> {
        match self {
            Self::Sqlite(pool) => {
                let row = sqlx::query(QUERY).bind(user).bind(id).fetch_optional(pool).await?;
                row.map(|row| Ok(read!(row))).transpose()
            }
            Self::Postgres(pool) => {
                let row = sqlx::query(QUERY).bind(user).bind(id).fetch_optional(pool).await?;
                row.map(|row| Ok(read!(row))).transpose()
            }
        }
    }
}
