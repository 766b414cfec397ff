import { createEffect, createMemo, createSignal, For, on, Show, untrack } from "solid-js";
import { Button, IconButton } from "../design/Button.jsx";
import { Icon } from "../design/Icon.jsx";
import { Trouble } from "../design/pieces.jsx";
import { add, move, toggle } from "./actions.js";
import { useTasks } from "./context.js";
import { quoted } from "./filter.js";
import { listingOf } from "./listings.js";
import { isDone, type Task } from "./task.js";

/** The tasks right under a task. */
export function Subtasks(props: { task: Task }) {
  const store = useTasks();
  const [typed, setTyped] = createSignal("");
  const listing = createMemo(
    on(
      () => props.task.id,
      (id) =>
        listingOf(store, {
          taskListId: "",
          filter: `parent_id = ${quoted(id)}`,
          orderBy: "",
          showDeleted: false,
        }),
    ),
  );
  createEffect(on(listing, (now) => void now.reload()));
  // A task may have been put under this one, from wherever.
  createEffect(on(store.orders, () => listing().touch(), { defer: true }));
  const tasks = createMemo(() => {
    store.belongings();
    return listing()
      .ids()
      .filter((id) => {
        const task = untrack(() => store.get(id));
        return task?.parentId === props.task.id && !task.deleteTime;
      });
  });
  const addTyped = () => {
    const title = typed().trim();
    if (!title) return;
    setTyped("");
    const { id, taskListId } = props.task;
    const added = add(store, { title, taskListId, parentId: id });
    const now = listing();
    now.add(added.id);
    void added.done.then((outcome) => {
      if (outcome !== "refused") return;
      now.remove(added.id);
      if (typed() === "") setTyped(title);
    });
  };
  const shift = (task: Task, by: -1 | 1) => {
    const neighbour = tasks()[tasks().indexOf(task.id) + by];
    if (!neighbour) return;
    listing().place(task.id, neighbour, by > 0);
    const place = { case: by > 0 ? "afterTaskId" : "beforeTaskId", value: neighbour } as const;
    void move(store, task, { place }).then((moved) => {
      if (!moved) void listing().reload();
    });
  };
  const done = () => tasks().filter((id) => isDone(store.get(id) ?? props.task)).length;
  return (
    <section class="subtasks" aria-label="Subtasks">
      <h2 class="label">
        Subtasks
        <Show when={tasks().length > 0}>
          <span class="soft numbers">
            {" "}
            {done()} of {tasks().length}
            {listing().isComplete() ? "" : "+"} done
          </span>
        </Show>
      </h2>
      <Show when={listing().error() !== undefined}>
        <Trouble error={listing().error()} again={() => void listing().reload()} />
      </Show>
      <ul>
        <For each={tasks()}>
          {(id, index) => (
            <Show when={store.get(id)}>
              {(task) => (
                <li class="subtask" classList={{ "row-done": isDone(task()) }}>
                  <button
                    type="button"
                    class="tick tick-none"
                    classList={{ "tick-on": isDone(task()) }}
                    role="checkbox"
                    aria-checked={isDone(task())}
                    aria-label={`Complete “${task().title}”`}
                    onClick={() => void toggle(store, task())}
                  >
                    <Icon name="check" />
                  </button>
                  <a class="row-title" href={`/tasks/${id}`} noScroll>
                    {task().title}
                  </a>
                  <Show when={index() > 0}>
                    <IconButton
                      icon="up"
                      label={`Move “${task().title}” up`}
                      onClick={() => shift(task(), -1)}
                    />
                  </Show>
                </li>
              )}
            </Show>
          )}
        </For>
      </ul>
      <Show when={!listing().isComplete() && !listing().isFirst()}>
        <Button look="quiet" onClick={() => void listing().loadMore()}>
          Show more
        </Button>
      </Show>
      <div class="subtask-add">
        <Icon name="plus" />
        <input
          aria-label="Add a subtask"
          placeholder="Add a subtask"
          autocomplete="off"
          maxlength="500"
          value={typed()}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            addTyped();
          }}
        />
      </div>
    </section>
  );
}
