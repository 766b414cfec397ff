import { draggable, dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { moveMany, sayResult } from "./bulk.js";
import type { Selection } from "./selection.js";
import type { TaskStore } from "./store.js";

type Drags = {
  store: TaskStore;
  ids: () => readonly string[];
  selection: Selection;
  /** Puts a task right before or behind another; undefined where the order is not the person's own. */
  drags: () => ((id: string, neighbour: string, behind: boolean) => void) | undefined;
  lists: () => readonly TaskList[];
};

/** Where a task would land: its neighbour, and on which side. */
type Landing = { row: HTMLElement; behind: boolean };

/**
 * Lets tasks be dragged to another place of their list, and to another list in the sidebar; those chosen go along. A row
 * is made draggable when it is pressed, so that thousands of them cost nothing. Answers how to end it.
 */
export function letDrag(view: HTMLElement, drags: Drags): () => void {
  const made = new WeakSet<Element>();
  view.addEventListener("pointerdown", (event) => {
    const row = (event.target as Element).closest<HTMLElement>(".row");
    if (!row || made.has(row)) return;
    made.add(row);
    draggable({
      element: row,
      getInitialData: () => ({ task: row.dataset.id ?? "" }),
      onDragStart: () => row.classList.add("row-dragged"),
      onDrop: () => row.classList.remove("row-dragged"),
    });
  });
  let landing: Landing | undefined;
  const mark = (next: Landing | undefined) => {
    landing?.row.classList.remove("row-drop-before", "row-drop-behind");
    landing = next;
    landing?.row.classList.add(landing.behind ? "row-drop-behind" : "row-drop-before");
  };
  const stopView = dropTargetForElements({
    element: view,
    canDrop: ({ source }) => typeof source.data.task === "string" && drags.drags() !== undefined,
    onDrag: ({ location }) => mark(landingAt(location.current.input)),
    onDragLeave: () => mark(undefined),
    onDrop: ({ source }) => {
      const neighbour = landing?.row.dataset.id;
      const behind = landing?.behind ?? false;
      mark(undefined);
      if (neighbour) drags.drags()?.(String(source.data.task), neighbour, behind);
    },
  });
  const sidebar = document.querySelector<HTMLElement>(".sidebar-wide");
  const stopSidebar = sidebar ? letDropOnLists(sidebar, drags) : undefined;
  return () => {
    stopView();
    stopSidebar?.();
  };
}

function letDropOnLists(sidebar: HTMLElement, drags: Drags): () => void {
  let over: HTMLElement | undefined;
  const mark = (next: HTMLElement | undefined) => {
    over?.classList.remove("nav-drop");
    over = next;
    over?.classList.add("nav-drop");
  };
  const listAt = ({ clientX, clientY }: Point) =>
    document
      .elementFromPoint(clientX, clientY)
      ?.closest<HTMLElement>("[data-drop-list], [data-drop-place]") ?? undefined;
  return dropTargetForElements({
    element: sidebar,
    canDrop: ({ source }) => typeof source.data.task === "string",
    onDrag: ({ location }) => mark(listAt(location.current.input)),
    onDragLeave: () => mark(undefined),
    onDrop: ({ source, location }) => {
      const target = listAt(location.current.input);
      mark(undefined);
      const inbox = drags.lists().find((list) => list.inbox)?.id;
      const taskListId = target?.dataset.dropList ?? (target && inbox);
      if (taskListId) void moveTo(drags, String(source.data.task), taskListId);
    },
  });
}

async function moveTo({ store, selection }: Drags, id: string, taskListId: string): Promise<void> {
  const chosen = selection.has(id) ? [...selection.picked()] : [id];
  const tasks = chosen.flatMap((one) => store.get(one) ?? []);
  selection.clear();
  sayResult("moved", tasks.length, await moveMany(store, tasks, taskListId));
}

type Point = { clientX: number; clientY: number };

function landingAt({ clientX, clientY }: Point): Landing | undefined {
  const row = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>(".row");
  if (!row) return undefined;
  const { top, height } = row.getBoundingClientRect();
  return { row, behind: clientY > top + height / 2 };
}
