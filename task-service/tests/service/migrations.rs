//! What older releases have left behind.

use sea_orm_migration::MigratorTrait;
use service_runtime::{database::Database, on_both_databases};
use task_service::migration::Migrator;

use crate::support::tables::Tables;

/// Two tasks as the first schema knew them: one due and labelled, one completed and in the trash.
const FIRST: &str = "
    INSERT INTO user_revision (user_id, revision) SELECT id, 2 FROM ids;
    INSERT INTO task_list (user_id, id, title, inbox, position, create_time, update_time, revision)
        SELECT id, id, 'Inbox', TRUE, 'a0', '2026-11-21 12:00:00+00:00', '2026-11-21 12:00:00+00:00', 1 FROM ids;
    INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, due_date, due_time_of_day, due_time_zone,
            labels, position, create_time, update_time, revision)
        SELECT id, id, id, 'due', '', 'IN_PROCESS', 0, '1970-01-02', '01:00:00', 'Europe/Vienna', '[\"a\", \"b\"]', 'a0',
            '2026-11-21 12:00:00+00:00', '2026-11-21 12:00:00+00:00', 1 FROM ids;
    INSERT INTO task (user_id, id, task_list_id, title, notes, state, priority, labels, position, create_time,
            update_time, complete_time, delete_time, revision)
        SELECT id, other, id, 'done', '', 'COMPLETED', 0, '[]', 'a1', '2026-11-21 12:00:00+00:00',
            '2026-11-21 12:00:00+00:00', '1970-01-01 00:00:01.5+00:00', '2026-11-21 12:00:00+00:00', 2 FROM ids;
    DROP TABLE ids";

on_both_databases! {
    async fn tasks_of_the_first_release_are_found_by_what_came_later(database: TestDatabase) {
        let postgres = database.engine == service_runtime::testing::Engine::Postgres;
        let connected = Database::connect(&database.settings).await.unwrap();
        let transaction = connected.begin().await.unwrap();
        Migrator::up(&transaction, Some(1)).await.unwrap();
        transaction.commit().await.unwrap();
        let tables = Tables::open(&database.settings.url).await;
        let ids = if postgres {
            "CREATE TABLE ids AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS other"
        } else {
            "CREATE TABLE ids AS SELECT randomblob(16) AS id, randomblob(16) AS other"
        };
        tables.try_execute(ids).await.unwrap();
        for statement in FIRST.split(';') {
            tables.try_execute(statement).await.unwrap();
        }
        connected.migrate::<Migrator>().await.unwrap();
        for (found, count) in [
            ("task WHERE title = 'due' AND due_order = 86400 AND complete_order = 9223372036854775807 AND state_rank = 2", 1),
            ("task WHERE title = 'done' AND due_order = 9223372036854775807 AND complete_order = 1500000", 1),
            ("task WHERE title = 'done' AND trashed_with = id AND state_rank = 3", 1),
            ("task WHERE trashed_with IS NULL", 1),
            ("task_label WHERE label IN ('a', 'b')", 2),
            ("user_revision WHERE revision = 2 AND counted_revision < revision", 1),
        ] {
            assert_eq!(tables.number(&format!("SELECT COUNT(*) AS number FROM {found}")).await, count, "{found}");
        }
    }
}
