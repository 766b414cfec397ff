import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import { listsKey } from "./lists.js";
import type { TaskStore } from "./store.js";
import type { TaskMessage } from "./task.js";

/** What has become known of a person's tasks and lists. */
export type Changes = {
  tasks?: readonly TaskMessage[];
  /** Tasks that are gone for good. */
  purged?: readonly string[];
  lists?: readonly TaskList[];
};

/**
 * The one place where news of the server enters what the page knows, whoever asked for it. A stream of changes will end
 * here; today it is answers, and what is in view is asked for again when the person comes back to the page.
 */
export function takeIn(store: TaskStore, changes: Changes): void {
  if (changes.tasks) {
    store.learn(changes.tasks);
    meetLists(store, changes.tasks);
  }
  if (changes.purged) store.forget(changes.purged);
  if (changes.lists) {
    const news = new Map(changes.lists.map((list) => [list.id, list]));
    store.person.queries.setQueryData<TaskList[]>(
      listsKey,
      (known) =>
        known &&
        [...known.filter(({ id }) => !news.has(id)), ...news.values()]
          .filter(({ deleteTime }) => !deleteTime)
          .sort(byPosition),
    );
  }
}

/** The inbox is made with the first task in it, and any list may have been made elsewhere. */
function meetLists({ person }: TaskStore, tasks: readonly TaskMessage[]): void {
  const known = person.queries.getQueryData<TaskList[]>(listsKey);
  if (!known) return;
  const ids = new Set(["", ...known.map(({ id }) => id)]);
  const isUnknown = ({ taskListId, deleteTime }: TaskMessage) => !deleteTime && !ids.has(taskListId);
  if (tasks.some(isUnknown)) void person.queries.invalidateQueries({ queryKey: listsKey });
}

function byPosition(one: TaskList, other: TaskList): number {
  if (one.position !== other.position) return one.position < other.position ? -1 : 1;
  return one.id < other.id ? -1 : 1;
}
