import { createEffect, createSignal, on, onCleanup } from "solid-js";
import { toastFailure } from "../design/toast.jsx";
import { Finder } from "../design/Finder.jsx";
import { Icon } from "../design/Icon.jsx";
import { shortened } from "./actions.js";
import { takeIn } from "./changes.js";
import { useTasks } from "./context.js";
import { quoted } from "./filter.js";
import { askParent, putUnder } from "./parents.js";
import { taskOf, type Task } from "./task.js";

/** How long after a key its text is looked for, in milliseconds. */
const DELAY = 150;
/** How many tasks are offered at once. */
const MOST = 20;

/** Finds the task of the same list that a task is to be under. */
export default function ParentDialog(props: { task: Task }) {
  const store = useTasks();
  const [typed, setTyped] = createSignal("");
  const [found, setFound] = createSignal<readonly Task[]>();
  const isOffered = ({ id, parentId }: Task) =>
    id !== props.task.id && id !== props.task.parentId && parentId !== props.task.id;
  const find = async (text: string, signal: AbortSignal) => {
    const filter = ["NOT state = COMPLETED", "NOT state = CANCELLED"];
    if (text) filter.push(`title:${quoted(text)}`);
    try {
      const { tasks } = await store.person.tasks.listTasks(
        {
          taskListId: props.task.taskListId,
          filter: filter.join(" AND "),
          orderBy: "update_time desc",
          pageSize: MOST,
        },
        { signal },
      );
      takeIn(store, { tasks });
      setFound(tasks.map(taskOf).filter(isOffered));
    } catch (error) {
      if (!signal.aborted) toastFailure("Nothing was looked for.", error);
    }
  };
  createEffect(
    on(typed, (text) => {
      const over = new AbortController();
      const timer = setTimeout(() => void find(text.trim(), over.signal), text ? DELAY : 0);
      onCleanup(() => {
        clearTimeout(timer);
        over.abort();
      });
    }),
  );
  return (
    <Finder
      title={`Put “${shortened(props.task.title)}” under…`}
      list="Tasks of this list"
      found={found() ?? []}
      nothing={found() && "No other task of this list is called that."}
      onType={setTyped}
      onPick={({ id }) => {
        askParent(undefined);
        void putUnder(store, props.task, id);
      }}
      onClose={() => askParent(undefined)}
    >
      {(task) => (
        <>
          <Icon name="right" />
          <span>{task.title}</span>
        </>
      )}
    </Finder>
  );
}
