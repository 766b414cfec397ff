import { create } from "@bufbuild/protobuf";
import { toastFailure } from "../design/toast.jsx";
import { isRefusal } from "../errors/failure.js";
import { mayHaveHappened } from "../errors/words.js";
import {
  State,
  TaskSchema,
  type MoveTaskRequest,
  type TaskTime,
} from "../gen/duet/task/v1/task_service_pb.js";
import { takeIn } from "./changes.js";
import { askConflict } from "./conflicts.js";
import { newId } from "./ids.js";
import type { Patch, TaskStore } from "./store.js";
import { isDone, taskOf, type Task, type TaskMessage } from "./task.js";
import { offerUndo } from "./undo.js";

/** The fields of a task that a person writes, and by which name the server knows them. */
export type Fields = Pick<Task, "title" | "notes" | "priority" | "labels"> & {
  start?: TaskTime | undefined;
  due?: TaskTime | undefined;
};
export type FieldName = keyof Fields;
/** What a task is made from. */
export type NewTask = Partial<Fields> & { title: string; taskListId?: string; parentId?: string };

export type Change = {
  /** Behind the task's title, if it fails: `was not completed`. */
  failed: string;
  patch: Patch;
  call: (etag: string, requestId: string) => Promise<{ task?: TaskMessage | undefined }>;
};

/** A step of a task's state. */
type Step = "start" | "complete" | "reopen" | "cancel";

const steps = {
  start: { state: State.IN_PROCESS, failed: "was not started" },
  complete: { state: State.COMPLETED, failed: "was not completed" },
  reopen: { state: State.NEEDS_ACTION, failed: "was not taken up again" },
  cancel: { state: State.CANCELLED, failed: "was not cancelled" },
} as const;

const newRequestId = () => crypto.randomUUID() as string;

/** The call of a step, for one task. */
export function callOf(
  store: TaskStore,
  step: Step,
  taskId: string,
  etag: string,
  requestId = newRequestId(),
) {
  const { tasks } = store.person;
  if (step === "start") return tasks.startTask({ taskId, etag, requestId });
  if (step === "complete") return tasks.completeTask({ taskId, etag, requestId });
  if (step === "reopen") return tasks.reopenTask({ taskId, etag, requestId });
  return tasks.cancelTask({ taskId, etag, requestId });
}

/** What a step shows. */
export function patchOf(step: Step): Patch {
  return (task) => ({ ...task, state: steps[step].state });
}

/** Makes a change, shown at once; says so if it fails, and asks if it was made to another version. */
export async function make(
  store: TaskStore,
  task: Task,
  change: Change,
  requestId = newRequestId(),
): Promise<Task | undefined> {
  try {
    return await store.change(
      task.id,
      task.etag,
      change.patch,
      async (etag) => (await change.call(etag, requestId)).task,
    );
  } catch (error) {
    await settle(store, task, change, error, requestId);
    return undefined;
  }
}

async function settle(
  store: TaskStore,
  task: Task,
  change: Change,
  error: unknown,
  requestId: string,
): Promise<void> {
  const theirs = await learnFrom(store, task.id, error);
  if (theirs && isRefusal(error, "task.duet", "ETAG_MISMATCH")) {
    if (await askConflict({ mine: change.patch(task), theirs, failed: change.failed })) {
      await make(store, theirs, change);
    }
    return;
  }
  // If it did happen, the same id gets the same answer; with another payload by now, it needs one of its own.
  const again = isRefusal(error, "task.duet", "REQUEST_ID_REUSED") ? newRequestId() : requestId;
  toastFailure(
    `“${shortened(task.title)}” ${change.failed}.`,
    error,
    () => void make(store, task, change, again),
  );
}

/** After a refusal because a task was changed or removed elsewhere: shows it as it is now, and answers it. */
export async function learnFrom(store: TaskStore, taskId: string, error: unknown): Promise<Task | undefined> {
  const isGone = isRefusal(error, "task.duet", "TASK_NOT_FOUND");
  if (!isGone && !isRefusal(error, "task.duet", "ETAG_MISMATCH", "INVALID_TRANSITION")) return undefined;
  const now = await look(store, taskId);
  if (!now && isGone) takeIn(store, { purged: [taskId] });
  return now;
}

/** Asks the server for a task as it is now. */
export async function look(store: TaskStore, taskId: string): Promise<Task | undefined> {
  const { task } = await store.person.tasks.getTask({ taskId }).catch(() => ({ task: undefined }));
  if (!task) return undefined;
  takeIn(store, { tasks: [task] });
  return taskOf(task);
}

/** Takes a step; answers the task after it. */
export function step(store: TaskStore, task: Task, which: Step): Promise<Task | undefined> {
  return make(store, task, {
    failed: steps[which].failed,
    patch: patchOf(which),
    call: (etag, requestId) => callOf(store, which, task.id, etag, requestId),
  });
}

/** Completes what is open and takes up again what is done, with a way back to the state it had. */
export async function toggle(store: TaskStore, task: Task): Promise<void> {
  const was = task.state;
  const which = isDone(task) ? "reopen" : "complete";
  const after = step(store, task, which);
  const undo = offerUndo(which === "complete" ? "Completed." : "Taken up again.", async () => {
    const changed = await after;
    if (changed) await back(store, changed, was);
  });
  if (!(await after)) undo();
}

async function back(store: TaskStore, task: Task, was: State): Promise<void> {
  if (was === State.COMPLETED) await step(store, task, "complete");
  else if (was === State.CANCELLED) await step(store, task, "cancel");
  else {
    const open = await step(store, task, "reopen");
    if (open && was === State.IN_PROCESS) await step(store, open, "start");
  }
}

/** Puts a task into the trash, with a way back. Answers whether it went there. */
export async function remove(store: TaskStore, task: Task): Promise<boolean> {
  const after = make(store, task, {
    failed: "was not deleted",
    patch: intoTrash,
    call: (etag, requestId) => store.person.tasks.deleteTask({ taskId: task.id, etag, requestId }),
  });
  const undo = offerUndo("In the trash.", async () => {
    const deleted = await after;
    if (deleted) await restore(store, deleted);
  });
  if (await after) return true;
  undo();
  return false;
}

/** What a deleted task shows. */
export const intoTrash: Patch = (shown) => ({ ...shown, deleteTime: Date.now() });

/** What a restored task shows. */
export const outOfTrash: Patch = (shown) => {
  const task = { ...shown };
  delete task.deleteTime;
  delete task.purgeTime;
  return task;
};

/** Takes a task out of the trash, and what went there with it. */
export function restore(store: TaskStore, task: Task): Promise<Task | undefined> {
  return make(store, task, {
    failed: "was not restored",
    patch: outOfTrash,
    call: (etag, requestId) => store.person.tasks.undeleteTask({ taskId: task.id, etag, requestId }),
  });
}

/** Where a task is to go; what is not named stays. */
export type Target = Partial<Pick<MoveTaskRequest, "taskListId" | "parentId" | "place">>;

/** Moves a task, and what is under it. */
export function move(store: TaskStore, task: Task, to: Target): Promise<Task | undefined> {
  return make(store, task, {
    failed: "was not moved",
    patch: movePatch(to),
    call: (etag, requestId) => store.person.tasks.moveTask({ taskId: task.id, etag, requestId, ...to }),
  });
}

/** What a move shows. */
export function movePatch(to: Target): Patch {
  return (shown) => ({
    ...shown,
    taskListId: to.taskListId ?? shown.taskListId,
    parentId: to.parentId ?? (to.taskListId ? "" : shown.parentId),
  });
}

export type Outcome = "taken" | "refused" | "unclear";

/**
 * Makes a task, shown before the server has it. Answers what became of it; where nobody knows, the person is offered
 * to ask for the same one again.
 */
export function add(store: TaskStore, fields: NewTask): { id: string; done: Promise<Outcome> } {
  const id = newId();
  const request = { task: fields, taskId: id, requestId: newRequestId() };
  const attempt = async (): Promise<Outcome> => {
    takeIn(store, { tasks: [create(TaskSchema, { state: State.NEEDS_ACTION, ...fields, id, etag: id })] });
    try {
      await store.change(
        id,
        id,
        (shown) => shown,
        async () => {
          const { task } = await store.person.tasks.createTask(request);
          if (task) takeIn(store, { tasks: [task] });
          return task;
        },
      );
      return "taken";
    } catch (error) {
      takeIn(store, { purged: [id] });
      const isUnclear = mayHaveHappened(error);
      toastFailure(
        `“${shortened(fields.title)}” was not added.`,
        error,
        isUnclear ? () => void attempt() : undefined,
      );
      return isUnclear ? "unclear" : "refused";
    }
  };
  return { id, done: attempt() };
}

/** A title as it fits into a sentence. */
export function shortened(title: string): string {
  return title.length > 60 ? `${title.slice(0, 59)}…` : title;
}
