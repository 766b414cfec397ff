//! The page as people use it, in Chromium.

use e2e::{Engine, Pair, browse, provided};

async fn pair() -> Pair {
    Pair::on(Engine::Sqlite).await.page(provided("DUET_PAGE")).start().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_look_after_their_accounts_by_mouse_and_by_keyboard() {
    browse(&mut pair().await, "accounts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_look_after_their_tasks_by_mouse_and_by_keyboard() {
    browse(&mut pair().await, "tasks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_find_sort_and_tidy_up_by_mouse_and_by_keyboard() {
    browse(&mut pair().await, "tidying").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_told_what_was_refused_and_what_was_done() {
    browse(&mut pair().await, "messages").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_view_can_be_read_on_a_desktop_and_on_a_phone() {
    browse(&mut pair().await, "looks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_and_scripts_get_nowhere() {
    browse(&mut pair().await, "origins").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tabs_agree_on_who_is_signed_in() {
    let page = Pair::on(Engine::Sqlite).await.page(provided("DUET_PAGE"));
    let mut pair = page.set("AUTH_REFRESH_GRACE", "2s").set("AUTH_ACCESS_TOKEN_LIFETIME", "5s").start().await;
    browse(&mut pair, "tabs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_is_waited_for_or_said() {
    browse(&mut pair().await, "outage").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_logins_are_counted_down() {
    let page = Pair::on(Engine::Sqlite).await.page(provided("DUET_PAGE"));
    browse(&mut page.default_limits().start().await, "limits").await;
}
