import { createWindowVirtualizer } from "@tanstack/solid-virtual";
import {
  batch,
  createComputed,
  createEffect,
  createMemo,
  createSelector,
  createSignal,
  For,
  on,
  onCleanup,
  onMount,
  Show,
} from "solid-js";
import { Trouble } from "../design/pieces.jsx";
import type { Listing } from "./listing.js";
import type { Selection } from "./selection.js";
import { useTasks } from "./context.js";
import { TaskRow } from "./TaskRow.jsx";

/** How many rows are put up, measured and taken away together. */
const CHUNK = 5;
/** What a row is taken to be high until it is measured, in pixels. */
const ROW = 46;
/** How many rows further than what is seen are fetched. */
const AHEAD = 600;

export type RowsProps = {
  listing: Listing;
  /** The ids that are shown, in order. */
  ids: readonly string[];
  selection: Selection;
  open: string | undefined;
  /** Whether the order is the person's own, to be changed by dragging. */
  byHand: boolean;
  /** What stands above a row, behind the one before it; undefined where nothing ever does. */
  heading: ((id: string, before: string | undefined) => string | undefined) | undefined;
  listName: (taskListId: string) => string | undefined;
  /** Whether tasks are restored rather than completed. */
  trash: boolean;
  onTick: (id: string) => void;
  onMove: (id: string, by: -1 | 1) => void;
  /** The place of what is looked at, for renewing it. */
  onRange: (from: number, to: number) => void;
};

/** Tasks under one another: as many as there are, and no more in the page than are seen. */
export function TaskRows(props: RowsProps) {
  const store = useTasks();
  let root!: HTMLDivElement;
  const [top, setTop] = createSignal(0);
  const chunk = (index: number) => props.ids.slice(index * CHUNK, (index + 1) * CHUNK);
  const virtual = createWindowVirtualizer<HTMLDivElement>({
    get count() {
      return Math.ceil(props.ids.length / CHUNK);
    },
    estimateSize: () => CHUNK * ROW,
    overscan: 3,
    get scrollMargin() {
      return top();
    },
  });
  const isCurrent = createSelector(() => props.selection.current());
  const isOpen = createSelector(() => props.open);
  const pressing = createMemo(() => (props.selection.isOn() ? "pick" : props.trash ? "restore" : "tick"));

  // All that came together is measured together: what one measure moves would be laid out again for the next.
  let unmeasured: HTMLDivElement[] = [];
  const measure = (chunk: HTMLDivElement) => {
    unmeasured.push(chunk);
    if (unmeasured.length > 1) return;
    queueMicrotask(() => {
      const now = unmeasured;
      unmeasured = [];
      batch(() => now.forEach((one) => virtual.measureElement(one)));
    });
  };

  onMount(() => {
    const locate = () => setTop(root.getBoundingClientRect().top + scrollY);
    const observer = new ResizeObserver(locate);
    observer.observe(document.body);
    locate();
    onCleanup(() => observer.disconnect());
  });
  createEffect(() => {
    const seen = virtual.getVirtualItems();
    const from = (seen[0]?.index ?? 0) * CHUNK;
    const to = ((seen.at(-1)?.index ?? 0) + 1) * CHUNK;
    props.onRange(from, to);
    if (props.ids.length < to + AHEAD && !props.listing.isComplete()) void props.listing.loadMore();
  });
  // Who is at a row goes with it to another place; when it has left the view, the one in its place has the focus.
  let wasHere = false;
  createComputed(
    on(
      () => props.ids,
      () => (wasHere = root.contains(document.activeElement)),
      { defer: true },
    ),
  );
  createEffect(
    on(
      () => props.ids,
      () => {
        const next = props.selection.follow();
        if (wasHere && next && document.activeElement === document.body) setTimeout(() => focus(next));
      },
    ),
  );

  const focus = (id: string, tries = 10) => {
    props.selection.setCurrent(id);
    const link = root.querySelector<HTMLElement>(`[data-id="${id}"] a`);
    if (link) link.focus();
    else if (tries > 0) {
      virtual.scrollToIndex(Math.floor(props.ids.indexOf(id) / CHUNK), { align: "center" });
      requestAnimationFrame(() => focus(id, tries - 1));
    }
  };
  props.selection.onWalk(focus);

  const onClick = (event: MouseEvent) => {
    const target = event.target as Element;
    const id = target.closest<HTMLElement>("[data-id]")?.dataset.id;
    const what = target.closest<HTMLElement>("[data-do]")?.dataset.do;
    if (!id) return;
    props.selection.setCurrent(id);
    if (event.shiftKey) props.selection.pickTo(id);
    else if (event.ctrlKey || event.metaKey || what === "pick") props.selection.pick(id);
    else if (what === "tick" || what === "restore") props.onTick(id);
    else return;
    event.preventDefault();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key] as -1 | 1 | undefined;
    if (!id || event.ctrlKey || event.metaKey) return;
    if (by && event.altKey) props.onMove(id, by);
    else if (by && event.shiftKey) props.selection.pickBy(by);
    else if (by) props.selection.walk(by);
    else if (event.key === "Home") props.selection.walkTo(0);
    else if (event.key === "End") props.selection.walkTo(props.ids.length - 1);
    else return;
    event.preventDefault();
  };
  const onFocusIn = (event: FocusEvent) => {
    const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset.id;
    if (id) props.selection.setCurrent(id);
  };

  return (
    <>
      <div
        ref={root}
        class="rows"
        classList={{ "rows-by-hand": props.byHand }}
        role="list"
        aria-label="Tasks"
        on:click={onClick}
        onKeyDown={onKeyDown}
        onFocusIn={onFocusIn}
        style={{ height: `${virtual.getTotalSize()}px` }}
      >
        <For each={virtual.getVirtualItems()}>
          {(item) => (
            <div
              ref={measure}
              class="rows-chunk"
              role="presentation"
              data-index={item.index}
              style={{ top: `${item.start - top()}px` }}
            >
              <For each={chunk(item.index)}>
                {(id, index) => (
                  <Show when={store.get(id)}>
                    {(task) => (
                      <>
                        {props.heading && (
                          <Heading words={props.heading(id, props.ids[item.index * CHUNK + index() - 1])} />
                        )}
                        <TaskRow
                          task={task()}
                          current={isCurrent(id)}
                          selected={props.selection.has(id)}
                          pressing={pressing()}
                          open={isOpen(id)}
                          list={props.listName(task().taskListId)}
                        />
                      </>
                    )}
                  </Show>
                )}
              </For>
            </div>
          )}
        </For>
      </div>
      <Show when={!props.listing.isFirst() && props.listing.error() !== undefined}>
        <Trouble error={props.listing.error()} again={() => void props.listing.reload()} />
      </Show>
    </>
  );
}

function Heading(props: { words: string | undefined }) {
  return (
    <Show when={props.words}>
      {(words) => (
        <div class="rows-heading" role="listitem">
          <h2>{words()}</h2>
        </div>
      )}
    </Show>
  );
}
