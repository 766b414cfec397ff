import { toast } from "../design/toast.jsx";
import { failureOf, isCancelled } from "../errors/failure.js";
import { explain } from "../errors/words.js";
import { callOf, intoTrash, learnFrom, movePatch, outOfTrash, patchOf, type Fields } from "./actions.js";
import { takeIn } from "./changes.js";
import type { Patch, TaskStore } from "./store.js";
import type { Task, TaskMessage } from "./task.js";

/** How many tasks the server takes in one batch. */
const BATCH = 100;
/** How many calls are under way at once where each task needs its own. */
const AT_ONCE = 4;

/** A task that stayed as it was, and why. */
export type Failure = { title: string; why: string };

/** Changes fields of many tasks, a batch at a time: all of a batch or none. */
export function updateMany(
  store: TaskStore,
  tasks: readonly Task[],
  fields: (task: Task) => Partial<Fields>,
) {
  return inBatches(
    store,
    tasks,
    (task) => (shown) => ({ ...shown, ...fields(task) }),
    async (batch) => {
      const requests = batch.map((task) => {
        const changed = fields(task);
        const { id } = task;
        return {
          task: { id, etag: store.latest(task.etag), ...changed },
          updateMask: { paths: Object.keys(changed) },
        };
      });
      return (await store.person.tasks.batchUpdateTasks({ requests })).tasks;
    },
  );
}

/** Puts many tasks into the trash, a batch at a time. */
export function deleteMany(store: TaskStore, tasks: readonly Task[]) {
  return inBatches(
    store,
    tasks,
    () => intoTrash,
    async (batch) => {
      const requests = batch.map(({ id, etag }) => ({ taskId: id, etag: store.latest(etag) }));
      return (await store.person.tasks.batchDeleteTasks({ requests })).tasks;
    },
  );
}

/** Completes many tasks, one call each. */
export function completeMany(store: TaskStore, tasks: readonly Task[]) {
  return oneByOne(store, tasks, patchOf("complete"), (task, etag) =>
    callOf(store, "complete", task.id, etag),
  );
}

/** Takes many tasks up again, one call each. */
export function reopenMany(store: TaskStore, tasks: readonly Task[]) {
  return oneByOne(store, tasks, patchOf("reopen"), (task, etag) => callOf(store, "reopen", task.id, etag));
}

/** Moves many tasks to the end of a list, one call each and in their order. */
export function moveMany(store: TaskStore, tasks: readonly Task[], taskListId: string) {
  return oneByOne(
    store,
    tasks,
    movePatch({ taskListId }),
    (task, etag) => store.person.tasks.moveTask({ taskId: task.id, taskListId, etag }),
    1,
  );
}

/** Takes many tasks out of the trash, one call each. */
export function restoreMany(store: TaskStore, tasks: readonly Task[]) {
  return oneByOne(store, tasks, outOfTrash, (task, etag) =>
    store.person.tasks.undeleteTask({ taskId: task.id, etag }),
  );
}

/** Removes many tasks of the trash for good, a batch at a time. */
export async function purgeMany(store: TaskStore, tasks: readonly Task[]): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const batch of batches(tasks)) {
    const taskIds = batch.map(({ id }) => id);
    try {
      await store.person.tasks.purgeTasks({ taskIds });
      takeIn(store, { purged: taskIds });
    } catch (error) {
      failures.push(...failuresOf(batch, error));
    }
  }
  return failures;
}

/** Says how it went: in one sentence, or by name for each task that stayed as it was. */
export function sayResult(done: string, count: number, failures: readonly Failure[]): void {
  if (failures.length === 0) {
    toast({ text: `${count === 1 ? "One task was" : `${count} tasks were`} ${done}.` });
    return;
  }
  const named = failures.slice(0, 5).map(({ title, why }) => `“${title}”: ${why}`);
  const more = failures.length > named.length ? ` And ${failures.length - named.length} more.` : "";
  toast({
    text: `${failures.length} of ${count} were not ${done}. ${named.join(" ")}${more}`,
    tone: "bad",
    stay: 0,
  });
}

async function inBatches(
  store: TaskStore,
  tasks: readonly Task[],
  patch: (task: Task) => Patch,
  call: (batch: readonly Task[]) => Promise<TaskMessage[]>,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const batch of batches(tasks)) {
    const patches = new Map(batch.map((task) => [task.id, patch(task)]));
    try {
      await store.changeAll(patches, async () => {
        const before = batch.map(({ etag }) => store.latest(etag));
        const answers = await call(batch);
        answers.forEach((task, index) => store.link(before[index] ?? "", task.etag));
        takeIn(store, { tasks: answers });
      });
    } catch (error) {
      const cause = causeOf(batch, error);
      if (cause) void learnFrom(store, cause.id, error);
      failures.push(...failuresOf(batch, error));
    }
  }
  return failures;
}

async function oneByOne(
  store: TaskStore,
  tasks: readonly Task[],
  patch: Patch,
  call: (task: Task, etag: string) => Promise<{ task?: TaskMessage | undefined }>,
  atOnce = AT_ONCE,
): Promise<Failure[]> {
  const failures: Failure[] = [];
  const rest = [...tasks];
  const worker = async () => {
    for (let task = rest.shift(); task; task = rest.shift()) {
      const { id, etag, title } = task;
      const now = task;
      try {
        await store.change(id, etag, patch, async (latest) => (await call(now, latest)).task);
      } catch (error) {
        if (isCancelled(error)) continue;
        failures.push({ title, why: explain(error).what });
        void learnFrom(store, id, error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return failures;
}

/** A batch fails as a whole: the one that caused it is named, and the others with it. */
function failuresOf(batch: readonly Task[], error: unknown): Failure[] {
  if (isCancelled(error)) return [];
  const { what } = explain(error);
  const cause = causeOf(batch, error);
  if (!cause) return batch.map(({ title }) => ({ title, why: what }));
  const others = batch.filter((task) => task !== cause);
  return [
    { title: cause.title, why: what },
    ...others.map(({ title }) => ({ title, why: "It was left as it was, with the one before." })),
  ];
}

function causeOf(batch: readonly Task[], error: unknown): Task | undefined {
  const { index } = failureOf(error).metadata;
  return index === undefined ? undefined : batch[Number(index)];
}

function batches(tasks: readonly Task[]): (readonly Task[])[] {
  return Array.from({ length: Math.ceil(tasks.length / BATCH) }, (_, index) =>
    tasks.slice(index * BATCH, (index + 1) * BATCH),
  );
}
