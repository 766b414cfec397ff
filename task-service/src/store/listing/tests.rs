//! Which indexes the listings use: each begins with the user.

#![expect(clippy::disallowed_methods, reason = "a test fills the tables at once and asks for plans")]

use authn::UserId;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use service_runtime::{clock::Clock, database::Database, on_both_databases, testing::TestDatabase};
use uuid::Uuid;

use super::*;
use crate::{filter::Filter, id::TaskListId, intent::PayloadHash, migration::Migrator, order::Order};

/// Enough tasks, and enough of other users, that reading all of them is never the shortest way.
const USERS: u128 = 40;
const TASKS: u128 = 500;

async fn filled(database: &TestDatabase) -> Database {
    let database = Database::connect(&database.settings).await.unwrap();
    database.migrate::<Migrator>().await.unwrap();
    let transaction = database.begin().await.unwrap();
    let id = |number: u128| match database.backend() {
        DbBackend::Postgres => format!("'{}'", Uuid::from_u128(number)),
        _ => format!("x'{number:032x}'"),
    };
    let time = "'2026-11-21T12:00:00+00:00'";
    for user in (1..=USERS).map(id) {
        let list = format!(
            "INSERT INTO user_revision (user_id, revision) VALUES ({user}, 1);
             INSERT INTO task_list (user_id, id, title, inbox, position, create_time, update_time, revision)
             VALUES ({user}, {}, 'Inbox', TRUE, 'a0', {time}, {time}, 1)",
            id(1)
        );
        transaction.execute_unprepared(&list).await.unwrap();
        let tasks: Vec<_> = (1..=TASKS)
            .map(|n| {
                let (id, list, state) = (id(n), id(1), if n % 3 == 0 { "COMPLETED" } else { "NEEDS_ACTION" });
                format!(
                    "({user}, {id}, {list}, 'task {n}', '', '{state}', {}, '[]', 'b{n:04}', {time}, {time}, 1)",
                    n % 5
                )
            })
            .collect();
        let insert = format!(
            "INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, labels, position, create_time,
             update_time, revision) VALUES {};
             INSERT INTO task_label (user_id, label, task_id)
             SELECT user_id, 'label ' || priority, id FROM task WHERE user_id = {user};
             INSERT INTO task_block (user_id, task_id, blocker_id)
             SELECT user_id, id, {} FROM task WHERE user_id = {user} AND priority = 3",
            tasks.join(", "),
            id(7)
        );
        transaction.execute_unprepared(&insert).await.unwrap();
    }
    transaction.execute_unprepared("ANALYZE").await.unwrap();
    transaction.commit().await.unwrap();
    database
}

fn listing(filter: &str, order: &str) -> Listing {
    Listing {
        task_list: None,
        filter: Filter::parse(filter).unwrap(),
        order: Order::parse(order).unwrap(),
        show_deleted: false,
        zone: chrono_tz::Europe::Vienna,
        arguments: PayloadHash::of(b""),
    }
}

/// Every kind of listing that there is: each order, each test, a list, the trash.
fn listings() -> Vec<Listing> {
    let fields = "title state priority due start position id create_time update_time complete_time";
    let orders = fields.split(' ').flat_map(|field| [field.to_owned(), format!("{field} desc")]);
    let orders = orders.chain(["priority, due desc, title".to_owned(), "due desc, start, title desc".to_owned()]);
    let filters = [
        "id = 00000000-0000-0000-0000-000000000007",
        "parent_id:*",
        "title = x OR title:x",
        "text:x",
        "state != COMPLETED AND priority >= HIGH",
        "due <= today() OR start > now() - 24h",
        "labels:x",
        "labels:*",
        "blocked = true",
        "NOT blocked = true AND complete_time:*",
        "create_time > 2026-11-21 AND NOT update_time < now()",
    ];
    let mut listings: Vec<_> = orders.map(|order| listing("", &order)).collect();
    listings.extend(filters.map(|filter| listing(filter, "")));
    listings.extend(filters.map(|filter| listing(filter, "due desc, title")));
    let one = TaskListId::from(Uuid::from_u128(1));
    listings.push(Listing { task_list: Some(one), ..listing("", "") });
    listings.push(Listing { task_list: Some(one), ..listing("text:x", "priority") });
    let trash = listings.clone().into_iter().map(|listing| Listing { show_deleted: true, ..listing });
    trash.chain(listings.clone()).collect()
}

/// Each step of the plan that reaches for a table.
async fn plan(database: &Database, statement: Statement) -> Vec<String> {
    let (explain, column) = match database.backend() {
        DbBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let explained = Statement { sql: format!("{explain} {}", statement.sql), ..statement };
    let lines = database.reader().query_all_raw(explained).await.unwrap();
    lines.iter().map(|line: &QueryResult| line.try_get("", column).unwrap()).collect()
}

/// Whether every table is reached by an index that begins with the user.
fn begins_with_user(plan: &[String], backend: DbBackend) -> bool {
    if backend == DbBackend::Postgres {
        let scans = plan.iter().filter(|line| line.contains("Scan") && !line.contains("Bitmap Heap Scan")).count();
        let by_user = plan.iter().filter(|line| line.contains("Index Cond: (") && line.contains("user_id = ")).count();
        let whole = plan.iter().any(|line| line.contains("Seq Scan") || line.contains("CTE Scan"));
        return scans > 0 && scans == by_user && !whole;
    }
    let reached: Vec<_> = plan.iter().filter(|line| line.starts_with("SCAN") || line.starts_with("SEARCH")).collect();
    !reached.is_empty() && reached.iter().all(|line| line.starts_with("SEARCH") && line.contains("(user_id=?"))
}

on_both_databases! {
    async fn every_listing_uses_an_index_that_begins_with_the_user(database: TestDatabase) {
        let database = filled(&database).await;
        let backend = database.backend();
        let scope = UserScope::new(UserId::from(Uuid::from_u128(20)));
        let now = Clock::system().now();
        let all = listing("", "");
        let task = all_of(&database, scope, &all, now).await.swap_remove(250);
        for listing in listings() {
            let bookmark = listing.bookmark(&task, now);
            for behind in [None, Some(&bookmark)] {
                for statement in statements(scope, &listing, now, behind, 51, backend) {
                    assert!(statement.sql.ends_with(" LIMIT 51"), "{}", statement.sql);
                    let plan = plan(&database, statement.clone()).await;
                    assert!(begins_with_user(&plan, backend), "{}\n{}", statement.sql, plan.join("\n"));
                }
            }
        }
    }

    async fn the_usual_orders_are_read_from_their_indexes(database: TestDatabase) {
        let database = filled(&database).await;
        let scope = UserScope::new(UserId::from(Uuid::from_u128(20)));
        let now = Clock::system().now();
        let task = all_of(&database, scope, &listing("", ""), now).await.swap_remove(250);
        for order in ["", "title", "state", "priority", "due", "start", "id", "create_time", "update_time", "complete_time"] {
            let listing = listing("", order);
            let bookmark = listing.bookmark(&task, now);
            for statement in statements(scope, &listing, now, Some(&bookmark), 51, database.backend()) {
                let plan = plan(&database, statement).await;
                let sorted = plan.iter().any(|line| line.contains("Sort") || line.contains("TEMP B-TREE"));
                assert!(!sorted, "{order}\n{}", plan.join("\n"));
            }
        }
    }
}

async fn all_of(database: &Database, scope: UserScope, listing: &Listing, now: DateTime<Utc>) -> Vec<Task> {
    let statement = statements(scope, listing, now, None, 1000, database.backend()).swap_remove(0);
    let select = scope.select::<Entity>().from_raw_sql(statement).into_model::<Found>();
    let rows = select.all(database.reader()).await.unwrap();
    rows.into_iter().map(|row| row.try_into().unwrap()).collect()
}
