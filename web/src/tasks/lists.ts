import { useQuery } from "@tanstack/solid-query";
import { toast, toastFailure } from "../design/toast.jsx";
import type { TaskList } from "../gen/duet/task/v1/task_list_service_pb.js";
import type { Person } from "../sessions/person.js";
import { takeIn } from "./changes.js";
import type { TaskStore } from "./store.js";
import { offerUndo } from "./undo.js";

/** Under what the lists are kept, in order, without those in the trash. */
export const listsKey = ["task-lists"];
/** Those in the trash. */
export const deletedListsKey = ["deleted-lists"];

/** How many lists are fetched at once. */
const PAGE_SIZE = 200;

/** The person's lists; empty until they are known. */
export function useLists(person: Person) {
  const query = useQuery(() => ({
    queryKey: listsKey,
    queryFn: ({ signal }) => fetchLists(person, false, signal),
  }));
  return { query, lists: () => (query.isSuccess ? query.data : []) };
}

/** Every list; with those in the trash if `showDeleted`. */
export async function fetchLists(
  person: Person,
  showDeleted: boolean,
  signal: AbortSignal,
): Promise<TaskList[]> {
  const all: TaskList[] = [];
  let pageToken = "";
  do {
    const page = await person.taskLists.listTaskLists(
      { pageSize: PAGE_SIZE, pageToken, showDeleted },
      { signal },
    );
    all.push(...page.taskLists);
    pageToken = page.nextPageToken;
  } while (pageToken);
  return all;
}

/** Makes a list, and answers it. */
export async function createList(store: TaskStore, title: string): Promise<TaskList> {
  const { taskList } = await store.person.taskLists.createTaskList({ taskList: { title } });
  return taken(store, taskList);
}

/** Gives a list another name. */
export async function renameList(store: TaskStore, list: TaskList, title: string): Promise<void> {
  const { id, etag } = list;
  const { taskList } = await store.person.taskLists.updateTaskList({
    taskList: { id, etag, title },
    updateMask: { paths: ["title"] },
  });
  taken(store, taskList);
}

/** Moves a list up or down by one. */
export async function moveList(store: TaskStore, lists: readonly TaskList[], list: TaskList, by: -1 | 1) {
  const neighbour = lists[lists.findIndex(({ id }) => id === list.id) + by];
  if (!neighbour) return;
  const place =
    by < 0
      ? ({ case: "beforeTaskListId", value: neighbour.id } as const)
      : ({ case: "afterTaskListId", value: neighbour.id } as const);
  try {
    const answer = await store.person.taskLists.moveTaskList({ taskListId: list.id, place, etag: list.etag });
    taken(store, answer.taskList);
  } catch (error) {
    toastFailure(`“${list.title}” was not moved.`, error);
    void store.person.queries.invalidateQueries({ queryKey: listsKey });
  }
}

/** Puts a list into the trash, with a way back. Answers whether it went there. */
export async function deleteList(store: TaskStore, list: TaskList): Promise<boolean> {
  try {
    const answer = await store.person.taskLists.deleteTaskList({ taskListId: list.id, etag: list.etag });
    const deleted = taken(store, answer.taskList);
    void store.person.queries.invalidateQueries({ queryKey: deletedListsKey });
    offerUndo(`“${list.title}” is in the trash, with its tasks.`, () => restoreList(store, deleted));
    return true;
  } catch (error) {
    toastFailure(`“${list.title}” was not deleted.`, error);
    void store.person.queries.invalidateQueries({ queryKey: listsKey });
    return false;
  }
}

/** Takes a list out of the trash, with the tasks that went there with it. */
export async function restoreList(store: TaskStore, list: TaskList): Promise<void> {
  try {
    const answer = await store.person.taskLists.undeleteTaskList({ taskListId: list.id, etag: list.etag });
    taken(store, answer.taskList);
    toast({ text: `“${list.title}” is back.` });
  } catch (error) {
    toastFailure(`“${list.title}” was not restored.`, error);
  }
  void store.person.queries.invalidateQueries({ queryKey: deletedListsKey });
}

function taken(store: TaskStore, list: TaskList | undefined): TaskList {
  if (!list) throw new Error("the answer has no list");
  takeIn(store, { lists: [list] });
  return list;
}
