import { createMemo } from "solid-js";
import { isRefusal } from "../errors/failure.js";
import { createSubmission } from "../errors/submission.js";
import type { TaskTime } from "../gen/duet/task/v1/task_service_pb.js";
import { createDraft } from "../sessions/draft.js";
import { look, type FieldName, type Fields } from "./actions.js";
import { askConflict } from "./conflicts.js";
import type { TaskStore } from "./store.js";
import type { Task } from "./task.js";

type Draft = {
  /** The version that the person was looking at when they began. */
  etag: string;
  fields: Partial<Fields>;
};

/**
 * What a person changes of a task until they save it. Fields that they leave alone follow the server; those that they
 * change are kept, and are saved only to the version that they saw, unless they choose so.
 */
export function createEdits(store: TaskStore, task: () => Task) {
  const [draft, setDraft, forget] = createDraft<Draft>(`task ${task().id}`, { etag: "", fields: {} });
  const shown = createMemo<Task>(() => ({ ...task(), ...draft().fields }));
  const differing = (fields: Partial<Fields>, from: Partial<Fields>) =>
    Object.fromEntries(
      Object.entries(fields).filter(([name, value]) => !same(from[name as FieldName], value)),
    ) as Partial<Fields>;
  const changed = () => Object.keys(differing(draft().fields, task())).length > 0;

  const set = (fields: Partial<Fields>) =>
    setDraft({ etag: draft().etag || task().etag, fields: { ...draft().fields, ...fields } });

  const save = async (etag: string, fields: Partial<Fields>): Promise<void> => {
    const { id } = task();
    const updateMask = { paths: Object.keys(fields) };
    try {
      await store.change(
        id,
        etag,
        (now) => ({ ...now, ...fields }),
        async (latest) => {
          const request = { task: { id, etag: latest, ...fields }, updateMask };
          return (await store.person.tasks.updateTask(request)).task;
        },
      );
    } catch (error) {
      if (!isRefusal(error, "task.duet", "ETAG_MISMATCH")) throw error;
      const theirs = await look(store, id);
      if (!theirs) throw error;
      const mine = await askConflict({ mine: { ...theirs, ...fields }, theirs, failed: "was not saved" });
      if (mine === false) forget();
      if (mine) await save(theirs.etag, fields);
      return;
    }
    // What was typed since it was sent is not saved yet.
    const typed = differing(draft().fields, fields);
    if (Object.keys(typed).length > 0) setDraft({ etag: task().etag, fields: typed });
    else forget();
  };
  const saving = createSubmission(async () => {
    const { title } = draft().fields;
    // Blanks are no name: of a title of nothing else, the server says that it is missing.
    if (title !== undefined && title !== title.trim()) set({ title: title.trim() });
    if (changed()) await save(draft().etag, differing(draft().fields, task()));
  });
  const discard = () => {
    forget();
    saving.clear();
  };
  return { shown, changed, set, saving, discard };
}

function same(one: Fields[FieldName], other: Fields[FieldName]): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.join("\n") === other.join("\n");
  if (isTime(one) && isTime(other)) {
    return one.date === other.date && one.timeOfDay === other.timeOfDay && one.timeZone === other.timeZone;
  }
  return one === other;
}

function isTime(value: unknown): value is TaskTime {
  return typeof value === "object" && value !== null && "date" in value;
}
