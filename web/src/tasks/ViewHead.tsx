import { useNavigate } from "@solidjs/router";
import { createEffect, createSignal, createUniqueId, lazy, on, onCleanup, Show, Suspense } from "solid-js";
import { ask } from "../design/ask.jsx";
import { IconButton } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { Menu, type MenuItem } from "../design/Menu.jsx";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { offerCommands } from "../shell/commands.js";
import { useTasks } from "./context.js";
import { isNarrowed, type View } from "./filter.js";
import { usePlace } from "./here.js";
import { ListDialog } from "./ListDialog.jsx";
import { deleteList, moveList } from "./lists.js";
import { titleOf, type Place } from "./places.js";

const FilterPanel = lazy(() => import("./FilterPanel.jsx"));

/** How long after a key what is looked for is looked for, in milliseconds. */
const SEARCH_DELAY = 300;

type HeadProps = {
  place: Place;
  view: View;
  lists: readonly TaskList[];
  selecting: boolean;
  onLook: (view: Partial<View>) => void;
  onSelect: () => void;
};

/** What a place is called, and by which controls it is looked at. */
export function ViewHead(props: HeadProps) {
  const panel = createUniqueId();
  const [filtering, setFiltering] = createSignal(props.view.filter !== "");
  let search!: HTMLInputElement;
  offerCommands(() => [
    { group: "View", title: "Find in these tasks", keys: "/", icon: "search", run: () => search.focus() },
    {
      group: "View",
      title: "Filter and sort",
      keys: "f",
      icon: "filter",
      run: () => setFiltering((now) => !now),
    },
  ]);
  const list = () => props.lists.find(({ id }) => props.place.at === "list" && id === props.place.id);
  return (
    <header class="view-head">
      <div class="view-title">
        <h1>{titleOf(props.place, props.lists)}</h1>
        <Show when={list()}>{(now) => <ListMenu list={now()} lists={props.lists} />}</Show>
      </div>
      <div class="view-tools">
        <Search ref={(input) => (search = input)} q={props.view.q} onLook={props.onLook} />
        <IconButton
          icon="filter"
          label="Filter and sort"
          class={isNarrowed(props.view) || props.view.sort || props.view.done ? "tool-on" : ""}
          aria-expanded={filtering()}
          aria-controls={filtering() ? panel : undefined}
          onClick={() => setFiltering(!filtering())}
        />
        <IconButton
          icon="choose"
          label={props.selecting ? "Stop choosing" : "Choose several"}
          class={props.selecting ? "tool-on" : ""}
          aria-pressed={props.selecting}
          onClick={() => props.onSelect()}
        />
      </div>
      <Show when={filtering()}>
        <Suspense>
          <FilterPanel id={panel} place={props.place} view={props.view} onLook={props.onLook} />
        </Suspense>
      </Show>
    </header>
  );
}

function Search(props: {
  q: string;
  onLook: (view: Partial<View>) => void;
  ref: (input: HTMLInputElement) => void;
}) {
  const [typed, setTyped] = createSignal(props.q);
  createEffect(on(() => props.q, setTyped));
  createEffect(
    on(
      typed,
      (q) => {
        const timer = setTimeout(() => q !== props.q && props.onLook({ q, filter: "" }), SEARCH_DELAY);
        onCleanup(() => clearTimeout(timer));
      },
      { defer: true },
    ),
  );
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        ref={props.ref}
        type="search"
        aria-label="Find in these tasks"
        placeholder="Find"
        autocomplete="off"
        value={typed()}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setTyped("");
          event.currentTarget.blur();
        }}
      />
    </div>
  );
}

function ListMenu(props: { list: TaskList; lists: readonly TaskList[] }) {
  const store = useTasks();
  const navigate = useNavigate();
  const place = usePlace();
  const [renaming, setRenaming] = createSignal(false);
  const own = () => props.lists.filter(({ inbox }) => !inbox);
  const at = () => own().findIndex(({ id }) => id === props.list.id);
  const remove = async () => {
    const { list } = props;
    const yes = await ask({
      title: `Delete “${list.title}”?`,
      text: "The list and its tasks go to the trash, from where they can be restored.",
      yes: "Delete",
      danger: true,
    });
    if (!yes || !(await deleteList(store, list))) return;
    const now = place();
    if (now?.at === "list" && now.id === list.id) navigate("/");
  };
  const items = (): MenuItem[] => [
    { label: "Rename…", icon: "edit", run: () => setRenaming(true) },
    ...(at() > 0
      ? [{ label: "Move up", icon: "up" as const, run: () => void moveList(store, own(), props.list, -1) }]
      : []),
    ...(at() < own().length - 1
      ? [{ label: "Move down", icon: "down" as const, run: () => void moveList(store, own(), props.list, 1) }]
      : []),
    { label: "Delete…", icon: "trash", danger: true, run: () => void remove() },
  ];
  offerCommands(() => [
    { group: "Lists", title: "Rename this list…", icon: "edit", run: () => setRenaming(true) },
    { group: "Lists", title: "Delete this list…", icon: "trash", run: () => void remove() },
  ]);
  return (
    <>
      <Menu label="This list" items={items()}>
        <Icon name="dots" />
      </Menu>
      <Show when={renaming()}>
        <ListDialog list={props.list} onClose={() => setRenaming(false)} />
      </Show>
    </>
  );
}
