import { A, useNavigate } from "@solidjs/router";
import { createSignal, For, Show } from "solid-js";
import { IconButton } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { Skeleton } from "../design/pieces.jsx";
import { offerCommands } from "../shell/commands.js";
import { useTasks } from "./context.js";
import { ListDialog } from "./ListDialog.jsx";
import { useLists } from "./lists.js";
import { addressOf, fixedPlaces } from "./places.js";

/** The places where tasks are, in the sidebar. */
export function TasksNav() {
  const store = useTasks();
  const navigate = useNavigate();
  const { query, lists } = useLists(store.person);
  const own = () => lists().filter(({ inbox }) => !inbox);
  const [making, setMaking] = createSignal(false);
  offerCommands(() => [
    ...fixedPlaces.map(({ href, title, icon, keys }) => ({
      group: "Go to",
      title: `Go to ${title}`,
      keys,
      icon,
      run: () => navigate(href),
    })),
    ...own().map(({ id, title }) => ({
      group: "Lists",
      title: `Go to ${title}`,
      icon: "list" as const,
      run: () => navigate(addressOf({ at: "list", id })),
    })),
    { group: "Lists", title: "Make a list…", icon: "plus", run: () => setMaking(true) },
  ]);
  return (
    <>
      <nav class="nav" aria-label="Tasks">
        <For each={fixedPlaces.slice(0, 4)}>
          {(place) => (
            <A
              href={place.href}
              end
              class="nav-link"
              data-drop-place={place.at === "inbox" ? "inbox" : undefined}
            >
              <Icon name={place.icon} />
              <span>{place.title}</span>
            </A>
          )}
        </For>
      </nav>
      <nav class="nav" aria-labelledby="nav-lists">
        <div class="nav-title">
          <h2 class="nav-title-words" id="nav-lists">
            Lists
          </h2>
          <IconButton icon="plus" label="Make a list" onClick={() => setMaking(true)} />
        </div>
        <Show when={!query.isPending} fallback={<Skeleton lines={3} />}>
          <For
            each={own()}
            fallback={<p class="nav-none small soft">A list keeps together what belongs together.</p>}
          >
            {(list) => (
              <A href={`/lists/${list.id}`} end class="nav-link" data-drop-list={list.id}>
                <Icon name="list" />
                <span>{list.title}</span>
              </A>
            )}
          </For>
        </Show>
      </nav>
      <Show when={store.labels().length > 0}>
        <nav class="nav" aria-labelledby="nav-labels">
          <div class="nav-title">
            <h2 class="nav-title-words" id="nav-labels">
              Labels
            </h2>
          </div>
          <For each={store.labels().slice(0, 30)}>
            {(label) => (
              <A href={addressOf({ at: "label", label })} end class="nav-link">
                <Icon name="tag" />
                <span>{label}</span>
              </A>
            )}
          </For>
        </nav>
      </Show>
      <nav class="nav" aria-label="Deleted tasks">
        <A href="/trash" end class="nav-link">
          <Icon name="trash" />
          <span>Trash</span>
        </A>
      </nav>
      <Show when={making()}>
        <ListDialog onClose={() => setMaking(false)} />
      </Show>
    </>
  );
}
