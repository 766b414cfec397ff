import { useQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, For, Show } from "solid-js";
import { ask } from "../design/ask.jsx";
import { Button } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { shownDay } from "../design/time.js";
import { toast, toastFailure } from "../design/toast.jsx";
import { offerCommands } from "../shell/commands.js";
import { takeIn } from "./changes.js";
import { useTasks } from "./context.js";
import type { Listing } from "./listing.js";
import { deletedListsKey, fetchLists, restoreList } from "./lists.js";

/** What the trash is, the lists in it, and how to empty it. */
export default function TrashHead(props: { listing: Listing | undefined; ids: readonly string[] }) {
  const store = useTasks();
  const queries = useQueryClient();
  const [busy, setBusy] = createSignal(false);
  const deleted = useQuery(() => ({
    queryKey: deletedListsKey,
    queryFn: async ({ signal }) =>
      (await fetchLists(store.person, true, signal)).filter(({ deleteTime }) => deleteTime),
  }));
  const lists = () => (deleted.isSuccess ? deleted.data : []);
  const empty = async () => {
    const yes = await ask({
      title: "Empty the trash?",
      text: "Every task in it is removed for good. Nobody can bring them back.",
      yes: "Empty the trash",
      danger: true,
    });
    if (!yes || busy()) return;
    setBusy(true);
    try {
      let purged = 0;
      // The server removes so many at once, and says when there is nothing left.
      for (let count = -1; count !== 0; purged += count) {
        count = (await store.person.tasks.purgeTasks({ allDeleted: true })).purgedCount;
      }
      takeIn(store, { purged: props.ids });
      toast({ text: purged === 1 ? "One task is gone for good." : `${purged} tasks are gone for good.` });
    } catch (error) {
      toastFailure("The trash was not emptied.", error);
    }
    setBusy(false);
    await Promise.all([props.listing?.reload(), queries.invalidateQueries({ queryKey: deletedListsKey })]);
  };
  offerCommands(() => [
    { group: "Tasks", title: "Empty the trash…", icon: "trash", run: () => void empty() },
  ]);
  return (
    <div class="trash-head">
      <div class="trash-words">
        <p class="soft">
          What is deleted can be restored for 30 days. Choose tasks to restore or remove several.
        </p>
        <Show when={props.ids.length > 0}>
          <Button icon="trash" busy={busy()} onClick={() => void empty()}>
            Empty the trash
          </Button>
        </Show>
      </div>
      <Show when={lists().length > 0}>
        <ul class="trash-lists">
          <For each={lists()}>
            {(list) => (
              <li>
                <Icon name="list" />
                <span class="trash-title">
                  {list.title} <span class="small soft">list, until {shownDay(list.purgeTime)}</span>
                </span>
                <Button
                  look="quiet"
                  onClick={() => void restoreList(store, list).then(() => props.listing?.reload())}
                >
                  Restore
                </Button>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  );
}
