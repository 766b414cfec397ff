import { createSignal } from "solid-js";
import { move, shortened } from "./actions.js";
import type { TaskStore } from "./store.js";
import type { Task } from "./task.js";
import { offerUndo } from "./undo.js";

const [placed, setPlaced] = createSignal<Task>();

/** The task that is to be put under another one, while that is looked for. */
export { placed };

/** Lets the person find the task that this one is to be under; undefined: no more. */
export const askParent = (task: Task | undefined) => setPlaced(task);

/** Makes a task a subtask of another one, or one of its own (an empty id), with a way back. */
export async function putUnder(store: TaskStore, task: Task, parentId: string): Promise<void> {
  const was = task.parentId;
  const after = move(store, task, { parentId });
  const parent = store.get(parentId);
  const where = parent ? `part of “${shortened(parent.title)}”` : "a task of its own";
  const undo = offerUndo(`“${shortened(task.title)}” is ${where}.`, async () => {
    const moved = await after;
    if (moved) await move(store, moved, { parentId: was });
  });
  if (!(await after)) undo();
}
