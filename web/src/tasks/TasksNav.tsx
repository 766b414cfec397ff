import { useLocation, useNavigate } from "@solidjs/router";
import { createEffect, createMemo, createSignal, For, Show } from "solid-js";
import { IconButton } from "../design/Button.jsx";
import { Icon, type IconName } from "../design/Icon.jsx";
import { Skeleton } from "../design/pieces.jsx";
import { offerCommands } from "../shell/commands.js";
import { useTasks } from "./context.js";
import { usePlace } from "./here.js";
import { ListDialog } from "./ListDialog.jsx";
import { useLists } from "./lists.js";
import { addressOf, fixedPlaces, type Place } from "./places.js";

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
          {(place) => <NavLink place={place} icon={place.icon} title={place.title} />}
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
            {(list) => <NavLink place={{ at: "list", id: list.id }} icon="list" title={list.title} />}
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
            {(label) => <NavLink place={{ at: "label", label }} icon="tag" title={label} />}
          </For>
        </nav>
      </Show>
      <nav class="nav" aria-label="Deleted tasks">
        <NavLink place={{ at: "trash" }} icon="trash" title="Trash" />
      </nav>
      <Show when={making()}>
        <ListDialog onClose={() => setMaking(false)} />
      </Show>
    </>
  );
}

/** A place to go to, or, of lists, to drag a task to. It says where one is, also while a task is open beside it. */
function NavLink(props: { place: Place; icon: IconName; title: string }) {
  const location = useLocation();
  const place = usePlace();
  let link!: HTMLAnchorElement;
  const address = () => addressOf(props.place);
  const isHere = createMemo(() => {
    const now = place();
    return now !== undefined && addressOf(now) === address();
  });
  // With many lists and labels it may be beyond the sidebar's edge.
  createEffect(() => {
    if (isHere()) link.scrollIntoView({ block: "nearest" });
  });
  return (
    <a
      ref={link}
      href={address()}
      class="nav-link"
      aria-current={isHere() ? (location.pathname === address() ? "page" : "true") : undefined}
      data-drop-place={props.place.at === "inbox" ? "inbox" : undefined}
      data-drop-list={props.place.at === "list" ? props.place.id : undefined}
    >
      <Icon name={props.icon} />
      <span>{props.title}</span>
    </a>
  );
}
