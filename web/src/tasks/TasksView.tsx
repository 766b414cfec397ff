import { useNavigate } from "@solidjs/router";
import {
  createEffect,
  createMemo,
  createSignal,
  lazy,
  on,
  onCleanup,
  onMount,
  Show,
  Suspense,
  untrack,
} from "solid-js";
import { Skeleton } from "../design/pieces.jsx";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { add, move, restore, toggle, type NewTask } from "./actions.js";
import { offerTaskCommands } from "./commands.js";
import { useTasks } from "./context.js";
import { NothingHere } from "./empty.jsx";
import { filterOf, hidesDone, isNarrowed, orderOf, searchOf, type View } from "./filter.js";
import { headingsOf } from "./headings.js";
import { listingOf } from "./listings.js";
import { addressOf, listOf, titleOf, type Place } from "./places.js";
import { QuickAdd } from "./QuickAdd.jsx";
import { Selection } from "./selection.js";
import type { Task } from "./task.js";
import { TaskRows } from "./TaskRows.jsx";
import { dayAfter, taskTime, today } from "./times.js";
import { ViewTrouble } from "./ViewTrouble.jsx";
import { ViewHead } from "./ViewHead.jsx";

const BulkBar = lazy(() => import("./BulkBar.jsx"));
const TrashHead = lazy(() => import("./TrashHead.jsx"));

/** How long after a change the view is put in order, in milliseconds. */
const REORDER_DELAY = 600;

type ViewProps = {
  place: Place;
  view: View;
  lists: readonly TaskList[];
  listsKnown: boolean;
  open: string | undefined;
  /** Changes whenever the person has come back. */
  visits: number;
};

/** The tasks of a place, and what can be done with them. */
export function TasksView(props: ViewProps) {
  const store = useTasks();
  const navigate = useNavigate();
  const taskListId = createMemo(() => listOf(props.place, props.lists));
  const key = createMemo(() =>
    // The inbox is a list whose id is not known at first, and there is none before its first task.
    props.place.at === "inbox" && !taskListId()
      ? undefined
      : JSON.stringify([taskListId(), filterOf(props.place, props.view), orderOf(props.place, props.view)]),
  );
  const listing = createMemo(() => {
    const now = key();
    if (now === undefined) return undefined;
    const [list = "", filter = "", orderBy = ""] = JSON.parse(now) as string[];
    const showDeleted = untrack(() => props.place.at) === "trash";
    return listingOf(store, { taskListId: list, filter, orderBy, showDeleted });
  });
  const belongs = createMemo(() => {
    const list = taskListId();
    const isTrash = props.place.at === "trash";
    const hides = hidesDone(props.place, props.view);
    return (id: string) => {
      const task = store.get(id);
      if (!task || (task.deleteTime !== undefined) !== isTrash) return false;
      return (!list || task.taskListId === list) && !(hides && store.isDoneForGood(task));
    };
  });
  const ids = createMemo(
    on([() => listing()?.ids() ?? [], belongs, store.belongings], ([all, isOfThem]) => all.filter(isOfThem)),
  );
  const selection = new Selection(ids);
  createEffect(on(store.belongings, () => selection.keep(belongs()), { defer: true }));
  const isByHand = () =>
    Boolean(taskListId()) && orderOf(props.place, props.view) === "" && !isNarrowed(props.view);
  const listName = (id: string) =>
    id === taskListId() ? undefined : props.lists.find((list) => list.id === id && !list.inbox)?.title;

  createEffect(
    on(listing, (now) => {
      selection.clear();
      if (!now) return;
      if (now.isFirst()) void now.reload();
      else now.touch();
    }),
  );
  createEffect(
    on(
      () => props.visits,
      () => listing()?.touch(),
      { defer: true },
    ),
  );

  // What has changed may belong elsewhere now, in an order that only the server knows.
  createEffect(
    on(
      store.orders,
      () => {
        const timer = setTimeout(() => listing()?.touch(), REORDER_DELAY);
        onCleanup(() => clearTimeout(timer));
      },
      { defer: true },
    ),
  );

  const look = (view: Partial<View>) =>
    navigate(addressOf(props.place) + searchOf({ ...props.view, ...view }), { replace: true, scroll: false });
  const onAdd = async (typed: NewTask) => {
    const now = listing();
    const { id, done } = add(store, withPlace(typed, props.place, taskListId()));
    // The key is painted first: a list of thousands takes a moment longer.
    requestAnimationFrame(() => setTimeout(() => now?.add(id)));
    const outcome = await done;
    if (outcome === "refused") now?.remove(id);
    return outcome;
  };
  const withTask = (work: (task: Task) => void) => (id: string) => {
    const task = store.get(id);
    if (task) work(task);
  };
  const onPlace = (id: string, neighbour: string, behind: boolean) =>
    withTask((task) => {
      if (!isByHand() || id === neighbour) return;
      listing()?.place(id, neighbour, behind);
      const place = { case: behind ? "afterTaskId" : "beforeTaskId", value: neighbour } as const;
      void move(store, task, { place }).then((moved) => {
        if (!moved) void listing()?.reload();
      });
    })(id);
  const onMove = (id: string, by: -1 | 1) => {
    const neighbour = ids()[ids().indexOf(id) + by];
    if (!neighbour) return;
    onPlace(id, neighbour, by > 0);
    selection.walkTo(ids().indexOf(id));
  };

  const bringBack = async (task: Task) => {
    // What went there with it comes back with it.
    if (await restore(store, task)) listing()?.touch();
  };
  const [focusQuickAdd, setFocusQuickAdd] = createSignal<() => void>();
  offerTaskCommands(store, {
    selection,
    ids,
    isTrash: () => props.place.at === "trash",
    isByHand,
    onMove,
    quickAdd: () => focusQuickAdd()?.(),
    showDone: () => look({ done: !props.view.done }),
    open: () => props.open,
  });
  const drags = () => (isByHand() ? onPlace : undefined);
  let section!: HTMLElement;
  // Dragging is not needed before somebody has seen something to drag.
  onMount(() => {
    let stop: (() => void) | undefined;
    const timer = setTimeout(() => {
      void import("./drag.js").then(({ letDrag }) => {
        if (section.isConnected)
          stop = letDrag(section, { store, ids, selection, drags, lists: () => props.lists });
      });
    }, 1_000);
    onCleanup(() => {
      clearTimeout(timer);
      stop?.();
    });
  });

  const nothingHere = () => (
    <NothingHere
      place={props.place}
      narrowed={isNarrowed(props.view)}
      onClear={() => look({ q: "", priority: "", due: "", label: "", filter: "" })}
    />
  );
  return (
    <section ref={section} class="tasks-view" aria-label={titleOf(props.place, props.lists)}>
      <ViewHead
        place={props.place}
        view={props.view}
        lists={props.lists}
        selecting={selection.isOn()}
        onLook={look}
        onSelect={() => selection.toggle()}
      />
      <Show
        when={props.place.at !== "trash"}
        fallback={
          <Suspense>
            <TrashHead listing={listing()} ids={ids()} />
          </Suspense>
        }
      >
        <QuickAdd lists={props.lists} onAdd={onAdd} onReady={(focus) => setFocusQuickAdd(() => focus)} />
      </Show>
      <Show
        when={listing()}
        fallback={
          <Show when={props.listsKnown} fallback={<Skeleton lines={6} />}>
            {nothingHere()}
          </Show>
        }
        keyed
      >
        {(now) => (
          <Show
            when={ids().length > 0}
            fallback={
              <Show when={now.error() === undefined} fallback={<ViewTrouble listing={now} />}>
                <Show when={!now.isFirst() && now.isComplete()} fallback={<Skeleton lines={6} />}>
                  {nothingHere()}
                </Show>
              </Show>
            }
          >
            <TaskRows
              listing={now}
              ids={ids()}
              selection={selection}
              open={props.open}
              byHand={isByHand()}
              heading={headingsOf(store, props.place, props.view)}
              listName={listName}
              trash={props.place.at === "trash"}
              onTick={withTask((task) => void (task.deleteTime ? bringBack(task) : toggle(store, task)))}
              onMove={onMove}
              onRange={(from, to) => void now.view(from, to)}
            />
          </Show>
        )}
      </Show>
      <Show when={selection.isOn()}>
        <Suspense>
          <BulkBar selection={selection} ids={ids()} lists={props.lists} trash={props.place.at === "trash"} />
        </Suspense>
      </Show>
    </section>
  );
}

/** What is added in a place is seen in it, unless it says otherwise itself. */
function withPlace(task: NewTask, place: Place, taskListId: string): NewTask {
  const labels = task.labels ?? [];
  return {
    ...task,
    taskListId: task.taskListId ?? taskListId,
    ...(place.at === "label" && !labels.includes(place.label) && { labels: [...labels, place.label] }),
    ...(!task.due && place.at === "today" && { due: taskTime(today()) }),
    ...(!task.due && place.at === "upcoming" && { due: taskTime(dayAfter(today(), 1)) }),
  };
}
